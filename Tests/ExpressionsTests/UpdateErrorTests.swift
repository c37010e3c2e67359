import AttributeModel
import Bytes
import Expressions
import Testing

private let textsCases: [(String, String)] = [
    ("SET abOrt = :n", "Attribute name is a reserved keyword; reserved keyword: abOrt"),
    ("SET a.b[0].Zone = :n", "Attribute name is a reserved keyword; reserved keyword: Zone"),
    ("SET a = true", "Attribute name is a reserved keyword; reserved keyword: true"),
    (" remove Absolute ", "Attribute name is a reserved keyword; reserved keyword: Absolute"),
    ("SET a = f(b, c, d)", "Invalid function name; function: f"),
    ("SET a = f123_hi(b)", "Invalid function name; function: f123_hi"),
    ("SET a = size(b)", "The function is not allowed to be used this way in an expression; function: size"),
    (
        "SET a = attribute_exists(b)",
        "The function is not allowed to be used this way in an expression; function: attribute_exists"
    ),
    (
        "SET a = list_append(list_append(:l, :l), :l)",
        "The function is not allowed to be used this way in an expression; function: list_append"
    ),
    (
        "SET a = list_append(b, (list_append(:l, :l)))",
        "The function is not allowed to be used this way in an expression; function: list_append"
    ),
    ("SET a = :n SET b = :n", "The \"SET\" section can only be used once in an update expression;"),
    ("remove d set a = b remove e", "The \"REMOVE\" section can only be used once in an update expression;"),
    ("add d :n set a = b add e :n", "The \"ADD\" section can only be used once in an update expression;"),
    ("delete d :ss set a = b delete e :ss", "The \"DELETE\" section can only be used once in an update expression;"),
    (
        "SET #no = :n",
        "An expression attribute name used in the document path is not defined; attribute name: #no"
    ),
    (
        "SET a = b.#no",
        "An expression attribute name used in the document path is not defined; attribute name: #no"
    ),
    ("SET a = :no", "An expression attribute value used in expression is not defined; attribute value: :no"),
    ("ADD a :no", "An expression attribute value used in expression is not defined; attribute value: :no"),
    (
        "SET a = list_append(:l)",
        "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1"
    ),
    (
        "SET a = list_append(:l, :l, :l)",
        "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 3"
    ),
    (
        "SET a = if_not_exists(c)",
        "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1"
    ),
    (
        "SET a = if_not_exists(:n, :n)",
        "Operator or function requires a document path; operator or function: if_not_exists"
    ),
    (
        "SET a = if_not_exists(if_not_exists(a, :n), :n)",
        "Operator or function requires a document path; operator or function: if_not_exists"
    ),
    ("SET a = ((:n))", "The expression has redundant parentheses;"),
    ("SET a = ((b + c))", "The expression has redundant parentheses;"),
    ("SET a = :n + ((b))", "The expression has redundant parentheses;"),
    ("SET a = if_not_exists(((b)), :n)", "The expression has redundant parentheses;"),
    ("SET a[2147483648] = :n", "List index is not within the allowable range; index: [2147483648]"),
]

