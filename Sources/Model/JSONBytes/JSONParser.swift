import Bytes

/// Fills the node table of a `JSONDocument`: strict RFC 8259 with an explicit stack, so that depth never becomes call depth.
///
/// The table has a fixed room; `parse` says when that does not suffice, and the caller begins again with more.
struct JSONParser {
    private static let none = UInt32.max
    /// The most nodes that one step adds: a key and its value.
    private static let nodesPerStepMax = 2

    private let bytes: UnsafeRawBufferPointer
    private let entries: UnsafeMutableBufferPointer<JSONDocument.Entry>
    private(set) var count = 0
    private var position = 0
    private var depth = 0
    /// The innermost open container. While a container is open, its `following` is the container around it.
    private var container = none
    private var isObject = false

    init(_ bytes: UnsafeRawBufferPointer, into entries: UnsafeMutableBufferPointer<JSONDocument.Entry>) {
        self.bytes = bytes
        self.entries = entries
    }

    /// Reads the whole text; false when the table is full before its end.
    mutating func parse() throws(JSONError) -> Bool {
        guard hasRoom else { return false }
        skipBlanks()
        try readValue()
        while container != Self.none {
            guard hasRoom else { return false }
            try readNext()
        }
        skipBlanks()
        guard position == bytes.count else { throw JSONError(position: position) }
        return true
    }

    private var hasRoom: Bool { entries.count - count >= Self.nodesPerStepMax }

    /// Reads one member or element, or the end of the container.
    @inline(__always)
    private mutating func readNext() throws(JSONError) {
        skipBlanks()
        guard position < bytes.count else { throw JSONError(position: position) }
        let byte = bytes[position]
        if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) { return close() }
        let isFirst = Int(container) == count - 1
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw JSONError(position: position) }
            position += 1
            skipBlanks()
        }
        if isObject { try readKey() }
        try readValue()
    }

    @inline(__always)
    private mutating func readKey() throws(JSONError) {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw JSONError(position: position)
        }
        try readString()
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
            throw JSONError(position: position)
        }
        position += 1
        skipBlanks()
    }

    @inline(__always)
    private mutating func readValue() throws(JSONError) {
        guard position < bytes.count else { throw JSONError(position: position) }
        switch bytes[position] {
        case UInt8(ascii: "\""): try readString()
        case UInt8(ascii: "{"): try openContainer(.object)
        case UInt8(ascii: "["): try openContainer(.array)
        case UInt8(ascii: "t"): try readWord("true", .booleanTrue)
        case UInt8(ascii: "f"): try readWord("false", .booleanFalse)
        case UInt8(ascii: "n"): try readWord("null", .null)
        default: try readNumber()
        }
    }

    @inline(__always)
    private mutating func openContainer(_ kind: JSONDocument.Kind) throws(JSONError) {
        guard depth < JSONDocument.depthMax else { throw JSONError(position: position) }
        let around = container
        container = UInt32(truncatingIfNeeded: count)
        append(kind, position, position)
        entries[Int(container)].following = around
        isObject = kind == .object
        depth += 1
        position += 1
    }

    @inline(__always)
    private mutating func close() {
        position += 1
        let closed = Int(container)
        container = entries[closed].following
        entries[closed].end = UInt32(truncatingIfNeeded: position)
        entries[closed].following = UInt32(truncatingIfNeeded: count)
        isObject = container != Self.none && entries[Int(container)].kind == .object
        depth -= 1
    }

    @inline(__always)
    private mutating func append(_ kind: JSONDocument.Kind, _ start: Int, _ end: Int, isEscaped: Bool = false) {
        entries.initializeElement(
            at: count,
            to: JSONDocument.Entry(
                start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
                following: UInt32(truncatingIfNeeded: count + 1), kind: kind, isEscaped: isEscaped))
        count += 1
    }

    private mutating func readWord(_ word: StaticString, _ kind: JSONDocument.Kind) throws(JSONError) {
        let start = position
        guard start + word.utf8CodeUnitCount <= bytes.count else { throw JSONError(position: start) }
        for offset in 0..<word.utf8CodeUnitCount where bytes[start + offset] != word.utf8Start[offset] {
            throw JSONError(position: start + offset)
        }
        position += word.utf8CodeUnitCount
        append(kind, start, position)
    }

    private mutating func readString() throws(JSONError) {
        let start = position + 1
        var isEscaped = false
        var end = start
        var isASCII = true
        while true {
            end = PlainRun.end(bytes, end, &isASCII)
            guard end < bytes.count, bytes[end] >= 0x20 else { throw JSONError(position: end) }
            if bytes[end] == UInt8(ascii: "\"") { break }
            isEscaped = true
            end = try JSONEscapes.skip(bytes, end)
        }
        if !isASCII, !UTF8Check.isWellFormed(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) {
            throw JSONError(position: position)
        }
        append(.string, start, end, isEscaped: isEscaped)
        position = end + 1
    }

    private mutating func readNumber() throws(JSONError) {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let integer = position
        try skipDigits()
        if bytes[integer] == UInt8(ascii: "0"), position > integer + 1 { throw JSONError(position: integer) }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try skipDigits()
        }
        append(.number, start, position)
    }

    /// At least one digit.
    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        if position == start { throw JSONError(position: start) }
    }

    @inline(__always)
    private mutating func skipBlanks() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }
}
