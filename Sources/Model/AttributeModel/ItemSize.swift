public import Bytes

/// Sizes as DynamoDB counts them for limits, capacity and stream records (reference `data-plane.md` 4.3).
extension Item {
    /// Names and values of all attributes, in bytes.
    public var size: Int {
        withReader { (reader) throws(DamagedBytes) in
            let count = try reader.readCount()
            return try Self.entriesSize(&reader, count: count, overheadPerEntry: 0)
        }
    }

    /// The size of `projecting(names)`.
    public func size(of names: [Text]) -> Int {
        withReader { (reader) throws(DamagedBytes) in
            var total = 0
            try Self.visit(names, &reader) { (name, reader) throws(DamagedBytes) in
                total += name.count + (try Self.valueSize(&reader))
            }
            return total
        }
    }

    private static func entriesSize(
        _ reader: inout ByteReader, count: Int, overheadPerEntry: Int
    ) throws(DamagedBytes) -> Int {
        var total = 0
        for _ in 0..<count {
            total += overheadPerEntry + (try reader.readLengthPrefixed().count)
            total += try valueSize(&reader)
        }
        return total
    }

    fileprivate static func valueSize(_ reader: inout ByteReader) throws(DamagedBytes) -> Int {
        switch try CompactValue.readTag(&reader) {
        case .string, .binary: return try reader.readLengthPrefixed().count
        case .number: return try OrderedDigits(&reader).size
        case .booleanTrue, .booleanFalse, .null: return 1
        case .stringSet, .binarySet:
            let count = try CompactValue.readContainerCount(&reader)
            var total = 0
            for _ in 0..<count { total += try reader.readLengthPrefixed().count }
            return total
        case .numberSet:
            let count = try CompactValue.readContainerCount(&reader)
            var total = 0
            for _ in 0..<count {
                var content = ByteReader(try reader.readLengthPrefixed())
                total += try OrderedDigits(&content).size
            }
            return total
        case .list:
            let count = try CompactValue.readContainerCount(&reader)
            var total = 3
            for _ in 0..<count { total += 1 + (try valueSize(&reader)) }
            return total
        case .map:
            let count = try CompactValue.readContainerCount(&reader)
            return 3 + (try entriesSize(&reader, count: count, overheadPerEntry: 1))
        }
    }
}

extension AttributeValue {
    /// Bytes that the value counts for.
    public var size: Int {
        withCompactBytes { (reader) throws(DamagedBytes) in try Item.valueSize(&reader) }
    }
}