private let collisionsCases: [(String, String, String, String)] = [
    ("SET a = :n REMOVE a", "overlap", "[a]", "[a]"),
    ("REMOVE a SET a = :n", "overlap", "[a]", "[a]"),
    ("SET a = :n, #a = :n", "overlap", "[a]", "[a]"),
    ("SET a = :n, a.b = :n", "overlap", "[a]", "[a, b]"),
    ("SET a.b = :n, a = :n", "overlap", "[a, b]", "[a]"),
    ("SET a.b = :n, a.b.c.d.e = :n", "overlap", "[a, b]", "[a, b, c, d, e]"),
    ("SET a[1][1] = :n, a[1] = :n", "overlap", "[a, [1], [1]]", "[a, [1]]"),
    ("SET a[1] = :n, a[01] = :n", "overlap", "[a, [1]]", "[a, [1]]"),
    ("ADD a.b :n DELETE a.b[2] :ss", "overlap", "[a, b]", "[a, b, [2]]"),
    ("set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)", "overlap", "[c, [1], a]", "[c]"),
    ("set #c[3].#index = a, #c[3] = a", "overlap", "[c, [3], [3]]", "[c, [3]]"),
    ("SET a.b = :n, a[1] = :n", "conflict", "[a, b]", "[a, [1]]"),
    ("SET a.b.c = :n, a.b[2] = :n", "conflict", "[a, b, c]", "[a, b, [2]]"),
    ("set #c[3].#index = a, #c.#index[3] = if_not_exists(a)", "conflict", "[c, [3], [3]]", "[c, [3], [3]]"),
    ("REMOVE a.b, a[1], c[0], c.d", "conflict", "[a, b]", "[a, [1]]"),
    ("remove a.#c set a[1] = #index", "conflict", "[a, c]", "[a, [1]]"),
]

private let actionOperandsCases: [(String, String)] = [
    (":s", "STRING"), (":b", "BINARY"), (":z", "NULL"), (":t", "BOOLEAN"), (":l", "LIST"), (":m", "MAP"),
]

private let operandTypesCases: [(String, String)] = [
    (":s", "S"), (":b", "B"), (":z", "NULL"), (":t", "BOOL"), (":m", "M"), (":ss", "SS"), (":ns", "NS"), (":bs", "BS"),
]

private let prioritiesCases: [(String, String)] = [
    ("SET abort = ((f(:no)))", "The expression has redundant parentheses;"),
    ("set #no = f(:no) set abOrt = :n", "Attribute name is a reserved keyword; reserved keyword: abOrt"),
    ("set #no = f(:no), c = size(b) set c = d", "Invalid function name; function: f"),
    ("set #no = size(b) set a = b", "The function is not allowed to be used this way in an expression; function: size"),
    ("set a = #no set c = :no", "The \"SET\" section can only be used once in an update expression;"),
    (
        "SET #no = if_not_exists(:no), b = :n, b = :n",
        "An expression attribute name used in the document path is not defined; attribute name: #no"
    ),
    (
        "SET a = if_not_exists(:no), a = :n",
        "An expression attribute value used in expression is not defined; attribute value: :no"
    ),
    (
        "SET a.b = :n, a[0] = :n, c = if_not_exists(a), c = :n ADD d :s",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [c], path two: [c]"
    ),
    (
        "SET a.b = :n, a[0] = :n, c = if_not_exists(a) ADD d :s",
        "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            + "path one: [a, b], path two: [a, [0]]"
    ),
    (
        "set b = list_append(:s, a), c = if_not_exists(a) add a.b :s",
        "Incorrect operand type for operator or function; "
            + "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"
    ),
    (
        "set b = list_append(:s, a), c = if_not_exists(a)",
        "Incorrect operand type for operator or function; operator or function: list_append, operand type: S"
    ),
]

private let acceptedCases: [String] = [
    "SET a = :n", "SET a = :n, b = a REMOVE c ADD d :n DELETE e :ss", "DELETE e :ss ADD d :n REMOVE c SET a = b",
    "SET a = if_not_exists(b, :n) + :n2", "SET a = if_not_exists(b, :n) - if_not_exists(c, :n)",
    "SET a = list_append(if_not_exists(a, :l), :l)", "SET a = if_not_exists(a, list_append(:l, b))",
    "SET a = if_not_exists(b, if_not_exists(c, :n))", "SET a = (b + c)", "SET a = (b)", "SET a = (b) + (c)",
    "SET a = ((b.c.d)+(e))", "SET a = if_not_exists((b), (:n))", "SET a.b = :n, a.c = :n, c[0] = :n, c[1].d = :n",
    "SET a = a", "SET #and.#dot[0].#2 = :n", "ADD a :n, b :ss, c :ns, d :bs", "DELETE b :ss, c :ns, d :bs",
    "REMOVE a.b[0], a.b[1], c", "SET a = if_not_exists(b, :s) + :n",
]

