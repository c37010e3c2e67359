/// Variable-length unsigned integers: seven bits a byte, lowest first, the top bit says that more follow.
public enum Varint {
    /// The longest encoding of a `UInt64`.
    public static let bytesMax = 10

    @inlinable
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

extension Array where Element == UInt8 {
    /// Appends the value with its highest byte first, so that bytes order as the numbers do.
    @inlinable
    public mutating func appendBigEndian<Integer: FixedWidthInteger & UnsignedInteger>(_ value: Integer) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Appends a varint length and the bytes.
    @inlinable
    public mutating func appendLengthPrefixed(_ content: [UInt8]) {
        Varint.append(UInt64(content.count), to: &self)
        append(contentsOf: content)
    }
}
