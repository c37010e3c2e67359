import AttributeModel
import Bytes
import Expressions
import Testing

/// The item that the tables below are about.
private let sample = item([
    "pk": s("key"), "str": s("hello"), "num": n("5"), "bin": b(1, 2, 3), "yes": .boolean(true), "nil": .null,
    "list": .list([n("1"), s("two"), ns("1", "2"), .list([n("3")])]),
    "map": map(["x": n("1"), "y": map(["z": s("deep")])]),
    "strs": ss("a", "b"), "nums": ns("1", "2.50"), "bins": bs([1], [2]), "empty": s(""), "none": .list([]),
    "a.b": s("dotted"), "é": n("1"), "big": n("12345678901234567890"),
])

private struct Literals {
    var placeholders: ExpressionPlaceholders

    init(_ values: KeyValuePairs<Text, AttributeValue>) throws {
        placeholders = try ExpressionPlaceholders(
            names: [
                ("#nil", "nil"), ("#map", "map"), ("#list", "list"), ("#empty", "empty"), ("#none", "none"),
                ("#dotted", "a.b"), ("#accent", "é"), ("#decomposed", "e\u{301}"),
            ],
            values: values.map { ($0.key, $0.value) })
    }
}

private func holds(
    _ text: String, _ values: KeyValuePairs<Text, AttributeValue> = [":unused": .null], on item: Item? = sample
) throws -> Bool {
    var placeholders = try Literals(values).placeholders
    return try ConditionExpression(text, purpose: .condition, placeholders: &placeholders).isSatisfied(by: item)
}

private let orderCases: [(String, AttributeValue, Bool)] = [
    ("num < :v", n("6"), true), ("num < :v", n("5"), false), ("num <= :v", n("5.00"), true),
    ("num > :v", n("-6"), true), ("num >= :v", n("5.1"), false), ("num > :v", n("40e-1"), true),
    ("str < :v", s("help"), true), ("str < :v", s("hell"), false), ("str >= :v", s("hello"), true),
    ("str > :v", s(""), true), ("str < :v", s("hello\u{0}"), true),
    ("bin < :v", b(1, 2, 0x80), true), ("bin > :v", b(1, 2), true), ("bin > :v", b(0x7F), false),
    ("bin <= :v", b(1, 2, 3), true), (":v < num", n("4"), true), (":v >= num", n("4"), false),
    ("num < :v", s("6"), false), ("str > :v", b(0), false), ("bin < :v", n("9"), false),
    ("yes < :v", n("9"), false), ("strs > :v", s("a"), false), ("#list >= :v", n("1"), false),
    ("big < :v", n("12345678901234567891"), true),
]

private let pathsCases: [(String, Bool)] = [
    ("attribute_exists(#map.x)", true), ("attribute_exists(#map.y.z)", true), ("attribute_exists(#map.q)", false),
    ("attribute_exists(#map[0])", false), ("attribute_exists(#list[3][0])", true),
    ("attribute_exists(#list[4])", false), ("attribute_exists(#list[3][1])", false),
    ("attribute_exists(#list.x)", false), ("attribute_exists(num.x)", false), ("attribute_exists(#nil)", true),
    ("#map.x = #list[0]", true), ("#map.x < #list[3][0]", true), ("attribute_exists(#dotted)", true),
    ("attribute_exists(a.b)", false), ("attribute_exists(strs[0])", false),
]

private let sizeCases: [(String, Int)] = [
    ("str", 5), ("bin", 3), ("#list", 4), ("#map", 2), ("strs", 2), ("nums", 2), ("bins", 2), ("#empty", 0),
    ("#none", 0), ("#map.y.z", 4),
]

private let undefinedSizeCases: [String] = [
    "num", "yes", "#nil", "gone",
]

private let containsCases: [(String, AttributeValue, Bool)] = [
    ("str", s("ell"), true), ("str", s(""), true), ("str", s("hello!"), false), ("str", s("lle"), false),
    ("str", b(0x65), false), ("str", n("5"), false), ("bin", b(2, 3), true), ("bin", b(3, 2), false),
    ("bin", b(), true), ("bin", s("\u{1}"), false), ("strs", s("a"), true), ("strs", s("c"), false),
    ("strs", ss("a"), false), ("nums", n("2.5"), true), ("nums", n("2"), false), ("nums", s("1"), false),
    ("bins", b(1), true), ("bins", b(1, 2), false), ("#list", n("1.0"), true), ("#list", s("two"), true),
    ("#list", ns("2", "1"), true), ("#list", .list([n("3")]), true), ("#list", n("3"), false),
    ("#map", s("x"), false), ("num", n("5"), false), ("yes", .boolean(true), false),
]

private let beginsWithCases: [(String, AttributeValue, Bool)] = [
    ("str", s("he"), true), ("str", s("hello"), true), ("str", s(""), true), ("str", s("hello!"), false),
    ("str", s("el"), false), ("str", b(0x68), false), ("bin", b(1), true), ("bin", b(2), false),
    ("bin", s("\u{1}"), false), ("num", s("5"), false), ("strs", s("a"), false),
]

