import AttributeModel
import Bytes
import Expressions
import Testing

private let textsCases: [(String, String)] = [
    ("abort = :n", "Attribute name is a reserved keyword; reserved keyword: abort"),
    ("a.sIzE = :n", "Attribute name is a reserved keyword; reserved keyword: sIzE"),
    ("attribute_exists(a[0].Zone)", "Attribute name is a reserved keyword; reserved keyword: Zone"),
    (
        "#no = :n",
        "An expression attribute name used in the document path is not defined; attribute name: #no"
    ),
    (
        "a.#no = :n",
        "An expression attribute name used in the document path is not defined; attribute name: #no"
    ),
    ("a = :no", "An expression attribute value used in expression is not defined; attribute value: :no"),
    ("f(a)", "Invalid function name; function: f"),
    ("dog(a) = :n", "Invalid function name; function: dog"),
    ("a = f(b)", "Invalid function name; function: f"),
    (
        "size(a)",
        "The function is not allowed to be used this way in an expression; function: size"
    ),
    (
        "(size(a)) AND b = :n",
        "The function is not allowed to be used this way in an expression; function: size"
    ),
    (
        "attribute_exists(a) < :n",
        "The function is not allowed to be used this way in an expression; function: attribute_exists"
    ),
    (
        "a = contains(b, :s)",
        "The function is not allowed to be used this way in an expression; function: contains"
    ),
    (
        "size(begins_with(a, :s)) = :n",
        "The function is not allowed to be used this way in an expression; function: begins_with"
    ),
    (
        "a IN (:n, attribute_exists(b))",
        "The function is not allowed to be used this way in an expression; function: attribute_exists"
    ),
    (
        "if_not_exists(a, :n) = :n",
        "The function is not allowed to be used this way in an expression; function: if_not_exists"
    ),
    ("list_append(a, b)", "The function is not allowed to be used this way in an expression; function: list_append"),
    (
        "attribute_exists(a, b)",
        "Incorrect number of operands for operator or function; "
            + "operator or function: attribute_exists, number of operands: 2"
    ),
    (
        "begins_with(a)",
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1"
    ),
    (
        "size(a, a) = :n",
        "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2"
    ),
    (
        "attribute_exists(:n)",
        "Operator or function requires a document path; operator or function: attribute_exists"
    ),
    (
        "attribute_not_exists(size(a))",
        "Operator or function requires a document path; operator or function: attribute_not_exists"
    ),
    (
        "attribute_type(a, :DOG)",
        "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
    ),
    (
        "attribute_type(a, :n)",
        "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N"
    ),
    (
        "attribute_type(a, b)",
        "Incorrect operand type for operator or function; operator or function: attribute_type, "
            + "operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
    ),
    (
        "a = #a",
        "The first operand must be distinct from the remaining operands for this operator or function; "
            + "operator: =, first operand: [a]"
    ),
    (
        "contains(a.b[0], a.#b[0])",
        "The first operand must be distinct from the remaining operands for this operator or function; "
            + "operator: contains, first operand: [a, b, [0]]"
    ),
    (
        "a BETWEEN b AND a",
        "The first operand must be distinct from the remaining operands for this operator or function; "
            + "operator: BETWEEN, first operand: [a]"
    ),
    (
        "a IN (:n, a)",
        "The first operand must be distinct from the remaining operands for this operator or function; "
            + "operator: IN, first operand: [a]"
    ),
    (
        "a BETWEEN :s2 AND :n",
        "The BETWEEN operator requires same data type for lower and upper bounds; "
            + "lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {N:1}"
    ),
    (
        "a BETWEEN :n2 AND :n",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            + "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"
    ),
    (
        "a BETWEEN :b AND :b2",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            + "lower bound operand: AttributeValue: {B:AQI=}, upper bound operand: AttributeValue: {B:AA==}"
    ),
    ("((a = :n))", "The expression has redundant parentheses;"),
    ("((attribute_exists(a)))", "The expression has redundant parentheses;"),
    ("((a)) = :n", "The expression has redundant parentheses;"),
    ("a = ((:n))", "The expression has redundant parentheses;"),
    ("NOT ((a = :n))", "The expression has redundant parentheses;"),
    ("((a = :n) AND ((b = :n)))", "The expression has redundant parentheses;"),
    ("(((a = :n) AND b = :n))", "The expression has redundant parentheses;"),
    ("size(((a))) = :n", "The expression has redundant parentheses;"),
    ("a[99999999999999] = :n", "List index is not within the allowable range; index: [99999999999999]"),
    ("a[2147483648] = :n", "List index is not within the allowable range; index: [2147483648]"),
]

