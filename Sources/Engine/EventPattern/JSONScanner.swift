import Bytes

/// Reads JSON text once from left to right, without building anything: strict RFC 8259, like `JSONBytes`.
struct JSONScanner {
    /// The deepest nesting that is read.
    static let depthMax = 512

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next byte that is no blank; 0 at the end, where no byte of JSON is.
    @inline(__always)
    mutating func nextByte() -> UInt8 {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    var failure: EventError { .notJSON(position: position) }

    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(EventError) {
        guard nextByte() == byte else { throw failure }
        position += 1
    }

    /// Reads the comma before a further member or element, or the end; answers whether there is more.
    @inline(__always)
    mutating func hasNext(isFirst: Bool, end: UInt8) throws(EventError) -> Bool {
        let byte = nextByte()
        if byte == end {
            position += 1
            return false
        }
        if isFirst { return true }
        guard byte == UInt8(ascii: ",") else { throw failure }
        position += 1
        return true
    }

    // MARK: strings

    /// The content of a string, escapes unresolved.
    struct Content {
        var raw: UnsafeRawBufferPointer
        var isEscaped: Bool
    }

    /// Reads a string from its opening quote on.
    @inline(__always)
    mutating func readString() throws(EventError) -> Content {
        try expect(UInt8(ascii: "\""))
        let start = position
        var end = start
        var seen: UInt64 = 0
        var isEscaped = false
        while true {
            end = endOfPlainRun(end, &seen)
            guard end < bytes.count, bytes[end] >= 0x20 else { return try fail(at: end) }
            if bytes[end] == UInt8(ascii: "\"") { break }
            isEscaped = true
            end = try endOfEscape(end)
        }
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        if seen & Self.highs != 0, !UTF8Check.isWellFormed(raw) { throw failure }
        position = end + 1
        return Content(raw: raw, isEscaped: isEscaped)
    }

    private mutating func fail(at place: Int) throws(EventError) -> Content {
        position = place
        throw failure
    }

    /// The position of the next quote, backslash or control character.
    @inline(__always)
    private func endOfPlainRun(_ start: Int, _ seen: inout UInt64) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let stops = Self.stops(in: word)
            if stops != 0 {
                seen |= word & ((stops & (0 &- stops)) &- 1)
                return index + stops.trailingZeroBitCount >> 3
            }
            seen |= word
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            seen |= UInt64(byte)
            index += 1
        }
        return index
    }

    /// Marks the highest bit of bytes that end a plain run. Only the lowest mark is sure: a borrow may set false marks above it.
    @inline(__always)
    private static func stops(in word: UInt64) -> UInt64 {
        let quotes = word ^ ones &* 0x22
        let backslashes = word ^ ones &* 0x5C
        return ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word)
            & highs
    }

    private func endOfEscape(_ start: Int) throws(EventError) -> Int {
        guard start + 1 < bytes.count else { throw .notJSON(position: start) }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard JSONEscape.unit(bytes, start + 2) != nil else { throw .notJSON(position: start) }
            return start + 6
        default: throw .notJSON(position: start)
        }
    }

    // MARK: other scalars

    mutating func readWord(_ word: StaticString) throws(EventError) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position + offset < bytes.count, bytes[position + offset] == word.utf8Start[offset] else {
                throw failure
            }
        }
        position += word.utf8CodeUnitCount
    }

    mutating func readNumber() throws(EventError) -> UnsafeRawBufferPointer {
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        let integer = position
        try readDigits()
        if bytes[integer] == UInt8(ascii: "0"), position > integer + 1 { throw .notJSON(position: integer) }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try readDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try readDigits()
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    }

    /// At least one digit.
    @inline(__always)
    private mutating func readDigits() throws(EventError) {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        if position == start { throw failure }
    }

    // MARK: skipping

    /// Reads over one value.
    /// - Parameter depth: how many containers are open around it.
    @inline(__always)
    mutating func skipValue(depth: Int) throws(EventError) {
        let byte = nextByte()
        if byte == UInt8(ascii: "\"") {
            _ = try readString()
        } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
            try skipContainer(depth: depth)
        } else {
            try skipScalar(byte)
        }
    }

    @inline(__always)
    private mutating func skipScalar(_ byte: UInt8) throws(EventError) {
        switch byte {
        case UInt8(ascii: "t"): try readWord("true")
        case UInt8(ascii: "f"): try readWord("false")
        case UInt8(ascii: "n"): try readWord("null")
        default: _ = try readNumber()
        }
    }

    /// Reads over a container with all that it holds. A bit for each open container says whether it is an object, so that depth never
    /// becomes call depth.
    private mutating func skipContainer(depth outer: Int) throws(EventError) {
        var depth = 0
        var kinds = ContainerKinds()
        var isFirst = true
        repeat {
            if isFirst {
                guard outer + depth < Self.depthMax else { throw failure }
                kinds.set(depth, isObject: bytes[position] == UInt8(ascii: "{"))
                depth += 1
                position += 1
            }
            // Members and elements up to the next container that opens or closes.
            let isObject = kinds.isObject(depth - 1)
            var opens = false
            while !opens,
                try hasNext(isFirst: isFirst, end: isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
            {
                isFirst = false
                if isObject {
                    _ = try readString()
                    try expect(UInt8(ascii: ":"))
                }
                let byte = nextByte()
                if byte == UInt8(ascii: "\"") {
                    _ = try readString()
                } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                    opens = true
                } else {
                    try skipScalar(byte)
                }
            }
            isFirst = opens
            if !opens { depth -= 1 }
        } while depth > 0
    }

    /// One bit for each level of `depthMax`.
    private struct ContainerKinds {
        private var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)

        @inline(__always)
        mutating func set(_ level: Int, isObject: Bool) {
            withUnsafeMutableBytes(of: &words) { words in
                let bit: UInt8 = 1 << UInt8(truncatingIfNeeded: level & 7)
                if isObject { words[level >> 3] |= bit } else { words[level >> 3] &= ~bit }
            }
        }

        @inline(__always)
        mutating func isObject(_ level: Int) -> Bool {
            withUnsafeBytes(of: &words) { $0[level >> 3] & (1 << UInt8(truncatingIfNeeded: level & 7)) != 0 }
        }
    }
}
