import Bytes
import Testing

@Suite("Decimal text") struct DecimalTextTests {
    @Test(arguments: [
        (0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (1_234_567, "1234567"),
        (UInt64.max, "18446744073709551615"),
    ])
    func digits(value: UInt64, text: String) {
        var bytes = Array("n=".utf8)
        bytes.appendDecimal(value)
        #expect(String(decoding: bytes, as: UTF8.self) == "n=" + text)
        #expect(text.utf8Read { UInt64(decimal: $0) } == value)
    }

    @Test(arguments: [(7, 1, "7"), (7, 3, "007"), (0, 2, "00"), (1234, 2, "34"), (5, 20, "00000000000000000005")])
    func fixedWidths(value: UInt64, width: Int, text: String) {
        var bytes: [UInt8] = []
        bytes.appendDecimal(value, width: width)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test(arguments: ["", "-1", "+1", " 1", "1 ", "1.0", "a", "18446744073709551616", "99999999999999999999999"])
    func textsThatAreNoNumbers(text: String) {
        #expect(text.utf8Read { UInt64(decimal: $0) } == nil)
    }

    @Test("a part of a text")
    func parts() {
        let text = "2026-11-29"
        #expect(text.utf8Read { UInt64(decimal: $0, 5..<7) } == 11)
        #expect(text.utf8Read { UInt64(decimal: $0, 4..<7) } == nil)
        #expect(text.utf8Read { UInt64(decimal: $0, 8..<11) } == nil)
    }
}

extension String {
    fileprivate func utf8Read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Array(utf8).withUnsafeBytes(body)
    }
}