private let orderedOperandsCases: [(String, String)] = [
    (":l", "L"), (":m", "M"), (":t", "BOOL"), (":z", "NULL"), (":ss", "SS"), (":ns", "NS"), (":bs", "BS"),
]

private let beginsWithOperandsCases: [(String, String)] = [
    (":n", "N"), (":l", "L"), (":m", "M"), (":t", "BOOL"), (":z", "NULL"), (":ss", "SS"), ("size(b)", "N"),
]

private let sizeOperandsCases: [(String, String)] = [
    (":n", "N"), (":t", "BOOL"), (":z", "NULL"), ("size(a)", "N"),
]

private let prioritiesCases: [(String, String)] = [
    ("f(a) AND ((abort = :n)) AND size(a)", "The expression has redundant parentheses;"),
    ("size(a) AND abort = :no AND f(a)", "Invalid function name; function: f"),
    (
        "abort = :no AND size(a)",
        "The function is not allowed to be used this way in an expression; function: size"
    ),
    ("a = :no AND begins_with(abort)", "Attribute name is a reserved keyword; reserved keyword: abort"),
    (
        "begins_with(a) AND b = :no",
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1"
    ),
    (
        "begins_with(:no)",
        "An expression attribute value used in expression is not defined; attribute value: :no"
    ),
    (
        "contains(#no, :no)",
        "An expression attribute name used in the document path is not defined; attribute name: #no"
    ),
    (
        ":no = #no",
        "An expression attribute value used in expression is not defined; attribute value: :no"
    ),
    (
        "size(b, b) = size(:n)",
        "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2"
    ),
    (
        "a BETWEEN a AND :l",
        "The first operand must be distinct from the remaining operands for this operator or function; "
            + "operator: BETWEEN, first operand: [a]"
    ),
    (
        "a < :l AND b = :no",
        "Incorrect operand type for operator or function; operator or function: <, operand type: L"
    ),
    ("f(a) AND g(a)", "Invalid function name; function: f"),
    (
        "a BETWEEN :l AND :n",
        "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: L"
    ),
]

private let acceptedCases: [String] = [
    "a = :n", "a.b[0].#dot = :n", "#and = :n", "((a = :n) AND b = :n)", "(a = :n AND (b = :n))",
    "(a = :n) AND (b = :n)", "(a) = (:n)", "((a) = :n)", "((size(a)) > (:n))", "((attribute_exists(a)) AND b = :n)",
    "(NOT (a) = :n)", "(size(a)) > (:n)", "(attribute_exists(a))", "NOT (attribute_exists(a))",
    "NOT NOT NOT NOT a = :n", "NOT a = :n AND b = :n", "(NOT (a = :n))", "a BETWEEN b AND c",
    "a BETWEEN :n AND :n AND b = :n", ":n BETWEEN a AND b", "a IN (b)", "a IN (:n, :s, b, size(c))",
    ":n = :n", "size(a) = size(b)", "size(a) = size(a)", ":n IN (a)", "begins_with(:s, a)", "contains(:l, a)",
    "contains(a, size(b))", "attribute_type(:n, :N)", "attribute_type(a.b, :S)", "begins_with(a, :empty)",
    "a[2147483647] = :n", "a[007] = :n",
    "(((a = :n) AND b = :n) OR c = :n)",
]

@Suite("Faults of conditions")
struct ConditionErrorTests {
    @Test("texts", arguments: textsCases)
    func texts(text: String, detail: String) {
        #expect(conditionRefusal(text) == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal(text, .filter) == "Invalid FilterExpression: \(detail)")
        #expect(refusal { _ = try keyCondition(text) } == "Invalid KeyConditionExpression: \(detail)")
    }