private let precedenceCases: [(String, Bool)] = [
    ("T OR F AND F", true), ("(T OR F) AND F", false), ("F AND F OR T", true), ("F AND (F OR T)", false),
    ("NOT F AND F", false), ("NOT (F AND F)", true), ("NOT T OR T", true), ("NOT (T OR T)", false),
    ("NOT NOT T", true), ("NOT NOT NOT T", false), ("T AND T AND F", false), ("F OR F OR T", true),
    ("T AND NOT F AND T", true), ("T AND (NOT (F OR T) OR T)", true), ("num BETWEEN num2 AND big AND T", true),
    ("F OR num BETWEEN num2 AND big AND T", true),
]

@Suite("Evaluation of conditions")
struct ConditionEvaluationTests {
    @Test("equality holds for values of one type and content")
    func equality() throws {
        let values: [(String, AttributeValue)] = [
            ("str", s("hello")), ("num", n("5.0")), ("bin", b(1, 2, 3)), ("yes", .boolean(true)), ("#nil", .null),
            ("strs", ss("b", "a")), ("nums", ns("2.5", "1.0")), ("bins", bs([2], [1])),
            ("#list", .list([n("1.0"), s("two"), ns("2", "1"), .list([n("3")])])),
            ("#map", map(["y": map(["z": s("deep")]), "x": n("1e0")])),
        ]
        for (name, _) in values {
            for (otherName, value) in values {
                let isSame = name == otherName
                #expect(try holds("\(name) = :v", [":v": value]) == isSame, "\(name) = \(otherName)")
                #expect(try holds("\(name) <> :v", [":v": value]) == !isSame, "\(name) <> \(otherName)")
                #expect(try holds(":v = \(name)", [":v": value]) == isSame)
                #expect(try holds("\(name) IN (:v)", [":v": value]) == isSame)
                if !isSame { #expect(try !holds("\(name) = \(otherName)")) }
            }
        }
        #expect(try !holds("str = :v", [":v": s("Hello")]))
        #expect(try !holds("#list = :v", [":v": .list([n("1")])]))
        #expect(try holds("big <> :v", [":v": n("12345678901234567891")]))
    }

    @Test("text is compared by its bytes")
    func bytewise() throws {
        #expect(try holds("#accent = :v", [":v": n("1")]))
        #expect(try !holds("attribute_exists(#decomposed)"))
        let composed = item(["str": s("é")])
        #expect(try !holds("str = :v", [":v": s("e\u{301}")], on: composed))
        #expect(try holds("str > :v", [":v": s("e\u{301}")], on: composed))
        #expect(try holds("size(str) = :v", [":v": n("2")], on: composed))
    }

    @Test("order of strings, numbers and binaries", arguments: orderCases)
    func order(text: String, value: AttributeValue, expected: Bool) throws {
        #expect(try holds(text, [":v": value]) == expected)
    }

    @Test("BETWEEN includes its bounds")
    func between() throws {
        #expect(try holds("num BETWEEN :a AND :b", [":a": n("5"), ":b": n("5")]))
        #expect(try holds("num BETWEEN :a AND :b", [":a": n("1"), ":b": n("9")]))
        #expect(try !holds("num BETWEEN :a AND :b", [":a": n("6"), ":b": n("9")]))
        #expect(try !holds("num BETWEEN :a AND :b", [":a": n("1"), ":b": n("4")]))
        #expect(try holds(":a BETWEEN num AND big", [":a": n("6")]))
        #expect(try !holds("str BETWEEN :a AND :b", [":a": n("1"), ":b": n("9")]))
        // Bounds from the item may be of any type and order.
        #expect(try !holds("num BETWEEN big AND :a", [":a": n("1")]))
        #expect(try !holds("num BETWEEN str AND #map"))
        #expect(try holds("bin BETWEEN :a AND :b", [":a": b(1), ":b": b(0xFF)]))
    }

    @Test("IN compares with each candidate, of whatever type")
    func isIn() throws {
        #expect(try holds("num IN (:a, :b)", [":a": s("5"), ":b": n("5")]))
        #expect(try holds("num IN (gone, str, :a)", [":a": n("5")]))
        #expect(try !holds("num IN (:a, gone)", [":a": n("4")]))
        #expect(try !holds("gone IN (absent, :a)", [":a": n("4")]))
        #expect(try holds("size(str) IN (num)"))
    }

    @Test("a missing attribute makes every test false but <>")
    func missingAttribute() throws {
        for on in [sample, .empty, nil] as [Item?] {
            #expect(try !holds("gone = :v", [":v": n("1")], on: on))
            #expect(try !holds("gone = absent", on: on))
            #expect(try holds("gone <> :v", [":v": n("1")], on: on))
            #expect(try holds(":v <> gone", [":v": n("1")], on: on))
            #expect(try holds("gone <> absent", on: on))
            for symbol in ["<", "<=", ">", ">="] {
                #expect(try !holds("gone \(symbol) :v", [":v": n("1")], on: on))
                #expect(try !holds(":v \(symbol) gone", [":v": n("1")], on: on))
                #expect(try !holds("gone \(symbol) absent", on: on))
            }
            #expect(try !holds("gone BETWEEN :a AND :b", [":a": n("1"), ":b": n("2")], on: on))
            #expect(try !holds(":a BETWEEN gone AND :b", [":a": n("1"), ":b": n("2")], on: on))
            #expect(try !holds("gone IN (:a)", [":a": n("1")], on: on))
            #expect(try !holds("begins_with(gone, :a)", [":a": s("")], on: on))
            #expect(try !holds("begins_with(:a, gone)", [":a": s("")], on: on))
            #expect(try !holds("contains(gone, :a)", [":a": s("")], on: on))
            #expect(try holds("NOT contains(gone, :a)", [":a": s("")], on: on))
            #expect(try !holds("attribute_type(gone, :a)", [":a": s("S")], on: on))
            #expect(try !holds("attribute_exists(gone)", on: on))
            #expect(try holds("attribute_not_exists(gone)", on: on))
        }
        #expect(try holds("attribute_not_exists(pk)", on: nil))
        #expect(try !holds("attribute_not_exists(pk)"))
    }

    @Test("paths lead into maps and lists", arguments: pathsCases)
    func paths(text: String, expected: Bool) throws {
        #expect(try holds(text) == expected)
    }

    @Test("size counts bytes and elements", arguments: sizeCases)
    func size(path: String, count: Int) throws {
        #expect(try holds("size(\(path)) = :v", [":v": n("\(count)")]))
        #expect(try holds("size(\(path)) < :v", [":v": n("\(count + 1)")]))
        #expect(try holds("size(\(path)) <> :v", [":v": n("\(count + 1)")]))
        #expect(try !holds("size(\(path)) = :v", [":v": s("\(count)")]))
        #expect(try holds("size(\(path)) <> :v", [":v": s("\(count)")]))
    }

    @Test("a comparison with a size that is not defined is false", arguments: undefinedSizeCases)
    func undefinedSize(path: String) throws {
        for symbol in ["=", "<>", "<", "<=", ">", ">="] {
            #expect(try !holds("size(\(path)) \(symbol) :v", [":v": n("1")]))
            #expect(try !holds(":v \(symbol) size(\(path))", [":v": n("1")]))
        }
        #expect(try !holds("size(\(path)) IN (:v)", [":v": n("1")]))
        #expect(try holds("NOT size(\(path)) = :v", [":v": n("1")]))
    }

    @Test("contains", arguments: containsCases)
    func contains(path: String, member: AttributeValue, expected: Bool) throws {
        #expect(try holds("contains(\(path), :v)", [":v": member]) == expected)
        #expect(try holds("NOT contains(\(path), :v)", [":v": member]) == !expected)
    }

    @Test("begins_with", arguments: beginsWithCases)
    func beginsWith(path: String, prefix: AttributeValue, expected: Bool) throws {
        #expect(try holds("begins_with(\(path), :v)", [":v": prefix]) == expected)
    }

    @Test("begins_with takes paths and values on both sides")
    func beginsWithReversed() throws {
        #expect(try holds("begins_with(:v, str)", [":v": s("hello, world")]))
        #expect(try !holds("begins_with(:v, num)", [":v": s("5")]))
        #expect(try holds("begins_with(str, #empty)"))
    }

    @Test("attribute_type knows the ten types")
    func types() throws {
        let types = [
            ("S", "str"), ("N", "num"), ("B", "bin"), ("BOOL", "yes"), ("NULL", "#nil"), ("L", "#list"), ("M", "#map"),
            ("SS", "strs"), ("NS", "nums"), ("BS", "bins"),
        ]
        for (type, _) in types {
            for (otherType, path) in types {
                #expect(try holds("attribute_type(\(path), :t)", [":t": s(type)]) == (type == otherType))
            }
        }
        #expect(try holds("attribute_type(:v, :t)", [":v": n("1"), ":t": s("N")]))
        #expect(try holds("attribute_type(size(str), :t)", [":t": s("N")]))
    }

    @Test("NOT binds tighter than AND, AND tighter than OR", arguments: precedenceCases)
    func precedence(text: String, expected: Bool) throws {
        let expanded = text.replacing("T", with: ":t = :t").replacing("F", with: ":t = :f")
            .replacing("NO:t = :t", with: "NOT").replacing("BE:t = :tWEEN", with: "BETWEEN")
        let withBound = item(["num": n("5"), "num2": n("1"), "big": n("9")])
        #expect(try holds(expanded, [":t": .boolean(true), ":f": .boolean(false)], on: withBound) == expected)
    }
}
