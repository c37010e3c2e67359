import JSONBytes

/// Bytes that are not CBOR (RFC 8949), or not of the kind that Smithy's RPC v2 has.
struct CBORError: Error, Equatable, Sendable {
    var position: Int
}

/// Reads CBOR and writes what it says as JSON: maps with text keys, lists, texts, numbers, booleans, null, and times as seconds since 1970.
struct CBORReader {
    /// Values within values.
    static let depthMax = 32

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the one value that there is.
    mutating func readValue(into writer: inout JSONWriter) throws(CBORError) {
        try readValue(into: &writer, depth: 0)
        guard position == bytes.count else { throw CBORError(position: position) }
    }

    private mutating func readValue(into writer: inout JSONWriter, depth: Int) throws(CBORError) {
        guard depth <= Self.depthMax else { throw CBORError(position: position) }
        let head = try readByte()
        let information = head & 0x1F
        switch head >> 5 {
        case 0: try append(try argument(information), isNegative: false, to: &writer)
        case 1: try append(try argument(information), isNegative: true, to: &writer)
        case 3:
            let text = try readText(information)
            writer.string(text)
        case 4:
            writer.beginArray()
            try forEach(information) { (self) throws(CBORError) in
                try self.readValue(into: &writer, depth: depth + 1)
            }
            writer.endArray()
        case 5:
            writer.beginObject()
            try forEach(information) { (self) throws(CBORError) in
                let key = try self.readByte()
                guard key >> 5 == 3 else { throw CBORError(position: self.position - 1) }
                writer.key(try self.readText(key & 0x1F))
                try self.readValue(into: &writer, depth: depth + 1)
            }
            writer.endObject()
        case 6:
            // A tag says what its value means: the only one here is that of times, which are numbers of seconds.
            _ = try argument(information)
            try readValue(into: &writer, depth: depth + 1)
        case 7: try readSimple(information, into: &writer)
        default: throw CBORError(position: position - 1)
        }
    }

    /// Calls `read` for each element of a list or map, of a length that is given or that ends with a break.
    private mutating func forEach(
        _ information: UInt8, _ read: (inout CBORReader) throws(CBORError) -> Void
    ) throws(CBORError) {
        if information == 31 {
            while position < bytes.count, bytes[position] != 0xFF { try read(&self) }
            _ = try readByte()
            return
        }
        let count = try argument(information)
        guard count <= UInt64(bytes.count - position) else { throw CBORError(position: position) }
        for _ in 0..<count { try read(&self) }
    }

    private mutating func readText(_ information: UInt8) throws(CBORError) -> String {
        if information == 31 {
            var text = ""
            while position < bytes.count, bytes[position] != 0xFF {
                let head = try readByte()
                guard head >> 5 == 3, head & 0x1F != 31 else { throw CBORError(position: position - 1) }
                text += try readText(head & 0x1F)
            }
            _ = try readByte()
            return text
        }
        let count = try argument(information)
        guard count <= UInt64(bytes.count - position) else { throw CBORError(position: position) }
        let end = position + Int(count)
        guard let text = String(validating: bytes[position..<end], as: UTF8.self) else {
            throw CBORError(position: position)
        }
        position = end
        return text
    }

    private mutating func readSimple(_ information: UInt8, into writer: inout JSONWriter) throws(CBORError) {
        switch information {
        case 20: writer.boolean(false)
        case 21: writer.boolean(true)
        case 22, 23: writer.raw(Array("null".utf8))
        case 25: append(Double(Self.half(UInt16(truncatingIfNeeded: try bigEndian(2)))), to: &writer)
        case 26: append(Double(Float(bitPattern: UInt32(truncatingIfNeeded: try bigEndian(4)))), to: &writer)
        case 27: append(Double(bitPattern: try bigEndian(8)), to: &writer)
        default: throw CBORError(position: position - 1)
        }
    }

    /// Five bits of exponent, ten of fraction.
    private static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        let magnitude =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? Double.infinity : Double.nan
            default: (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
            }
        return bits >> 15 == 0 ? magnitude : -magnitude
    }

    /// What JSON has no numbers for is written as text.
    private func append(_ value: Double, to writer: inout JSONWriter) {
        if value.isFinite { writer.number(value) } else { writer.string("\(value)") }
    }

    private func append(_ value: UInt64, isNegative: Bool, to writer: inout JSONWriter) throws(CBORError) {
        guard let number = Int(exactly: value) else { throw CBORError(position: position) }
        writer.number(isNegative ? -1 - number : number)
    }

    private mutating func argument(_ information: UInt8) throws(CBORError) -> UInt64 {
        switch information {
        case 0..<24: UInt64(information)
        case 24: try bigEndian(1)
        case 25: try bigEndian(2)
        case 26: try bigEndian(4)
        case 27: try bigEndian(8)
        default: throw CBORError(position: position - 1)
        }
    }

    private mutating func bigEndian(_ count: Int) throws(CBORError) -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<count { value = value << 8 | UInt64(try readByte()) }
        return value
    }

    private mutating func readByte() throws(CBORError) -> UInt8 {
        guard position < bytes.count else { throw CBORError(position: position) }
        defer { position += 1 }
        return bytes[position]
    }
}

/// Writes a CloudWatch answer as CBOR. Numbers are floats of 64 bits, apart from whole ones by their members' names; times have tag 1.
struct CBORWriter {
    private(set) var bytes: [UInt8] = []

    /// - Parameter member: the name of the member that the value belongs to, also for the elements of its list.
    mutating func append(_ document: JSONDocument, _ node: JSONDocument.Node, member: String) {
        switch document.kind(node) {
        case .object:
            head(5, UInt64(count(of: node, document)))
            document.forEachMember(of: node) { key, value in
                let name = document.string(key)
                text(name)
                append(document, value, member: name)
            }
        case .array:
            head(4, UInt64(document.count(of: node)))
            document.forEachElement(of: node) { append(document, $0, member: member) }
        case .string: text(document.string(node))
        case .number: number(document.numberText(node), member: member)
        case .booleanTrue: bytes.append(0xF5)
        case .booleanFalse: bytes.append(0xF4)
        case .null: bytes.append(0xF6)
        }
    }

    private func count(of node: JSONDocument.Node, _ document: JSONDocument) -> Int {
        var count = 0
        document.forEachMember(of: node) { _, _ in count += 1 }
        return count
    }

    private mutating func text(_ text: String) {
        let utf8 = Array(text.utf8)
        head(3, UInt64(utf8.count))
        bytes += utf8
    }

    private mutating func number(_ text: String, member: String) {
        if CloudWatchTypes.integers.contains(member), let value = Int(text) {
            head(value < 0 ? 1 : 0, UInt64(value < 0 ? -1 - value : value))
            return
        }
        if CloudWatchTypes.times.contains(member) { head(6, 1) }
        bytes.append(0xFB)
        let bits = (Double(text) ?? 0).bitPattern
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
        }
    }

    /// A type and its argument, as short as it can be.
    private mutating func head(_ type: UInt8, _ argument: UInt64) {
        let (information, count): (UInt8, UInt64) =
            switch argument {
            case 0..<24: (UInt8(argument), 0)
            case 24..<0x100: (24, 1)
            case 0x100..<0x1_0000: (25, 2)
            case 0x1_0000..<0x1_0000_0000: (26, 4)
            default: (27, 8)
            }
        bytes.append(type << 5 | information)
        for index in stride(from: count, to: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: argument >> ((index - 1) * 8)))
        }
    }
}
