import Bytes
import TestSupport
import Testing

struct Base64Tests {
    @Test(
        "RFC 4648, section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(content: String, text: String) throws {
        #expect(Base64.encode(Array(content.utf8)) == text)
        #expect(try Base64.decode(Array(text.utf8)) == Array(content.utf8))
    }

    @Test
    func usesTheStandardAlphabet() throws {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        #expect(Base64.encode(try Base64.decode(Array(text.utf8))) == text)
        #expect(try Base64.decode(Array("+/+/".utf8)) == [0xFB, 0xFF, 0xBF])
    }

    @Test
    func appendsBehindWhatIsThere() {
        var output = Array("x".utf8)
        [UInt8]([1, 2, 3]).withUnsafeBytes { Base64.append($0, to: &output) }
        #expect(output == Array("xAQID".utf8))
    }

    @Test(arguments: seeds)
    func roundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let content = random.bytes(countMax: 40)
            let text = Base64.encode(content)
            #expect(text.utf8.count == (content.count + 2) / 3 * 4)
            #expect(try Base64.decode(Array(text.utf8)) == content)
        }
    }

    @Test(
        arguments: [
            ("A", .length(1)), ("AA", .length(2)), ("AAA", .length(3)), ("AAAAA", .length(5)),
            // Bits behind the last byte: only `AA==` is the canonical form of one zero byte.
            ("AB==", .unusedBits), ("A/==", .unusedBits), ("AAB=", .unusedBits), ("AAAAZh==", .unusedBits),
            ("AA-A", .character(UInt8(ascii: "-"))), ("AA_A", .character(UInt8(ascii: "_"))),
            ("A A=", .character(UInt8(ascii: " "))), ("AAA\n", .character(0x0A)), ("\u{0}AAA", .character(0)),
            // Padding anywhere but at the end.
            ("A===", .character(UInt8(ascii: "="))), ("====", .character(UInt8(ascii: "="))),
            ("=AAA", .character(UInt8(ascii: "="))), ("AA=A", .character(UInt8(ascii: "="))),
            ("AA==AAAA", .character(UInt8(ascii: "="))), ("é==", .character(0xC3)),
        ] as [(String, Base64Error)])
    func rejects(text: String, error: Base64Error) {
        #expect(throws: error) { try Base64.decode(Array(text.utf8)) }
    }
}
