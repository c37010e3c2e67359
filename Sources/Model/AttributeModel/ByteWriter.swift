import Bytes

/// Appends to memory of a fixed size; every write checks the room, so that a wrong bound stops the process and never harms it.
///
/// The buffer must outlive the writer: use it inside the closure that lends the memory.
struct ByteWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.buffer = buffer
    }

    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<count]) }

    @inline(__always)
    private mutating func advance(_ width: Int) -> Int {
        precondition(width >= 0 && width <= buffer.count - count, "the writer's room is a bound of what is written")
        let start = count
        count += width
        return start
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        let position = advance(1)
        buffer[position] = byte
    }

    @inline(__always)
    mutating func append(_ content: UnsafeRawBufferPointer) {
        appendRoom(content.count).copyMemory(from: content)
    }

    /// Appends bytes that the caller fills in.
    @inline(__always)
    mutating func appendRoom(_ width: Int) -> UnsafeMutableRawBufferPointer {
        let start = advance(width)
        return UnsafeMutableRawBufferPointer(rebasing: buffer[start..<count])
    }

    @inline(__always)
    mutating func appendVarint(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a varint length and the bytes; answers where the bytes lie.
    @inline(__always)
    @discardableResult
    mutating func appendLengthPrefixed(_ content: UnsafeRawBufferPointer) -> Range<Int> {
        appendVarint(content.count)
        append(content)
        return (count - content.count)..<count
    }

    /// Appends tag and room for the length; answers the position to close the container with.
    mutating func openContainer(_ tag: CompactValue.Tag) -> Int {
        append(tag.rawValue)
        return advance(4)
    }

    mutating func closeContainer(_ lengthPosition: Int) {
        precondition(lengthPosition + 4 <= count, "containers are closed behind where they were opened")
        let length = UInt32(truncatingIfNeeded: count - lengthPosition - 4)
        buffer.storeBytes(of: length.bigEndian, toByteOffset: lengthPosition, as: UInt32.self)
    }

    /// Forgets what was written from `position` on.
    mutating func rewind(to position: Int) {
        precondition(position >= 0 && position <= count, "only what was written can be taken back")
        count = position
    }
}
