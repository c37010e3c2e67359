import Bytes
import Testing

@Suite struct PercentEncodingTests {
    @Test(
        arguments: [
            ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%C3%a9", "é"), ("100%", "100%"), ("%4", "%4"), ("%zz", "%zz"),
            ("%%41", "%A"), ("%2541", "%41"),
        ])
    func decodes(text: String, decoded: String) {
        #expect(PercentEncoding.decode(text.utf8, plusIsSpace: true) == decoded)
    }

    @Test func plus() {
        #expect(PercentEncoding.decode("a+b%2B".utf8, plusIsSpace: true) == "a b+")
        #expect(PercentEncoding.decode("a+b%2B".utf8, plusIsSpace: false) == "a+b+")
    }
}