    @Test("literals of a type without an order are refused", arguments: orderedOperandsCases)
    func orderedOperands(value: String, type: String) {
        for symbol in ["<", "<=", ">", ">="] {
            let detail =
                "Incorrect operand type for operator or function; operator or function: \(symbol), operand type: \(type)"
            #expect(conditionRefusal("a \(symbol) \(value)") == "Invalid ConditionExpression: \(detail)")
            #expect(conditionRefusal("\(value) \(symbol) a") == "Invalid ConditionExpression: \(detail)")
        }
        let detail =
            "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: \(type)"
        #expect(conditionRefusal("a BETWEEN \(value) AND \(value)") == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal("\(value) BETWEEN a AND b") == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal("a = \(value) AND a <> \(value) AND a IN (\(value), :n)") == nil)
    }

    @Test("begins_with takes strings and binaries", arguments: beginsWithOperandsCases)
    func beginsWithOperands(value: String, type: String) {
        let message =
            "Invalid ConditionExpression: Incorrect operand type for operator or function; "
            + "operator or function: begins_with, operand type: \(type)"
        #expect(conditionRefusal("begins_with(a, \(value))") == message)
        #expect(conditionRefusal("begins_with(\(value), a)") == message)
    }

    @Test("size takes no scalars but strings and binaries", arguments: sizeOperandsCases)
    func sizeOperands(value: String, type: String) {
        #expect(
            conditionRefusal("size(\(value)) = :n")
                == "Invalid ConditionExpression: Incorrect operand type for operator or function; "
                + "operator or function: size, operand type: \(type)")
        for accepted in [":s", ":b", ":l", ":m", ":ss", ":ns", ":bs"] {
            #expect(conditionRefusal("size(\(accepted)) = :n") == nil)
        }
    }

    /// Each text has the fault that must win and some of those behind it.
    @Test("priorities", arguments: prioritiesCases)
    func priorities(text: String, detail: String) {
        #expect(conditionRefusal(text) == "Invalid ConditionExpression: \(detail)")
    }

    @Test("accepted", arguments: acceptedCases)
    func accepted(text: String) {
        #expect(conditionRefusal(text) == nil)
    }

    @Test("every reserved word is refused as a raw name, and none of them as a placeholder's name")
    func reservedWords() throws {
        for word in ["ABORT", "zone", "Date", "LOCALTIMESTAMP", "corresponding", "BY", "values", "Name", "status"] {
            #expect(
                conditionRefusal("\(word) = :n")
                    == "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: \(word)")
            var placeholders = try ExpressionPlaceholders(names: [("#x", Text(word))], values: [(":n", n("1"))])
            let named = try ConditionExpression("#x = :n", purpose: .condition, placeholders: &placeholders)
            #expect(named.isSatisfied(by: item([Text(word): n("1")])))
        }
        for word in ["version", "pk", "names_", "LOCALTIMESTAMPS", "a_very_long_name_indeed", "ABORTS", "ZON"] {
            #expect(conditionRefusal("\(word) = :n") == nil)
        }
    }

    @Test("attributes are listed once, in order of appearance")
    func names() throws {
        let expression = try condition("b.c = :n OR attribute_exists(a) AND (b.d < c[1] OR contains(#and, size(a)))")
        #expect(expression.topLevelNames == ["b", "a", "c", "and"])
    }

    @Test("a key attribute is no document")
    func keyPaths() throws {
        let expression = try condition("a.x = :n AND b = :n AND c[0] = :n")
        let prefix =
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
        #expect(refusal { try expression.checkKeyPaths(["b", "c"], indexKeyNames: ["a"]) } == prefix + "Key: c")
        #expect(refusal { try expression.checkKeyPaths(["b"], indexKeyNames: ["b", "a"]) } == prefix + "IndexKey: a")
        #expect(refusal { try expression.checkKeyPaths(["b"], indexKeyNames: ["d"]) } == nil)
    }
}
