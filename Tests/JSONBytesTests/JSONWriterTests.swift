import JSONBytes
import Testing

struct JSONWriterTests {
    @Test
    func placesCommas() {
        #expect(
            written { writer in
                writer.beginObject()
                writer.key("a")
                writer.beginArray()
                writer.endArray()
                writer.key("b" as String)
                writer.beginArray()
                writer.number(1)
                writer.string("x")
                writer.boolean(true)
                writer.boolean(false)
                writer.beginObject()
                writer.endObject()
                writer.raw(Array("null".utf8))
                writer.plainString { $0 += Array("y".utf8) }
                writer.number(1.5)
                writer.endArray()
                writer.key("c")
                writer.beginObject()
                writer.key("d")
                writer.string("")
                writer.endObject()
                writer.key("e")
                writer.beginArray()
                writer.beginObject(key: "f")
                writer.number(1)
                writer.endObject()
                writer.beginObject(key: "")
                writer.beginObject(key: "g")
                writer.boolean(true)
                writer.key("h")
                writer.number(2)
                writer.endObject()
                writer.endObject()
                writer.endArray()
                writer.endObject()
            }
                == #"{"a":[],"b":[1,"x",true,false,{},null,"y",1.5],"c":{"d":""},"e":[{"f":1},{"":{"g":true,"h":2}}]}"#)
    }

    @Test(arguments: [
        ("", #""""#), ("a", #""a""#), ("\"", #""\"""#), ("\\", #""\\""#), ("/", #""/""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}\u{8}\u{C}\u{1F}", #""\u0000\u0008\u000c\u001f""#), ("\u{7F}", "\"\u{7F}\""),
        ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
        ("plain text before\nand text behind", #""plain text before\nand text behind""#), ("\"\"", #""\"\"""#),
    ])
    func escapesWhatItMust(value: String, text: String) {
        #expect(written { $0.string(value) } == text)
        #expect(written { writer in Array(value.utf8).withUnsafeBytes { writer.string(utf8: $0) } } == text)
        let keyed = "{\(text):\(text)}"
        #expect(
            written { writer in
                writer.beginObject()
                writer.key(value)
                writer.string(value)
                writer.endObject()
            } == keyed)
        #expect(
            written { writer in
                writer.beginObject()
                Array(value.utf8).withUnsafeBytes { writer.key(utf8: $0) }
                writer.string(value)
                writer.endObject()
            } == keyed)
    }

    @Test(arguments: 0..<20)
    func escapesAtEveryOffset(offset: Int) throws {
        let letters = String(repeating: "a", count: offset)
        for scalar in (0...0xFF).compactMap({ Unicode.Scalar($0 as UInt32) }) {
            let value = letters + String(Character(scalar)) + "zzzzzzzzz"
            let text = written { $0.string(value) }
            let document = try JSONDocument(parsing: Array(text.utf8))
            #expect(document.string(document.root).utf8.elementsEqual(value.utf8))
        }
    }

    @Test(arguments: [(0, "0"), (-1, "-1"), (Int.max, "9223372036854775807"), (Int.min, "-9223372036854775808")])
    func integers(value: Int, text: String) {
        #expect(written { $0.number(value) } == text)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-3.0, "-3"), (1.5, "1.5"), (1_761_050_096.789, "1761050096.789"),
        (1e14, "100000000000000"),
        (0.1, "0.1"), (1e300, "1e+300"), (Double.leastNonzeroMagnitude, "5e-324"), (1e15, "1000000000000000"),
        (0x1p53, "9007199254740992"), (-1e16, "-10000000000000000"), (0x1p54, "1.8014398509481984e+16"),
        (123_456_789_012_345.0, "123456789012345"),
    ])
    func doubles(value: Double, text: String) throws {
        #expect(written { $0.number(value) } == text)
        _ = try JSONDocument(parsing: Array(text.utf8))
        #expect(Double(text) == value)
    }

    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(reserving: 0)
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
