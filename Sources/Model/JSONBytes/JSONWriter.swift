import Bytes

/// Appends JSON to a byte array; commas are placed by the writer.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init(reserving capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    /// Begins anew and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Begins an object with its first key, which needs no escaping.
    public mutating func beginObject(key: StaticString) {
        appendQuoted(
            UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), isKey: true, opensObject: true)
    }

    public mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    public mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    public mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A member name that needs no escaping.
    public mutating func key(_ name: StaticString) {
        appendQuoted(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), isKey: true)
    }

    @_disfavoredOverload  // Literals are static strings.
    public mutating func key(_ name: String) {
        var copy = name
        copy.withUTF8 { key(utf8: UnsafeRawBufferPointer($0)) }
    }

    public mutating func key(utf8: UnsafeRawBufferPointer) {
        appendEscaped(utf8, isKey: true)
    }

    public mutating func string(_ value: String) {
        var copy = value
        copy.withUTF8 { string(utf8: UnsafeRawBufferPointer($0)) }
    }

    public mutating func string(utf8: UnsafeRawBufferPointer) {
        appendEscaped(utf8, isKey: false)
    }

    /// A string of characters that need no escaping, written by the closure between the quotes.
    public mutating func plainString(_ write: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        write(&bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A number, written by the closure.
    public mutating func plainNumber(_ write: (inout [UInt8]) -> Void) {
        separate()
        write(&bytes)
        needsComma = true
    }

    public mutating func number(_ value: Int) {
        separate()
        bytes.append(contentsOf: value.description.utf8)
        needsComma = true
    }

    /// A finite number in Swift's shortest form that reads back equal; a whole number without fraction.
    public mutating func number(_ value: Double) {
        precondition(value.isFinite, "JSON has no form for \(value)")
        // From 2^54 on, Swift's form has an exponent and no fraction.
        if value.magnitude < 0x1p54, Double(Int(value)) == value { return number(Int(value)) }
        separate()
        bytes.append(contentsOf: value.description.utf8)
        needsComma = true
    }

    public mutating func boolean(_ value: Bool) {
        separate()
        let word: StaticString = value ? "true" : "false"
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        needsComma = true
    }

    /// A complete JSON value, written as it is.
    public mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// A part of an object, written as it is, with all commas that it needs in front: its last member, or the key of what follows.
    public mutating func fragment(_ json: [UInt8], endsWithKey: Bool) {
        bytes.append(contentsOf: json)
        needsComma = !endsWithKey
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    /// Appends comma, quotes and colon as needed around `content`, which needs no escaping.
    private mutating func appendQuoted(
        _ content: UnsafeRawBufferPointer, isKey: Bool, opensObject: Bool = false
    ) {
        let comma = needsComma
        bytes.append(addingCapacity: content.count + 5) { span in
            if comma { span.append(UInt8(ascii: ",")) }
            if opensObject { span.append(UInt8(ascii: "{")) }
            span.append(UInt8(ascii: "\""))
            span.append(content)
            span.append(UInt8(ascii: "\""))
            if isKey { span.append(UInt8(ascii: ":")) }
        }
        needsComma = !isKey
    }

    private mutating func appendEscaped(_ content: UnsafeRawBufferPointer, isKey: Bool) {
        if PlainRun.isPlain(content) { return appendQuoted(content, isKey: isKey) }
        separate()
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        var end = PlainRun.end(content, start)
        while true {
            bytes.append(contentsOf: content[start..<end])
            guard end < content.count else { break }
            appendEscape(content[end])
            start = end + 1
            end = PlainRun.end(content, start)
        }
        bytes.append(UInt8(ascii: "\""))
        if isKey { bytes.append(UInt8(ascii: ":")) }
        needsComma = !isKey
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Self.hexadecimal(byte >> 4))
            bytes.append(Self.hexadecimal(byte & 0x0F))
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}

extension OutputSpan<UInt8> {
    /// Appends all of `content`, for which there must be room.
    @inline(__always)
    fileprivate mutating func append(_ content: UnsafeRawBufferPointer) {
        withUnsafeMutableBufferPointer { buffer, count in
            precondition(content.count <= buffer.count - count, "room was asked for before")
            UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]).copyMemory(
                from: content)
            count += content.count
        }
    }
}
