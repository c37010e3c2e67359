import AttributeModel
import Bytes
import Expressions
import Testing

@Suite("Projections")
struct ProjectionTests {
    private let sample = item([
        "pk": s("key"), "a": map(["b": .list([n("2"), n("4"), map(["x": s("hi"), "y": s("yo")])]), "c": n("5")]),
        "b": s("hello"), "a.b": s("dotted"), "and": map(["2": n("1")]), "empty": map([:]),
    ])

    @Test("the parts keep their place")
    func parts() throws {
        let b = n("5")
        let cases: [(String, Item)] = [
            ("a", item(["a": map(["b": .list([n("2"), n("4"), map(["x": s("hi"), "y": s("yo")])]), "c": b])])),
            ("b, pk", item(["pk": s("key"), "b": s("hello")])),
            ("gone", .empty),
            ("a.c", item(["a": map(["c": b])])),
            ("a.b[0]", item(["a": map(["b": .list([n("2")])])])),
            ("a.b[2].y", item(["a": map(["b": .list([map(["y": s("yo")])])])])),
            ("a.b[2], a.b[0]", item(["a": map(["b": .list([n("2"), map(["x": s("hi"), "y": s("yo")])])])])),
            ("a.b[1],a.b[5],a.b[0]", item(["a": map(["b": .list([n("2"), n("4")])])])),
            (
                "a.b[2].y, a.c, b, a.b[2].x",
                item([
                    "a": map(["b": .list([map(["x": s("hi"), "y": s("yo")])]), "c": b]), "b": s("hello"),
                ])
            ),
            ("a.b[0], a.c", item(["a": map(["b": .list([n("2")]), "c": b])])),
            ("a.x, a.b[0], gone, a.b[3].x", item(["a": map(["b": .list([n("2")])])])),
            ("#dot", item(["a.b": s("dotted")])),
            ("#and.#2", item(["and": map(["2": n("1")])])),
        ]
        for (text, expected) in cases {
            let result = try projection(text).project(sample)
            #expect(result == expected, "\(text): \(result.attributes)")
        }
        for text in ["a.b[3]", "a.x", "a.x.y", "a.b[3].x", "a.b.x", "a[0]", "a.b[0].x", "a.b[0][0]", "b.x", "b[0]"] {
            #expect(try projection(text).project(sample) == .empty, "\(text)")
        }
    }

    @Test("faults, in the order of their priority")
    func faults() {
        let prefix = "Invalid ProjectionExpression: "
        let cases: [(String, String)] = [
            ("Abort", "Attribute name is a reserved keyword; reserved keyword: Abort"),
            ("a.zone", "Attribute name is a reserved keyword; reserved keyword: zone"),
            ("and", "Attribute name is a reserved keyword; reserved keyword: and"),
            ("#no, #no, abort", "Attribute name is a reserved keyword; reserved keyword: abort"),
            (
                "b, b, a.#no",
                "An expression attribute name used in the document path is not defined; attribute name: #no"
            ),
            ("a[9999999999]", "List index is not within the allowable range; index: [9999999999]"),
        ]
        for (text, detail) in cases { #expect(projectionRefusal(text) == prefix + detail) }
    }

    @Test("overlaps and conflicts")
    func collisions() {
        let cases: [(String, String, String, String)] = [
            ("a, a", "overlap", "[a]", "[a]"), ("a, #a", "overlap", "[a]", "[a]"),
            ("a.b, a.b", "overlap", "[a, b]", "[a, b]"), ("a[1], a[1]", "overlap", "[a, [1]]", "[a, [1]]"),
            ("a.b, a", "overlap", "[a, b]", "[a]"), ("b, a, a.b[2].c", "overlap", "[a]", "[a, b, [2], c]"),
            ("a.b[0], a.#b[0]", "overlap", "[a, b, [0]]", "[a, b, [0]]"),
            ("a.b, a[1]", "conflict", "[a, b]", "[a, [1]]"),
            ("a.b, a[1], c, c", "overlap", "[c]", "[c]"),
        ]
        for (text, relation, first, second) in cases {
            #expect(
                projectionRefusal(text)
                    == "Invalid ProjectionExpression: Two document paths \(relation) with each other; "
                    + "must remove or rewrite one of these paths; path one: \(first), path two: \(second)")
        }
        for text in ["a, b", "a.b, a.c", "a.b.d, a.b.e", "a[1], a[2]", "a.b, a.c[2]", "#dot, a.c"] {
            #expect(projectionRefusal(text) == nil)
        }
    }

    @Test("attributes are listed once; a key attribute is no document")
    func names() throws {
        let expression = try projection("b.c, a, b.d")
        #expect(expression.topLevelNames == ["b", "a"])
        #expect(
            refusal { try expression.checkKeyPaths(["a"], indexKeyNames: ["b"]) }
                == "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: b"
        )
        #expect(refusal { try expression.checkKeyPaths(["a"], indexKeyNames: []) } == nil)
    }

    @Test("AttributesToGet takes top-level names as they are")
    func attributesToGet() throws {
        let expression = try ProjectionExpression(attributesToGet: ["a.b", "pk", "gone", "size"])
        #expect(expression.project(sample) == item(["a.b": s("dotted"), "pk": s("key")]))
        #expect(expression.topLevelNames == ["a.b", "pk", "gone", "size"])
        #expect(
            refusal { _ = try ProjectionExpression(attributesToGet: ["a", "b", "b", "a"]) }
                == "One or more parameter values were invalid: Duplicate value in attribute name: b")
    }
}
