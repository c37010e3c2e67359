import AttributeModel
import Bytes
import Expressions
import Testing

private let key = item(["pk": s("key")])
private let invalidPath = "The document path provided in the update expression is invalid for update"
private let missingAttribute = "The provided expression refers to an attribute that does not exist in the item"
private let wrongType = "An operand in the update expression has an incorrect data type"

/// The item that the tables below change.
private let old = item([
    "pk": s("key"), "a": s("text"), "n": n("3"), "l": .list([n("0"), n("1"), n("2"), n("3")]),
    "m": map(["x": n("1"), "y": map(["z": n("2")]), "l": .list([map(["q": n("9")])])]), "ss": ss("a", "b"),
    "ns": ns("1", "2"), "bs": bs([1]), "one": map(["single": n("1")]), "none": .list([]),
])

private func apply(_ text: String, _ values: KeyValuePairs<Text, AttributeValue>, to item: Item?) throws -> Item {
    var placeholders = try ExpressionPlaceholders(
        names: [("#none", "none")], values: values.isEmpty ? nil : values.map { ($0.key, $0.value) })
    return try UpdateExpression(text, placeholders: &placeholders).apply(to: item, key: key)
}

/// `old` with other values for some attributes, nil for none.
private func changed(_ changes: KeyValuePairs<Text, AttributeValue?>) -> Item {
    var attributes = old.attributes
    for (name, value) in changes { attributes[name] = value }
    return Item(attributes)
}

private struct Change: Sendable {
    let text: String
    let values: [(Text, AttributeValue)]
    let expected: Item

    init(
        _ text: String, _ values: KeyValuePairs<Text, AttributeValue> = [:],
        _ expected: KeyValuePairs<Text, AttributeValue?>
    ) {
        self.text = text
        self.values = values.map { ($0.key, $0.value) }
        self.expected = changed(expected)
    }
}