@Suite("Faults of updates")
struct UpdateErrorTests {
    @Test("texts", arguments: textsCases)
    func texts(text: String, detail: String) {
        #expect(updateRefusal(text) == "Invalid UpdateExpression: \(detail)")
    }

    @Test("overlaps and conflicts", arguments: collisionsCases)
    func collisions(text: String, relation: String, first: String, second: String) {
        #expect(
            updateRefusal(text)
                == "Invalid UpdateExpression: Two document paths \(relation) with each other; "
                + "must remove or rewrite one of these paths; path one: \(first), path two: \(second)")
    }

    @Test("ADD and DELETE refuse literals that they cannot use", arguments: actionOperandsCases)
    func actionOperands(value: String, type: String) {
        let message = "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: "
        #expect(
            updateRefusal("ADD a.b \(value)")
                == message + "ADD, operand type: \(type), typeSet: ALLOWED_FOR_ADD_OPERAND")
        #expect(
            updateRefusal("DELETE a.b \(value)")
                == message + "DELETE, operand type: \(type), typeSet: ALLOWED_FOR_DELETE_OPERAND")
    }

    @Test("DELETE refuses numbers")
    func deleteNumber() {
        #expect(
            updateRefusal("DELETE a :n")
                == "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                + "operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND")
    }

    @Test("calculations and list_append refuse literals of other types", arguments: operandTypesCases)
    func operandTypes(value: String, type: String) {
        for (name, texts) in [
            ("+", ["a + \(value)", "\(value) + :n", "(b + \(value))"]),
            ("-", ["a - \(value)", "\(value) - :n"]),
            ("list_append", ["list_append(a, \(value))", "list_append((\(value)), :l)"]),
        ] {
            for text in texts {
                #expect(
                    updateRefusal("SET a = \(text)")
                        == "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                        + "operator or function: \(name), operand type: \(type)")
            }
        }
    }

    /// Each text has the fault that must win and some of those behind it.
    @Test("priorities", arguments: prioritiesCases)
    func priorities(text: String, detail: String) {
        #expect(updateRefusal(text) == "Invalid UpdateExpression: \(detail)")
    }

    @Test("accepted", arguments: acceptedCases)
    func accepted(text: String) {
        #expect(updateRefusal(text) == nil)
    }

    @Test("what an update says about itself")
    func description() throws {
        let expression = try update(
            "SET b.x = :n, a = :s, c = a + :n, d = e, f = if_not_exists(a.y, :l), g = list_append(h[0], :l) "
                + "REMOVE i ADD j :ss, k.x :n DELETE l :ns")
        #expect(expression.topLevelNames == ["b", "a", "c", "d", "f", "g", "i", "j", "k", "l"])
        #expect(
            expression.literalTypes.map(\.name) == ["a", "c", "f", "g", "j", "l"]
                && expression.literalTypes.map(\.type) == [.string, .number, .list, .list, .stringSet, .numberSet])
        let prefix =
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
        #expect(refusal { try expression.checkKeyPaths(["c", "a"], indexKeyNames: ["b"]) } == prefix + "Key: a")
        #expect(refusal { try expression.checkKeyPaths(["c"], indexKeyNames: ["e", "h"]) } == prefix + "IndexKey: h")
        #expect(refusal { try expression.checkKeyPaths(["c"], indexKeyNames: ["l", "i"]) } == nil)
    }

    @Test("only REMOVE and DELETE do not create an item")
    func createsItem() throws {
        #expect(try !update("REMOVE a").createsItem)
        #expect(try !update("DELETE a :ss").createsItem)
        #expect(try !update("REMOVE b.c DELETE a :ss").createsItem)
        #expect(try update("REMOVE b ADD a :ss").createsItem)
        #expect(try update("SET a = :n").createsItem)
        #expect(UpdateExpression.none.createsItem)
    }
}
