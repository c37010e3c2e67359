import Bytes
import JSONBytes

/// The JSON types that an operation's members take, from the service model. Checked only when reading a request went wrong, to find AWS's
/// exact SerializationException (reference `data-plane.md` 1.3).
indirect enum Shape: Sendable {
    case string
    case integer
    case long
    case double
    case boolean
    case blob
    case list(Shape)
    case map(Shape)
    case structure(String, [String: Shape])
    case attributeValue

    /// A map from attribute names to values.
    static let attributes = Shape.map(.attributeValue)

    private static let attributeValueMembers: [String: Shape] = [
        "S": .string, "N": .string, "B": .blob, "BOOL": .boolean, "NULL": .boolean, "SS": .list(.string),
        "NS": .list(.string), "BS": .list(.blob), "L": .list(.attributeValue), "M": .map(.attributeValue),
    ]

    /// Throws the text for the first value, in document order, whose JSON type does not fit.
    func check(_ document: JSONDocument, _ node: JSONDocument.Node, insideMap: Bool = false) throws(WireError) {
        if document.kind(node) == .null { return }
        switch self {
        case .list(let element): try checkList(element, document, node, insideMap: insideMap)
        case .map(let value): try checkMap(value, document, node, insideMap: insideMap)
        case .structure(let name, let members):
            try checkStructure(name, members, document, node, insideMap: insideMap)
        case .attributeValue:
            try checkStructure(
                "AttributeValue", Self.attributeValueMembers, document, node, insideMap: insideMap)
        case .string, .integer, .long, .double, .boolean, .blob: try checkScalar(document, node)
        }
    }

    private func checkList(
        _ element: Shape, _ document: JSONDocument, _ node: JSONDocument.Node, insideMap: Bool
    ) throws(WireError) {
        switch document.kind(node) {
        case .array:
            try document.forEachElement(of: node) { (child) throws(WireError) in try element.check(document, child) }
        case .object: throw .binding("Start of structure or map found where not expected")
        default: throw .binding(insideMap ? "Unexpected value type in payload" : "Unexpected field type")
        }
    }

    private func checkMap(
        _ value: Shape, _ document: JSONDocument, _ node: JSONDocument.Node, insideMap: Bool
    ) throws(WireError) {
        switch document.kind(node) {
        case .object:
            try document.forEachMember(of: node) { (_, child) throws(WireError) in
                try value.check(document, child, insideMap: true)
            }
        case .array:
            throw .binding("Unrecognized collection type java.util.Map<java.lang.String, \(value.javaName)>")
        default: throw .binding(insideMap ? "Unexpected value type in payload" : "Unexpected field type")
        }
    }

    private func checkStructure(
        _ name: String, _ members: [String: Shape], _ document: JSONDocument, _ node: JSONDocument.Node, insideMap: Bool
    ) throws(WireError) {
        switch document.kind(node) {
        case .object:
            try document.forEachMember(of: node) { (key, child) throws(WireError) in
                if let member = members[document.string(key)] { try member.check(document, child) }
            }
        case .array:
            throw .binding("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.\(name)")
        default: throw .binding(insideMap ? "Unexpected value type in payload" : "Unexpected field type")
        }
    }

    private func checkScalar(_ document: JSONDocument, _ node: JSONDocument.Node) throws(WireError) {
        switch document.kind(node) {
        case .object: throw .binding("Start of structure or map found where not expected")
        case .array:
            if case .blob = self { throw .binding("Unrecognized collection type class java.nio.ByteBuffer") }
            throw .binding("Unrecognized collection type class \(javaName)")
        case .string: try checkString(document, node)
        case .number: try checkNumber(document, node)
        case .booleanTrue: try checkBoolean("TRUE_VALUE")
        case .booleanFalse: try checkBoolean("FALSE_VALUE")
        case .null: break
        }
    }

    private func checkString(_ document: JSONDocument, _ node: JSONDocument.Node) throws(WireError) {
        switch self {
        case .blob:
            do {
                _ = try Base64.decode(document.stringBytes(node))
            } catch Base64Error.length(let count) {
                throw .binding("Base64 encoded length is expected a multiple of 4 bytes but found: \(count)")
            } catch Base64Error.unusedBits {
                throw .binding("Invalid last non-pad Base64 character dectected")
            } catch {
                throw .binding("Invalid Base64 character")
            }
        case .boolean:
            guard ["true", "yes", "1", "false", "no", "0"].contains(document.string(node).lowercased()) else {
                throw .binding("Unexpected token received from parser")
            }
        case .integer: throw .binding("STRING_VALUE cannot be converted to Integer")
        case .long: throw .binding("STRING_VALUE cannot be converted to Long")
        case .double: throw .binding("STRING_VALUE cannot be converted to Double")
        default: break
        }
    }

    private func checkNumber(_ document: JSONDocument, _ node: JSONDocument.Node) throws(WireError) {
        let isDecimal = document.withRawBytes(of: node) { bytes in
            bytes.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        }
        switch self {
        case .string: throw .binding("\(isDecimal ? "DECIMAL_VALUE" : "NUMBER_VALUE") cannot be converted to String")
        case .blob: throw .binding("only base-64-encoded strings are convertible to bytes")
        case .boolean: throw .binding("Unexpected token received from parser")
        default: break
        }
    }

    private func checkBoolean(_ token: String) throws(WireError) {
        switch self {
        case .string: throw .binding("\(token) cannot be converted to String")
        case .integer: throw .binding("\(token) cannot be converted to Integer")
        case .long: throw .binding("\(token) cannot be converted to Long")
        case .double: throw .binding("\(token) cannot be converted to Double")
        case .blob: throw .binding("only base-64-encoded strings are convertible to bytes")
        default: break
        }
    }

    private var javaName: String {
        switch self {
        case .string: "java.lang.String"
        case .integer: "java.lang.Integer"
        case .long: "java.lang.Long"
        case .double: "java.lang.Double"
        case .boolean: "java.lang.Boolean"
        case .blob: "java.nio.ByteBuffer"
        case .attributeValue: "com.amazonaws.dynamodb.v20120810.AttributeValue"
        case .structure(let name, _): "com.amazonaws.dynamodb.v20120810.\(name)"
        case .list(let element): "java.util.List<\(element.javaName)>"
        case .map(let value): "java.util.Map<java.lang.String, \(value.javaName)>"
        }
    }
}

extension WireError {
    static func binding(_ message: String) -> WireError { WireError(.serialization, message) }
}