private let changes: [Change] = [
    Change("SET b = :v", [":v": n("1")], ["b": n("1")]),
    Change("SET a = :v", [":v": .list([])], ["a": .list([])]),
    Change("SET a = a", [:], [:]),
    Change("SET b = a, c = m.y.z, d = l[3]", [:], ["b": s("text"), "c": n("2"), "d": n("3")]),
    Change("SET b = pk", [:], ["b": s("key")]),
    Change("REMOVE a SET b = a", [:], ["a": nil, "b": s("text")]),
    Change("SET b = a REMOVE a", [:], ["a": nil, "b": s("text")]),
    Change("SET a = n, n = a", [:], ["a": n("3"), "n": s("text")]),
    Change("SET n = n + :v", [":v": n("0.5")], ["n": n("3.5")]),
    Change("SET n = :v - n", [":v": n("1")], ["n": n("-2")]),
    Change("SET n = n + n", [:], ["n": n("6")]),
    Change("SET b = if_not_exists(b, :v) + :v", [":v": n("1")], ["b": n("2")]),
    Change("SET n = if_not_exists(n, :v) + :v", [":v": n("1")], ["n": n("4")]),
    Change("SET b = if_not_exists(b, if_not_exists(c, a))", [:], ["b": s("text")]),
    Change(
        "SET l = list_append(l, :v)", [":v": .list([s("x")])], ["l": .list([n("0"), n("1"), n("2"), n("3"), s("x")])]),
    Change("SET b = list_append(:v, #none)", [":v": .list([s("x")])], ["b": .list([s("x")])]),
    Change("SET b = list_append(if_not_exists(b, :v), :v)", [":v": .list([n("1")])], ["b": .list([n("1"), n("1")])]),
    // Paths.
    Change(
        "SET m.x = :v, m.fresh = :v", [":v": n("7")],
        [
            "m": map(["x": n("7"), "fresh": n("7"), "y": map(["z": n("2")]), "l": .list([map(["q": n("9")])])])
        ]),
    Change(
        "SET m.l[0].q = m.x REMOVE m.y.z, m.x", [:],
        [
            "m": map(["y": map([:]), "l": .list([map(["q": n("1")])])])
        ]),
    Change("SET l[1] = :v", [":v": s("x")], ["l": .list([n("0"), s("x"), n("2"), n("3")])]),
    Change("SET #none[0] = :v", [":v": s("x")], ["none": .list([s("x")])]),
    Change("SET l[9] = :v", [":v": s("x")], ["l": .list([n("0"), n("1"), n("2"), n("3"), s("x")])]),
    Change(
        "SET l[84] = :a, l[37] = :b, l[4] = :c, l[0] = :d", [":a": s("a"), ":b": s("b"), ":c": s("c"), ":d": s("d")],
        [
            "l": .list([s("d"), n("1"), n("2"), n("3"), s("c"), s("b"), s("a")])
        ]),
    Change("REMOVE l[1], l[2]", [:], ["l": .list([n("0"), n("3")])]),
    Change("REMOVE l[1] SET l[3] = :v", [":v": s("x")], ["l": .list([n("0"), n("2"), s("x")])]),
    Change("SET l[3] = :v REMOVE l[1]", [":v": s("x")], ["l": .list([n("0"), n("2"), s("x")])]),
    Change("REMOVE l[0], l[17] SET l[9] = l[3]", [:], ["l": .list([n("1"), n("2"), n("3"), n("3")])]),
    Change("REMOVE l[0], l[1], l[2], l[3]", [:], ["l": .list([])]),
    Change("REMOVE m.l[0]", [:], ["m": map(["x": n("1"), "y": map(["z": n("2")]), "l": .list([])])]),
    Change("REMOVE one.single", [:], ["one": map([:])]),
    Change("REMOVE gone, m.gone, l[17], m.l[0].gone", [:], [:]),
    Change("REMOVE a, n", [:], ["a": nil, "n": nil]),
    // ADD and DELETE.
    Change("ADD n :v", [":v": n("-4")], ["n": n("-1")]),
    Change("ADD gone :v", [":v": n("5")], ["gone": n("5")]),
    Change(
        "ADD m.x :v, m.gone :v, l[1] :v, l[9] :v", [":v": n("5")],
        [
            "m": map(["x": n("6"), "gone": n("5"), "y": map(["z": n("2")]), "l": .list([map(["q": n("9")])])]),
            "l": .list([n("0"), n("6"), n("2"), n("3"), n("5")]),
        ]),
    Change("ADD ss :v", [":v": ss("b", "c")], ["ss": ss("a", "b", "c")]),
    Change("ADD ns :v", [":v": ns("2.0", "0.5")], ["ns": ns("0.5", "1", "2")]),
    Change("ADD bs :v", [":v": bs([0], [1, 0])], ["bs": bs([0], [1], [1, 0])]),
    Change("ADD gone :v", [":v": ss("b")], ["gone": ss("b")]),
    Change("DELETE ss :v", [":v": ss("b", "c")], ["ss": ss("a")]),
    Change("DELETE ss :v", [":v": ss("c")], [:]),
    Change("DELETE ss :v", [":v": ss("a", "b")], ["ss": nil]),
    Change("DELETE ns :v, gone :v, m.gone :v, l[9] :v", [":v": ns("1.0")], ["ns": ns("2")]),
    Change("DELETE bs :v", [":v": bs([1])], ["bs": nil]),
]

private struct Refusal: Sendable {
    let text: String
    let values: [(Text, AttributeValue)]
    let message: String

    init(_ text: String, _ values: KeyValuePairs<Text, AttributeValue> = [:], _ message: String) {
        self.text = text
        self.values = values.map { ($0.key, $0.value) }
        self.message = message
    }
}

