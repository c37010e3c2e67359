import JSONBytes
import Testing

@testable import WireProtocol

/// Reference `data-plane.md` 1.3 and 3.
@Suite("Requests: constraints, shapes and what messages show")
struct RequestsTests {
    private func document(_ text: String) throws -> JSONDocument {
        try JSONDocument(parsing: Array(text.utf8))
    }

    @Test(
        "JSON as messages show it",
        arguments: [
            (#"{"a":{"S":"x"},"b":[1,true,null]}"#, "{a={S=x}, b=[1, true, null]}"), ("[]", "[]"), ("{}", "{}"),
            (#"["a\u0041"]"#, "[aA]"), (#"[[],[{}]]"#, "[[], [{}]]"),
        ])
    func shownValue(_ json: String, _ shown: String) throws {
        let document = try document(json)
        #expect(ShownValue.text(document, document.root) == shown)
    }

    @Test("long values are cut, brackets close")
    func longValue() throws {
        let document = try document(#"{"t":[\#(Array(repeating: #""abc""#, count: 5000).joined(separator: ","))]}"#)
        let shown = ShownValue.text(document, document.root)
        #expect(shown.hasPrefix("{t=[abc, abc, "))
        #expect(shown.hasSuffix("abc]}"))
        #expect(shown.utf8.count < ShownValue.bytesMax + 20)
    }

    @Test("at most ten violations are named")
    func manyViolations() {
        var constraints = Constraints()
        for number in 1...12 { constraints.require(false, at: "m\(number)") }
        let error = #expect(throws: WireError.self) { try constraints.throwIfViolated() }
        let message = error?.message ?? ""
        #expect(message.hasPrefix("12 validation errors detected: Value null at 'm1' failed"))
        #expect(message.hasSuffix("Value null at 'm10' failed to satisfy constraint: Member must not be null"))
    }

    @Test("lengths count characters as Unicode scalars")
    func lengths() {
        var constraints = Constraints()
        constraints.checkLength("é€😀", at: "a", 1...3)
        #expect(!constraints.hasViolations)
        constraints.checkLength("e\u{301}", at: "a", 1...1)
        #expect(constraints.hasViolations)
    }

    @Test(
        "integers are cut to whole numbers",
        arguments: [
            ("1", 1), ("1.9", 1), ("-1.9", -1), ("1e2", 100), ("0", 0), ("9007199254740993", 9_007_199_254_740_993),
        ])
    func integers(_ text: String, _ value: Int) throws {
        let document = try document(#"{"a":\#(text)}"#)
        #expect(try RequestBody(document: document, node: document.root).integer("a") == value)
    }

    @Test(
        "numbers too large for an integer are refused, not trapped on",
        arguments: ["1e30", "-1e400", "99999999999999999999"])
    func hugeIntegers(_ text: String) throws {
        let document = try document(#"{"a":\#(text)}"#)
        #expect(throws: RequestBody.unexpectedType) {
            try RequestBody(document: document, node: document.root).integer("a")
        }
    }

    @Test("the last of repeated members counts")
    func repeatedMembers() throws {
        let document = try document(#"{"a":"1","a":"2"}"#)
        #expect(try RequestBody(document: document, node: document.root).string("a") == "2")
    }

    @Test("digests see what is asked for, not how it is written")
    func digests() throws {
        func digest(_ json: String) throws -> [UInt8] {
            let document = try document(json)
            return RequestDigest.digest(of: RequestBody(document: document, node: document.root), "T")
        }
        let one = try digest(#"{"T":[{"a":"x","b":{"c":[1,2]}}]}"#)
        #expect(one.count == 32)
        #expect(try digest(##"{"Z":1,"T" : [ {"b":{"c":[1,2],"d":null},"a":"\u0078"} ]}"##) == one)
        for other in [
            #"{"T":[{"a":"x","b":{"c":[2,1]}}]}"#, #"{"T":[{"a":"x","b":{"c":[1,2]}},{}]}"#,
            #"{"T":[{"a":"xb","":{"c":[1,2]}}]}"#,
            #"{"T":[{"a":"x"},{"b":{"c":[1,2]}}]}"#, #"{"T":[{"a":"x","b":{"c":[1],"d":2}}]}"#,
        ] {
            #expect(try digest(other) != one, "\(other)")
        }
    }
}
