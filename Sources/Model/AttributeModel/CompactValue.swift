import Bytes

/// The stored form of values: a tag byte and a payload, canonical, so that equal values are equal bytes.
///
/// S, B: varint length and bytes. N: the number's ordered bytes. BOOL and NULL: the tag alone.
/// Containers: length of the rest (4 bytes, big-endian), varint count, members. Sets hold length-prefixed contents (numbers: ordered
/// bytes) in byte order; maps hold length-prefixed names with values, in byte order of the names. Tags are stored: never reuse one.
enum CompactValue {
    enum Tag: UInt8 {
        case string = 1
        case number = 2
        case binary = 3
        case booleanTrue = 4
        case booleanFalse = 5
        case null = 6
        case stringSet = 7
        case numberSet = 8
        case binarySet = 9
        case list = 10
        case map = 11

        var type: AttributeType {
            switch self {
            case .string: .string
            case .number: .number
            case .binary: .binary
            case .booleanTrue, .booleanFalse: .boolean
            case .null: .null
            case .stringSet: .stringSet
            case .numberSet: .numberSet
            case .binarySet: .binarySet
            case .list: .list
            case .map: .map
            }
        }
    }

    static func append(_ value: AttributeValue, to output: inout [UInt8]) {
        switch value {
        case .string(let text):
            output.append(Tag.string.rawValue)
            output.appendLengthPrefixed(text.utf8)
        case .number(let number):
            output.append(Tag.number.rawValue)
            number.appendOrderedBytes(to: &output)
        case .binary(let content):
            output.append(Tag.binary.rawValue)
            output.appendLengthPrefixed(content)
        case .boolean(let flag): output.append((flag ? Tag.booleanTrue : Tag.booleanFalse).rawValue)
        case .null: output.append(Tag.null.rawValue)
        case .list(let elements):
            let container = openContainer(.list, to: &output)
            Varint.append(UInt64(elements.count), to: &output)
            for element in elements { append(element, to: &output) }
            closeContainer(container, in: &output)
        case .map(let map):
            let container = openContainer(.map, to: &output)
            Varint.append(UInt64(map.count), to: &output)
            appendEntries(of: map, to: &output)
            closeContainer(container, in: &output)
        case .stringSet(let members): appendSet(.stringSet, members.map(\.utf8), to: &output)
        case .numberSet(let members): appendSet(.numberSet, members.map(\.orderedBytes), to: &output)
        case .binarySet(let members): appendSet(.binarySet, members, to: &output)
        }
    }

    static func appendEntries(of map: AttributeMap, to output: inout [UInt8]) {
        for entry in map.entries {
            output.appendLengthPrefixed(entry.name.utf8)
            append(entry.value, to: &output)
        }
    }

    /// - Parameter members: in any order, without repetitions.
    static func appendSet(_ tag: Tag, _ members: [[UInt8]], to output: inout [UInt8]) {
        let sorted = members.sorted { $0.precedes($1) }
        let container = openContainer(tag, to: &output)
        Varint.append(UInt64(sorted.count), to: &output)
        for member in sorted { output.appendLengthPrefixed(member) }
        closeContainer(container, in: &output)
    }

    /// Appends tag and room for the length; answers the position to close the container with.
    static func openContainer(_ tag: Tag, to output: inout [UInt8]) -> Int {
        output.append(tag.rawValue)
        output.appendBigEndian(UInt32(0))
        return output.count - 4
    }

    static func closeContainer(_ lengthPosition: Int, in output: inout [UInt8]) {
        let length = UInt32(output.count - lengthPosition - 4)
        for offset in 0..<4 {
            output[lengthPosition + offset] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * offset))
        }
    }

    static func readTag(_ reader: inout ByteReader) throws(DamagedBytes) -> Tag {
        guard let tag = Tag(rawValue: try reader.readByte()) else { throw DamagedBytes(position: reader.position) }
        return tag
    }

    static func skip(_ reader: inout ByteReader) throws(DamagedBytes) {
        switch try readTag(&reader) {
        case .string, .binary: _ = try reader.readLengthPrefixed()
        case .number: _ = try OrderedDigits(&reader)
        case .booleanTrue, .booleanFalse, .null: break
        case .stringSet, .numberSet, .binarySet, .list, .map:
            let length = try reader.readBigEndian(UInt32.self)
            _ = try reader.readSlice(Int(length))
        }
    }

    static func decode(_ reader: inout ByteReader) throws(DamagedBytes) -> AttributeValue {
        switch try readTag(&reader) {
        case .string: return .string(Text(utf8: Array(try reader.readLengthPrefixed())))
        case .number: return .number(try DecimalNumber(orderedBytes: &reader))
        case .binary: return .binary(Array(try reader.readLengthPrefixed()))
        case .booleanTrue: return .boolean(true)
        case .booleanFalse: return .boolean(false)
        case .null: return .null
        case .stringSet: return .stringSet(try decodeSet(&reader).map { Text(utf8: $0) })
        case .numberSet: return .numberSet(try decodeNumbers(&reader))
        case .binarySet: return .binarySet(try decodeSet(&reader))
        case .list:
            let count = try readContainerCount(&reader)
            var elements: [AttributeValue] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(try decode(&reader)) }
            return .list(elements)
        case .map:
            let count = try readContainerCount(&reader)
            return .map(try decodeEntries(&reader, count: count))
        }
    }

    static func decodeEntries(_ reader: inout ByteReader, count: Int) throws(DamagedBytes) -> AttributeMap {
        var entries: [AttributeMap.Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let name = Text(utf8: Array(try reader.readLengthPrefixed()))
            entries.append(AttributeMap.Entry(name: name, value: try decode(&reader)))
        }
        return AttributeMap(sortedEntries: entries)
    }

    static func readContainerCount(_ reader: inout ByteReader) throws(DamagedBytes) -> Int {
        let length = try reader.readBigEndian(UInt32.self)
        guard Int(length) <= reader.remaining else { throw DamagedBytes(position: reader.position) }
        return try reader.readCount()
    }

    private static func decodeSet(_ reader: inout ByteReader) throws(DamagedBytes) -> [[UInt8]] {
        let count = try readContainerCount(&reader)
        var members: [[UInt8]] = []
        members.reserveCapacity(count)
        for _ in 0..<count { members.append(Array(try reader.readLengthPrefixed())) }
        return members
    }

    private static func decodeNumbers(_ reader: inout ByteReader) throws(DamagedBytes) -> [DecimalNumber] {
        let count = try readContainerCount(&reader)
        var members: [DecimalNumber] = []
        members.reserveCapacity(count)
        for _ in 0..<count {
            var content = ByteReader(try reader.readLengthPrefixed())
            members.append(try DecimalNumber(orderedBytes: &content))
        }
        return members
    }
}
