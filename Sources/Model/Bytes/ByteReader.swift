/// A cursor over stored bytes. Every read checks the end, so damaged bytes become an error and never a trap.
///
/// The buffer must outlive the reader: use it inside `withUnsafeBytes`.
public struct ByteReader {
    public let bytes: UnsafeRawBufferPointer
    @usableFromInline var offset: Int

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        offset = position
    }

    @inlinable public var position: Int { offset }
    @inlinable public var isAtEnd: Bool { offset >= bytes.count }
    @inlinable public var remaining: Int { bytes.count - offset }

    @inlinable @inline(__always)
    public mutating func readByte() throws(DamagedBytes) -> UInt8 {
        guard offset < bytes.count else { throw DamagedBytes(position: offset) }
        let byte = bytes[offset]
        offset += 1
        return byte
    }

    /// Only the shortest encoding of a value is read, so that equal values are equal bytes.
    @inlinable
    public mutating func readVarint() throws(DamagedBytes) -> UInt64 {
        let first = try readByte()
        return first < 0x80 ? UInt64(first) : try readVarint(after: first)
    }

    @usableFromInline
    mutating func readVarint(after first: UInt8) throws(DamagedBytes) -> UInt64 {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 64 {
            let byte = try readByte()
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                let isShortest = byte != 0 && (shift < 63 || byte == 1)
                guard isShortest else { break }
                return value
            }
            shift += 7
        }
        throw DamagedBytes(position: offset)
    }

    /// A varint that counts or measures something in this buffer.
    @inlinable @inline(__always)
    public mutating func readCount() throws(DamagedBytes) -> Int {
        let value = try readVarint()
        guard value <= UInt64(remaining) else { throw DamagedBytes(position: offset) }
        return Int(value)
    }

    @inlinable
    public mutating func readBigEndian<Integer: FixedWidthInteger & UnsignedInteger>(
        _ type: Integer.Type
    ) throws(DamagedBytes) -> Integer {
        let width = Integer.bitWidth / 8
        guard remaining >= width else { throw DamagedBytes(position: offset) }
        var value: Integer = 0
        for index in 0..<width {
            value = value << 8 | Integer(bytes[offset + index])
        }
        offset += width
        return value
    }

    @inlinable @inline(__always)
    public mutating func readSlice(_ count: Int) throws(DamagedBytes) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw DamagedBytes(position: offset) }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
        offset += count
        return slice
    }

    /// Bytes behind a varint length.
    @inlinable @inline(__always)
    public mutating func readLengthPrefixed() throws(DamagedBytes) -> UnsafeRawBufferPointer {
        let count = try readCount()
        return try readSlice(count)
    }
}

/// Stored bytes do not have the form that their decoder expects.
public struct DamagedBytes: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where reading stopped, in bytes from the start of the decoded buffer.
    public var position: Int

    @inlinable
    public init(position: Int) {
        self.position = position
    }

    public var description: String { "damaged bytes at offset \(position)" }
}
