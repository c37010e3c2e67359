import AttributeModel
import Bytes

/// Goes over stored values without decoding them (`AttributeModel/CompactValue.swift` has the layout).
struct CompactReader {
    private static let zeroClass: UInt8 = 0x80
    private static let negativeClass: UInt8 = 0x00

    var reader: ByteReader

    init(_ bytes: UnsafeRawBufferPointer) {
        reader = ByteReader(bytes)
    }

    @inline(__always)
    mutating func readTag() throws(DamagedBytes) -> CompactTag {
        guard let tag = CompactTag(rawValue: try reader.readByte()) else {
            throw DamagedBytes(position: reader.position)
        }
        return tag
    }

    @inline(__always)
    mutating func skipValue() throws(DamagedBytes) {
        // Most values are strings.
        if reader.remaining > 0, reader.bytes[reader.position] == CompactTag.string.rawValue {
            _ = try reader.readByte()
            _ = try reader.readLengthPrefixed()
        } else {
            try skipContent(of: try readTag())
        }
    }

    /// - Parameter tag: the tag that was read before the content.
    @inline(__always)
    mutating func skipContent(of tag: CompactTag) throws(DamagedBytes) {
        switch tag {
        case .string, .binary: _ = try reader.readLengthPrefixed()
        case .number: try skipNumber()
        case .booleanTrue, .booleanFalse, .null: break
        case .stringSet, .numberSet, .binarySet, .list, .map:
            let length = try reader.readBigEndian(UInt32.self)
            _ = try reader.readSlice(Int(length))
        }
    }

    /// Class, exponent, digits and an end that no digit equals.
    private mutating func skipNumber() throws(DamagedBytes) {
        let numberClass = try reader.readByte()
        if numberClass == Self.zeroClass { return }
        let end: UInt8 = numberClass == Self.negativeClass ? 0xFF : 0x00
        _ = try reader.readByte()
        while try reader.readByte() != end {}
    }

    mutating func readNumber() throws(DamagedBytes) -> DecimalNumber {
        try DecimalNumber(orderedBytes: &reader)
    }

    /// The number of members of a list, set or map whose tag has been read.
    mutating func readCount() throws(DamagedBytes) -> Int {
        let length = try reader.readBigEndian(UInt32.self)
        guard Int(length) <= reader.remaining else { throw DamagedBytes(position: reader.position) }
        return try reader.readCount()
    }

    // MARK: sizes

    /// What an item and its key attributes count for, in bytes (reference `data-plane.md` 4.3).
    static func sizes(
        ofItem bytes: UnsafeRawBufferPointer, keyNames: [Text]
    ) throws(DamagedBytes) -> (item: Int, keys: Int) {
        var reader = CompactReader(bytes)
        var (item, keys) = (0, 0)
        for _ in 0..<(try reader.reader.readCount()) {
            let name = try reader.reader.readLengthPrefixed()
            let size = name.count + (try reader.readValueSize())
            item += size
            if keyNames.contains(bytes: name) { keys += size }
        }
        return (item, keys)
    }

    private mutating func readValueSize() throws(DamagedBytes) -> Int {
        switch try readTag() {
        case .string, .binary: return try reader.readLengthPrefixed().count
        case .number: return try readNumber().size
        case .booleanTrue, .booleanFalse, .null: return 1
        case .stringSet, .binarySet:
            var total = 0
            for _ in 0..<(try readCount()) { total += try reader.readLengthPrefixed().count }
            return total
        case .numberSet:
            var total = 0
            for _ in 0..<(try readCount()) {
                var member = CompactReader(try reader.readLengthPrefixed())
                total += try member.readNumber().size
            }
            return total
        case .list:
            var total = 3
            for _ in 0..<(try readCount()) { total += 1 + (try readValueSize()) }
            return total
        case .map:
            var total = 3
            for _ in 0..<(try readCount()) {
                total += 1 + (try reader.readLengthPrefixed().count)
                total += try readValueSize()
            }
            return total
        }
    }
}

extension [Text] {
    func contains(bytes: UnsafeRawBufferPointer) -> Bool {
        for candidate in self {
            if candidate.utf8.withUnsafeBytes({ ByteHash.isEqual($0, bytes) }) { return true }
        }
        return false
    }
}
