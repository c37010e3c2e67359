/// The sequence numbers that stream readers see: 21 decimal digits that order as the log does.
public enum SequenceNumber {
    public static let digits = 21
    private static let leading: Character = "1"

    public static func text(of sequence: UInt64) -> String {
        String(unsafeUninitializedCapacity: digits) { text in
            var rest = sequence
            for place in (1..<digits).reversed() {
                text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            text[0] = UInt8(ascii: "1")
            return digits
        }
    }

    /// The place in the log; nil when the text is no sequence number of this program.
    public static func parse(_ text: String) -> UInt64? {
        guard text.utf8.count == digits, text.first == leading, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        return UInt64(text.dropFirst())
    }
}
