import JSONBytes
import Testing

/// Which texts are JSON (RFC 8259), and which are not.
struct JSONGrammarTests {
    @Test(arguments: [
        "{}", "[]", "\"\"", "0", "true", "false", "null", " \t\r\n{ \t\r\n} \t\r\n", "[ ]", "[1]", "[ 1 , 2 ]",
        #"{"a":1}"#, #"{ "a" : 1 , "b" : [ ] }"#, "[[[[]]]]", #"{"":{"":{"":{}}}}"#, #"[{},[],"",0,null,true,false]"#,
        #"{"a":1,"a":2}"#, "[{\"a\":[{}]},[[]],{}]",
    ])
    func structures(text: String) {
        #expect(isJSON(text))
    }

    @Test(arguments: [
        "", " ", "\n", "{", "}", "[", "]", "{]", "[}", "[[]", "{}}", "[]]", "{} {}", "{},", ",", ":", "[,]", "[1,]",
        "[,1]", "[1,,2]", "[1 2]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#,
        #"{"a":1,,"b":2}"#, #"{"a" 1}"#, #"{"a"::1}"#, #"{a:1}"#, "{1:1}", "{null:1}", "{[]:1}", #"["a":1]"#,
        #"{"a":1]"#,
        "[1}", "// comment\n{}", "{}/**/", "{}x", "1 1", "'a'", "\u{FEFF}{}", "\u{A0}1", "1\u{0}", "\u{0C}1", "\u{0B}1",
    ])
    func brokenStructures(text: String) {
        #expect(!isJSON(text))
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "1234567890", "0.0", "0.10", "-0.5", "1.5", "1e1", "1E1", "1e+1", "1e-1", "1E+01",
        "0e0",
        "0e999999999", "-1.5e-300", "123456789012345678901234567890.123456789012345678901234567890",
    ])
    func numbers(text: String) {
        #expect(isJSON(text))
        #expect(isJSON("[\(text)]"))
        #expect(isJSON("[\(text) ,\(text)]"))
    }

    @Test(arguments: [
        "-", "+1", "--1", "01", "-01", "00", "1.", ".5", "-.5", "1.e1", "1e", "1E+", "1e-", "1e1.5", "1.2.3", "0x10",
        "1_000", "NaN",
        "Infinity", "-Infinity", "1a", "1-", "e1", "１",
    ])
    func notNumbers(text: String) {
        #expect(!isJSON(text))
        #expect(!isJSON("[\(text)]"))
        #expect(!isJSON("[\(text),1]"))
    }

    @Test(arguments: [
        "tru", "True", "TRUE", "truex", "fals", "falsey", "nul", "nil", "nulll", "undefined", "t", "f", "n", "ture",
    ])
    func notWords(text: String) {
        #expect(!isJSON(text))
        #expect(!isJSON("[\(text)]"))
        #expect(!isJSON("{\"a\":\(text)}"))
    }

    @Test(arguments: [
        #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9\u00E9""#, #""\uD83D\uDE00""#, "\"é€😀\"", "\"\u{7F}\"",
        "\"\u{2028}\u{2029}\"", #""'""#, #""//""#,
        // Unpaired surrogates are legal in the grammar; what they mean is up to the reader.
        #""\uD800""#, #""\uDC00""#, #""\uD800\uD800""#, #""\uDC00\uD800""#, #""\uD800x""#, #""\uD800\n""#,
    ])
    func strings(text: String) {
        #expect(isJSON(text))
        #expect(isJSON("{\(text):\(text)}"))
    }

    @Test(arguments: [
        #"""#, #""a"#, #"a""#, #""\""#, #""\x41""#, #""\a""#, #""\'""#, #""\0""#, #""\u""#, #""\u1""#, #""\u12""#,
        #""\u123""#,
        #""\u123g""#, #""\u 123""#, #""\U0041""#, #""\u+123""#, #""\u-123""#, "\"\\", "\"\\\n\"", "\"\n\"", "\"\t\"",
        "\"\r\"",
        "\"\u{0}\"", "\"\u{1F}\"", "\"a\"b\"",
    ])
    func brokenStrings(text: String) {
        #expect(!isJSON(text))
        #expect(!isJSON("{\(text):1}"))
    }

    /// A stop, an escape or a byte outside ASCII is found wherever it lies in the eight bytes that are looked at together.
    @Test(arguments: 0..<20)
    func specialBytesAtEveryOffset(offset: Int) {
        let letters = [UInt8](repeating: 0x61, count: offset)
        for following in 0..<20 {
            let rest = [UInt8](repeating: 0x7A, count: following)
            func isString(_ middle: [UInt8]) -> Bool { isJSON([0x22] + letters + middle + rest + [0x22]) }
            #expect(isString([]))
            for byte in 0...0x1F as ClosedRange<UInt8> { #expect(!isString([byte])) }
            #expect(!isString([0x22]))
            #expect(isString([0x5C, 0x22]))
            #expect(isString([0x5C, 0x5C]))
            #expect(isString([0xC3, 0xA9]))
            #expect(!isString([0xC3]))
            #expect(!isString([0x80]))
            #expect(!isString([0xFF]))
            #expect(isString([0x7F, 0x20, 0x21, 0x23]))
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xC3, 0x22], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF8], [0xFF],
        ] as [[UInt8]])
    func malformedUTF8(bytes: [UInt8]) {
        #expect(!isJSON([0x22] + bytes + [0x22]))
        #expect(!isJSON([0x7B, 0x22] + bytes + [0x22, 0x3A, 0x31, 0x7D]))
        // Also next to an escape, where the text is not plain.
        #expect(!isJSON([0x22, 0x5C, 0x6E] + bytes + [0x22]))
        // And outside strings.
        #expect(!isJSON(bytes))
        #expect(!isJSON([0x5B] + bytes + [0x5D]))
    }

    @Test
    func depthHasALimit() {
        func arrays(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        func objects(_ depth: Int) -> String {
            String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        }
        #expect(isJSON(arrays(JSONDocument.depthMax)))
        #expect(!isJSON(arrays(JSONDocument.depthMax + 1)))
        #expect(isJSON(objects(JSONDocument.depthMax)))
        #expect(!isJSON(objects(JSONDocument.depthMax + 1)))
        // Siblings do not add up.
        #expect(isJSON("[" + [String](repeating: "[]", count: 2 * JSONDocument.depthMax).joined(separator: ",") + "]"))
        // A million brackets are refused without a million stack frames.
        #expect(!isJSON(String(repeating: "[", count: 1_000_000)))
    }

    @Test(arguments: [
        ("", 0), ("[1,]", 3), ("{\"a\" 1}", 5), ("{} x", 3), ("[tru]", 4), ("[tr", 1), ("[trux]", 4), ("01", 0),
        ("\"ab\n\"", 3), ("\"a\\x\"", 2),
        ("[\"ab", 4), ("[1.]", 3), ("{\"a\":1,}", 7),
    ])
    func errorsTellThePlace(text: String, position: Int) {
        #expect(throws: JSONError(position: position)) { try JSONDocument(parsing: Array(text.utf8)) }
    }

    private func isJSON(_ text: String) -> Bool { isJSON(Array(text.utf8)) }

    private func isJSON(_ bytes: [UInt8]) -> Bool { (try? JSONDocument(parsing: bytes)) != nil }
}
