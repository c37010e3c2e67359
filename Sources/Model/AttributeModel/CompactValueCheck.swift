import Bytes

/// Reads stored bytes from outside through, without decoding them, and accepts only what `CompactValue` writes: every reader may
/// then rely on lengths, orders and texts, and equal items are equal bytes.
enum CompactValueCheck {
    static func checkItem(_ bytes: UnsafeRawBufferPointer) throws(DamagedBytes) {
        var reader = ByteReader(bytes)
        try checkEntries(&reader, level: 1)
        guard reader.isAtEnd else { throw DamagedBytes(position: reader.position) }
    }

    private static func checkEntries(_ reader: inout ByteReader, level: Int) throws(DamagedBytes) {
        let count = try reader.readCount()
        var last: UnsafeRawBufferPointer?
        for _ in 0..<count {
            let name = try reader.readLengthPrefixed()
            let isInOrder = last.map { $0.compare(with: name) < 0 } ?? true
            guard isInOrder, !name.isEmpty, UTF8Check.isWellFormed(name) else {
                throw DamagedBytes(position: reader.position)
            }
            last = name
            try checkValue(&reader, level: level)
        }
    }

    private static func checkValue(_ reader: inout ByteReader, level: Int) throws(DamagedBytes) {
        guard level <= Item.nestingLevelsMax else { throw DamagedBytes(position: reader.position) }
        let tag = try CompactValue.readTag(&reader)
        switch tag {
        case .string: try checkText(&reader)
        case .number: _ = try OrderedDigits(&reader)
        case .binary: _ = try reader.readLengthPrefixed()
        case .booleanTrue, .booleanFalse, .null: break
        case .stringSet, .numberSet, .binarySet, .list, .map:
            let length = Int(try reader.readBigEndian(UInt32.self))
            let start = reader.position
            _ = try reader.readSlice(length)
            var content = ByteReader(UnsafeRawBufferPointer(rebasing: reader.bytes[..<reader.position]), at: start)
            switch tag {
            case .map: try checkEntries(&content, level: level + 1)
            case .list:
                let count = try content.readCount()
                for _ in 0..<count { try checkValue(&content, level: level + 1) }
            default: try checkMembers(of: tag, &content)
            }
            guard content.isAtEnd else { throw DamagedBytes(position: content.position) }
        }
    }

    private static func checkText(_ reader: inout ByteReader) throws(DamagedBytes) {
        let text = try reader.readLengthPrefixed()
        guard UTF8Check.isWellFormed(text) else { throw DamagedBytes(position: reader.position) }
    }

    private static func checkMembers(of tag: CompactValue.Tag, _ reader: inout ByteReader) throws(DamagedBytes) {
        let count = try reader.readCount()
        guard count > 0 else { throw DamagedBytes(position: reader.position) }
        var last: UnsafeRawBufferPointer?
        for _ in 0..<count {
            let member = try reader.readLengthPrefixed()
            let isInOrder = last.map { $0.compare(with: member) < 0 } ?? true
            guard isInOrder, isMember(of: tag, member) else { throw DamagedBytes(position: reader.position) }
            last = member
        }
    }

    private static func isMember(of tag: CompactValue.Tag, _ member: UnsafeRawBufferPointer) -> Bool {
        switch tag {
        case .stringSet: return UTF8Check.isWellFormed(member)
        case .numberSet:
            var digits = ByteReader(member)
            return (try? OrderedDigits(&digits)) != nil && digits.isAtEnd
        default: return true
        }
    }
}
