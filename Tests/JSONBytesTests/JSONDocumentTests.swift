import Bytes
import JSONBytes
import Testing

/// Reading what a parsed document holds.
struct JSONDocumentTests {
    @Test
    func knowsTheKindOfEachNode() throws {
        let document = try parsed(#"[{},[],"x",1.5,true,false,null]"#)
        var kinds: [JSONDocument.Kind] = []
        document.forEachElement(of: document.root) { kinds.append(document.kind($0)) }
        #expect(document.kind(document.root) == .array)
        #expect(kinds == [.object, .array, .string, .number, .booleanTrue, .booleanFalse, .null])
        #expect(document.count(of: document.root) == 7)
    }

    @Test
    func visitsMembersInTextOrderWithTheirValues() throws {
        let document = try parsed(#" { "b" : { "x" : [ 1 , { } ] } , "a" : [ [ ] ] , "b" : null } "#)
        var members: [String] = []
        document.forEachMember(of: document.root) { key, value in
            members.append(document.string(key) + "=" + raw(document, value))
        }
        #expect(members == [#"b={ "x" : [ 1 , { } ] }"#, "a=[ [ ] ]", "b=null"])
        #expect(document.count(of: document.root) == 3)
    }

    @Test
    func findsTheLastMemberOfAName() throws {
        let document = try parsed(#"{"a":1,"b":2,"a":3,"":4,"Key":5}"#)
        #expect(document.member("a", of: document.root).map { raw(document, $0) } == "3")
        #expect(document.member("b", of: document.root).map { raw(document, $0) } == "2")
        #expect(document.member("", of: document.root).map { raw(document, $0) } == "4")
        #expect(document.member("c", of: document.root) == nil)
        #expect(document.member("key", of: document.root) == nil)
        #expect(document.member("Ke", of: document.root) == nil)
        #expect(document.member("Keys", of: document.root) == nil)
    }

    @Test(arguments: ["[]", #""a""#, "1", "null"])
    func onlyObjectsHaveMembers(text: String) throws {
        let document = try parsed(text)
        #expect(document.member("a", of: document.root) == nil)
    }

    @Test
    func comparesNamesByTheirBytesWithEscapesResolved() throws {
        // U+212A, the Kelvin sign, equals K for Swift's strings.
        let document = try parsed(#"{"\u212Aey":1,"K":2,"\u004B2":3}"#)
        #expect(document.member("Key", of: document.root) == nil)
        #expect(document.member("K", of: document.root).map { raw(document, $0) } == "2")
        #expect(document.member("K2", of: document.root).map { raw(document, $0) } == "3")
        let plain = try parsed("{\"\u{212A}\":1}")
        #expect(plain.member("K", of: plain.root) == nil)
    }

    @Test
    func onlyStringsEqualNames() throws {
        let document = try parsed("[1,true,\"1\"]")
        var matches: [Bool] = []
        document.forEachElement(of: document.root) { matches.append(document.isString($0, equalTo: "1")) }
        #expect(matches == [false, false, true])
    }

    @Test(arguments: [
        (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\uD83D\uDE00""#, "😀"), (#""\ud83d\ude00x""#, "😀x"), (#""\u0000""#, "\u{0}"), ("\"é\\n😀\"", "é\n😀"),
        (#""\\u0041""#, #"\u0041"#), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\uFFFF""#, "\u{FFFF}"),
        // Half a pair has no UTF-8 form.
        (#""\uD800""#, "\u{FFFD}"), (#""\uDC00""#, "\u{FFFD}"), (#""\uD800x""#, "\u{FFFD}x"),
        (#""\uD800\n""#, "\u{FFFD}\n"),
        (#""\uD800\uD800""#, "\u{FFFD}\u{FFFD}"), (#""\uDE00\uD83D""#, "\u{FFFD}\u{FFFD}"),
        (#""\uD800\u0041""#, "\u{FFFD}A"),
        (#""\uD800\uD83D\uDE00""#, "\u{FFFD}😀"), (#""\uD83Du1234""#, "\u{FFFD}u1234"),
    ])
    func resolvesEscapes(text: String, value: String) throws {
        let document = try parsed(text)
        #expect(document.stringBytes(document.root) == Array(value.utf8))
        #expect(document.text(document.root) == Text(value))
        #expect(document.withStringBytes(of: document.root) { Array($0) } == Array(value.utf8))
        #expect(document.isEscaped(document.root) == text.contains("\\"))
        // The same as a key.
        let object = try parsed("{\(text):\(text)}")
        object.forEachMember(of: object.root) { key, _ in #expect(object.stringBytes(key) == Array(value.utf8)) }
    }

    @Test
    func showsTheTextOfANodeAsItStands() throws {
        let document = try parsed(#"[ "a\n" , -1.50e+3 , { "x" : [ ] } ]"#)
        var texts: [String] = []
        document.forEachElement(of: document.root) { texts.append(raw(document, $0)) }
        #expect(texts == [#"a\n"#, "-1.50e+3", #"{ "x" : [ ] }"#])
    }

    @Test
    func visitsPassErrorsOn() throws {
        struct Stop: Error {}
        let document = try parsed("[1,2,3]")
        var visited = 0
        #expect(throws: Stop.self) {
            try document.forEachElement(of: document.root) { _ throws(Stop) in
                visited += 1
                if visited == 2 { throw Stop() }
            }
        }
        #expect(visited == 2)
    }

    /// Texts of nothing but tiny nodes need a larger table than usual ones.
    @Test(arguments: [1, 2, 3, 10, 100, 1000, 100_000])
    func holdsAnyDensityOfNodes(count: Int) throws {
        let numbers = try parsed("[" + [String](repeating: "1", count: count).joined(separator: ",") + "]")
        #expect(numbers.count(of: numbers.root) == count)
        let objects = try parsed("[" + [String](repeating: #"{"":[]}"#, count: count).joined(separator: ",") + "]")
        var nested = 0
        objects.forEachElement(of: objects.root) { object in
            objects.forEachMember(of: object) { _, value in nested += objects.kind(value) == .array ? 1 : 0 }
        }
        #expect(nested == count)
    }

    private func parsed(_ text: String) throws -> JSONDocument { try JSONDocument(parsing: Array(text.utf8)) }

    private func raw(_ document: JSONDocument, _ node: JSONDocument.Node) -> String {
        document.withRawBytes(of: node) { String(decoding: $0, as: UTF8.self) }
    }
}