private let refusals: [Refusal] = [
    Refusal("SET b = gone", missingAttribute),
    Refusal("SET x = :v, y = x", [":v": n("1")], missingAttribute),
    Refusal("SET z = z", missingAttribute),
    Refusal("SET b = m.gone", missingAttribute),
    Refusal("SET b = l[4]", missingAttribute),
    Refusal("SET b = a.x", missingAttribute),
    Refusal("SET b = list_append(gone, :v)", [":v": .list([])], missingAttribute),
    Refusal("SET b = gone + :v", [":v": n("1")], missingAttribute),
    Refusal("SET b = if_not_exists(gone, absent)", missingAttribute),
    Refusal("SET b = a + :v", [":v": n("1")], wrongType),
    Refusal("SET b = :v - m", [":v": n("1")], wrongType),
    Refusal("SET b = list_append(ss, :v)", [":v": .list([])], wrongType),
    Refusal("SET b = list_append(:v, n)", [":v": .list([])], wrongType),
    Refusal("SET b = if_not_exists(a, :v) + :v", [":v": n("1")], wrongType),
    Refusal("ADD a :v", [":v": n("1")], wrongType),
    Refusal("ADD ns :v", [":v": n("1")], wrongType),
    Refusal("ADD ns :v", [":v": ss("1")], wrongType),
    Refusal("ADD l :v", [":v": ns("1")], wrongType),
    Refusal("ADD m.x :v", [":v": ns("1")], wrongType),
    Refusal("DELETE n :v", [":v": ns("1")], wrongType),
    Refusal("DELETE ss :v", [":v": ns("1")], wrongType),
    Refusal("DELETE m :v", [":v": ns("1")], wrongType),
    Refusal("SET a.x = :v", [":v": n("1")], invalidPath),
    Refusal("SET a[0] = :v", [":v": n("1")], invalidPath),
    Refusal("SET gone.x = :v", [":v": n("1")], invalidPath),
    Refusal("SET gone[0] = :v", [":v": n("1")], invalidPath),
    Refusal("SET m[0] = :v", [":v": n("1")], invalidPath),
    Refusal("SET l.x = :v", [":v": n("1")], invalidPath),
    Refusal("SET m.gone.x = :v", [":v": n("1")], invalidPath),
    Refusal("SET l[9].x = :v", [":v": n("1")], invalidPath),
    Refusal("REMOVE a.x", invalidPath),
    Refusal("REMOVE gone.x", invalidPath),
    Refusal("REMOVE gone[0]", invalidPath),
    Refusal("REMOVE m[0]", invalidPath),
    Refusal("REMOVE l.x", invalidPath),
    Refusal("REMOVE l[9].x", invalidPath),
    Refusal("DELETE gone.x :v", [":v": ns("1")], invalidPath),
    Refusal("DELETE m[1] :v", [":v": ns("1")], invalidPath),
    Refusal("ADD gone.x :v", [":v": n("1")], invalidPath),
    Refusal("ADD l.x :v", [":v": n("1")], invalidPath),
]

extension Refusal {
    fileprivate init(_ text: String, _ message: String) { self.init(text, [:], message) }
}

@Suite("Applying updates")
struct UpdateApplicationTests {
    @Test("changes", arguments: changes)
    private func change(_ change: Change) throws {
        var placeholders = try ExpressionPlaceholders(
            names: [("#none", "none")], values: change.values.isEmpty ? nil : change.values)
        let expression = try UpdateExpression(change.text, placeholders: &placeholders)
        let result = try expression.apply(to: old, key: key)
        #expect(result == change.expected, "\(change.text): \(result.attributes)")
    }

    @Test("refusals", arguments: refusals)
    private func refused(_ refused: Refusal) throws {
        var placeholders = try ExpressionPlaceholders(
            names: nil, values: refused.values.isEmpty ? nil : refused.values)
        let expression = try UpdateExpression(refused.text, placeholders: &placeholders)
        #expect(refusal { _ = try expression.apply(to: old, key: key) } == refused.message, "\(refused.text)")
    }

