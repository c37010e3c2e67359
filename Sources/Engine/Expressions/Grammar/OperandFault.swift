import AttributeModel
import Bytes

/// What is wrong with a function or with the operands of an operator (reference `data-plane.md` 5.3).
enum OperandFault {
    case unknownFunction(String)
    case misusedFunction(String)
    case count(function: String, count: Int)
    case pathRequired(function: String)
    case type(operator: String, type: String)
    case updateType(operator: String, type: AttributeType)
    case attributeTypeName(Text)
    case notDistinct(operator: String, path: DocumentPath)
    case tooManyInOperands(count: Int)
    case betweenTypes(lower: AttributeValue, upper: AttributeValue)
    case betweenOrder(lower: AttributeValue, upper: AttributeValue)

    var text: String {
        switch self {
        case .unknownFunction(let name): "Invalid function name; function: \(name)"
        case .misusedFunction(let name):
            "The function is not allowed to be used this way in an expression; function: \(name)"
        case .count(let function, let count):
            "Incorrect number of operands for operator or function; "
                + "operator or function: \(function), number of operands: \(count)"
        case .pathRequired(let function):
            "Operator or function requires a document path; operator or function: \(function)"
        case .type(let name, let type):
            "Incorrect operand type for operator or function; operator or function: \(name), operand type: \(type)"
        case .updateType(let name, let type):
            "Incorrect operand type for operator or function; "
                + "operator: \(name), operand type: \(type.longName), typeSet: ALLOWED_FOR_\(name)_OPERAND"
        case .attributeTypeName(let name):
            "Invalid attribute type name found; type: \(name), valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
        case .notDistinct(let name, let path):
            "The first operand must be distinct from the remaining operands for this operator or function; "
                + "operator: \(name), first operand: \(path)"
        case .tooManyInOperands(let count):
            "The IN operator is provided with too many operands; number of operands: \(count)"
        case .betweenTypes(let lower, let upper):
            "The BETWEEN operator requires same data type for lower and upper bounds; \(boundsText(lower, upper))"
        case .betweenOrder(let lower, let upper):
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                + boundsText(lower, upper)
        }
    }

    private func boundsText(_ lower: AttributeValue, _ upper: AttributeValue) -> String {
        "lower bound operand: \(lower.boundText), upper bound operand: \(upper.boundText)"
    }
}

extension AttributeType {
    /// The name of the type in the texts about ADD and DELETE operands.
    fileprivate var longName: String {
        switch self {
        case .string: "STRING"
        case .number: "NUMBER"
        case .binary: "BINARY"
        case .boolean: "BOOLEAN"
        case .null: "NULL"
        case .list: "LIST"
        case .map: "MAP"
        case .stringSet: "STRING_SET"
        case .numberSet: "NUMBER_SET"
        case .binarySet: "BINARY_SET"
        }
    }
}

extension AttributeValue {
    /// A BETWEEN bound as error texts show it; bounds are strings, numbers or binaries.
    fileprivate var boundText: String {
        let content: String =
            switch self {
            case .string(let text): text.description
            case .number(let number): number.text
            case .binary(let bytes): Base64.encode(bytes)
            default: ""
            }
        return "AttributeValue: {\(type.rawValue):\(content)}"
    }
}
