import Bytes

/// The sequence numbers that stream readers see: 21 decimal digits that order as the log does.
public enum SequenceNumber {
    public static let digits = 21
    private static let leading = UInt8(ascii: "1")

    public static func text(of sequence: UInt64) -> String {
        var bytes: [UInt8] = []
        append(sequence, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `text`.
    public static func append(_ sequence: UInt64, to bytes: inout [UInt8]) {
        bytes.append(leading)
        bytes.appendDecimal(sequence, width: digits - 1)
    }

    /// The place in the log; nil when the text is no sequence number of this program.
    public static func parse(_ text: String) -> UInt64? {
        var text = text
        return text.withUTF8 { parse(utf8: UnsafeRawBufferPointer($0)) }
    }

    public static func parse(utf8 text: UnsafeRawBufferPointer) -> UInt64? {
        guard text.count == digits, text.first == leading else { return nil }
        return UInt64(decimal: text, 1..<digits)
    }
}
