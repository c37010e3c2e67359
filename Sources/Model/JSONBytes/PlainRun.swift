/// Finds the end of the bytes that stand for themselves in a JSON string, eight at a time.
enum PlainRun {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The position of the first quote, backslash or control character at or after `start`, or the end of the buffer.
    /// - Parameter isASCII: becomes false when there are other bytes before that position.
    @inline(__always)
    static func end(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ isASCII: inout Bool) -> Int {
        var position = start
        var seen: UInt64 = 0
        while position + 8 <= bytes.count {
            let word = word(bytes, position)
            let stops = stops(in: word)
            if stops != 0 {
                let below = (stops & (0 &- stops)) &- 1
                if (seen | word & below) & highs != 0 { isASCII = false }
                return position + stops.trailingZeroBitCount / 8
            }
            seen |= word
            position += 8
        }
        while position < bytes.count, !isStop(bytes[position]) {
            seen |= UInt64(bytes[position])
            position += 1
        }
        if seen & highs != 0 { isASCII = false }
        return position
    }

    /// The position of the first quote, backslash or control character at or after `start`, or the end of the buffer.
    static func end(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var isASCII = true
        return end(bytes, start, &isASCII)
    }

    /// Whether all bytes stand for themselves.
    @inline(__always)
    static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while position + 8 <= bytes.count {
            if stops(in: word(bytes, position)) != 0 { return false }
            position += 8
        }
        if position == bytes.count { return true }
        // The last eight bytes, some of them for the second time.
        if bytes.count >= 8 { return stops(in: word(bytes, bytes.count - 8)) == 0 }
        while position < bytes.count {
            if isStop(bytes[position]) { return false }
            position += 1
        }
        return true
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// Marks the highest bit of bytes that are stops. Only the lowest mark is sure: a borrow may set false marks above it.
    @inline(__always)
    private static func stops(in word: UInt64) -> UInt64 {
        zeros(word ^ ones &* 0x22) | zeros(word ^ ones &* 0x5C) | (word &- ones &* 0x20) & ~word & highs
    }

    @inline(__always)
    private static func isStop(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Marks the highest bit of bytes that are zero.
    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- ones) & ~word & highs
    }
}