    @Test("a missing item is made from its key")
    func newItem() throws {
        #expect(try apply("SET a = :v", [":v": n("1")], to: nil) == item(["pk": s("key"), "a": n("1")]))
        #expect(
            try apply("ADD a :v, b :s", [":v": n("1"), ":s": ss("x")], to: nil)
                == item(["pk": s("key"), "a": n("1"), "b": ss("x")]))
        #expect(try apply("SET b = pk", [:], to: nil) == item(["pk": s("key"), "b": s("key")]))
        #expect(try UpdateExpression.none.apply(to: nil, key: key) == key)
        #expect(try UpdateExpression.none.apply(to: old, key: key) == old)
        #expect(refusal { _ = try apply("SET b = a", [:], to: nil) } == missingAttribute)
        #expect(refusal { _ = try apply("SET b.x = :v", [":v": n("1")], to: nil) } == invalidPath)
        #expect(refusal { _ = try apply("SET b[0] = :v", [":v": n("1")], to: nil) } == invalidPath)
        #expect(refusal { _ = try apply("ADD b.x :v", [":v": n("1")], to: nil) } == invalidPath)
    }

    @Test("a missing item ignores REMOVE and DELETE of any path")
    func takeFromNothing() throws {
        #expect(try apply("REMOVE x.y, z[0], a", [:], to: nil) == key)
        #expect(try apply("DELETE x.y :v, z :v", [":v": ss("a")], to: nil) == key)
        #expect(try apply("REMOVE x.y SET a = :v", [":v": n("1")], to: nil) == item(["pk": s("key"), "a": n("1")]))
    }

    @Test("sums that need more than 38 digits or leave the range are refused")
    func overflow() throws {
        let overflow = "Number overflow. Attempting to store a number with magnitude larger than supported range"
        let big = item(["pk": s("key"), "n": n("1e50"), "huge": n("9e125")])
        #expect(refusal { _ = try apply("SET n = n + :v", [":v": n("1")], to: big) } == overflow)
        #expect(refusal { _ = try apply("ADD n :v", [":v": n("1")], to: big) } == overflow)
        #expect(refusal { _ = try apply("SET b = huge + huge", [:], to: big) } == overflow)
        #expect(refusal { _ = try apply("SET b = :v - huge", [":v": n("-9e125")], to: big) } == overflow)
        #expect(
            try apply("SET n = n + :v", [":v": n("1e13")], to: big).value(of: "n")
                == n("100000000000000000000000000000000000010000000000000"))
    }

    @Test("a result may nest 32 levels, the attribute itself being the first")
    func nesting() throws {
        func nested(_ maps: Int) -> AttributeValue { (0..<maps).reduce(n("1")) { value, _ in map(["x": value]) } }
        let tooDeep =
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
        #expect(refusal { _ = try apply("SET b = :v", [":v": nested(31)], to: old) } == nil)
        #expect(refusal { _ = try apply("SET b = :v", [":v": nested(32)], to: old) } == tooDeep)
        #expect(refusal { _ = try apply("SET m.y.z = :v", [":v": nested(29)], to: old) } == nil)
        #expect(refusal { _ = try apply("SET m.y.z = :v", [":v": nested(30)], to: old) } == tooDeep)
        #expect(refusal { _ = try apply("SET l[0] = :v", [":v": nested(31)], to: old) } == tooDeep)
    }

    @Test("the touched parts, before and after")
    func touched() throws {
        let before = item([
            "pk": s("key"), "a": map(["b": s("dog"), "c": .list([n("1"), n("2"), n("3")])]), "d": s("cat"),
        ])
        func touched(_ text: String, _ old: Item?) throws -> (Item, Item) {
            var placeholders = try ExpressionPlaceholders(names: nil, values: [(":v", n("7")), (":w", n("8"))])
            let expression = try UpdateExpression(text, placeholders: &placeholders)
            return (expression.touched(in: old), expression.touched(in: try expression.apply(to: old, key: key)))
        }
        let cases: [(String, Item, Item)] = [
            ("SET d = :v", item(["d": s("cat")]), item(["d": n("7")])),
            ("SET d = d", item(["d": s("cat")]), item(["d": s("cat")])),
            ("REMOVE d", item(["d": s("cat")]), .empty),
            ("SET e = :v", .empty, item(["e": n("7")])),
            ("SET d = :v, e = :w", item(["d": s("cat")]), item(["d": n("7"), "e": n("8")])),
            ("SET a.b = :v", item(["a": map(["b": s("dog")])]), item(["a": map(["b": n("7")])])),
            ("SET a.c[1] = :v", item(["a": map(["c": .list([n("2")])])]), item(["a": map(["c": .list([n("7")])])])),
            (
                "SET a.c[1] = :v, a.b = :w", item(["a": map(["b": s("dog"), "c": .list([n("2")])])]),
                item(["a": map(["b": n("8"), "c": .list([n("7")])])])
            ),
            (
                "REMOVE a.c[1], a.c[3]", item(["a": map(["c": .list([n("2")])])]),
                item(["a": map(["c": .list([n("3")])])])
            ),
            ("SET a.x = :v", .empty, item(["a": map(["x": n("7")])])),
            ("SET a.c[100] = :v", .empty, .empty),
        ]
        for (text, old, new) in cases {
            let result = try touched(text, before)
            #expect(result.0 == old, "\(text): \(result.0.attributes)")
            #expect(result.1 == new, "\(text): \(result.1.attributes)")
        }
        #expect(try touched("SET d = :v", nil) == (.empty, item(["d": n("7")])))
        #expect(UpdateExpression.none.touched(in: before) == .empty)
    }
}
