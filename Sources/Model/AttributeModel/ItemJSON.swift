public import Bytes
public import JSONBytes

/// DynamoDB JSON from stored items.
extension Item {
    /// Appends `{"name":{"S":"…"},…}`.
    public func appendJSON(to writer: inout JSONWriter) {
        withReader { (reader) throws(DamagedBytes) in
            let count = try reader.readCount()
            try Self.appendEntries(&reader, count: count, to: &writer)
        }
    }

    /// Appends the JSON of `projecting(names)`.
    public func appendJSON(of names: [Text], to writer: inout JSONWriter) {
        withReader { (reader) throws(DamagedBytes) in
            writer.beginObject()
            try Self.visit(names, &reader) { (name, reader) throws(DamagedBytes) in
                writer.key(utf8: name)
                try Self.appendValue(&reader, to: &writer)
            }
            writer.endObject()
        }
    }

    private static func appendEntries(
        _ reader: inout ByteReader, count: Int, to writer: inout JSONWriter
    ) throws(DamagedBytes) {
        writer.beginObject()
        for _ in 0..<count {
            writer.key(utf8: try reader.readLengthPrefixed())
            try appendValue(&reader, to: &writer)
        }
        writer.endObject()
    }

    fileprivate static func appendValue(_ reader: inout ByteReader, to writer: inout JSONWriter) throws(DamagedBytes) {
        switch try CompactValue.readTag(&reader) {
        case .string:
            writer.beginObject(key: "S")
            writer.string(utf8: try reader.readLengthPrefixed())
        case .number:
            writer.beginObject(key: "N")
            let number = try OrderedDigits(&reader)
            writer.plainString { number.appendText(to: &$0) }
        case .binary:
            writer.beginObject(key: "B")
            let content = try reader.readLengthPrefixed()
            writer.plainString { Base64.append(content, to: &$0) }
        case .booleanTrue:
            writer.beginObject(key: "BOOL")
            writer.boolean(true)
        case .booleanFalse:
            writer.beginObject(key: "BOOL")
            writer.boolean(false)
        case .null:
            writer.beginObject(key: "NULL")
            writer.boolean(true)
        case .stringSet:
            writer.beginObject(key: "SS")
            try appendSet(&reader, to: &writer) { content, writer in writer.string(utf8: content) }
        case .numberSet:
            writer.beginObject(key: "NS")
            try appendSet(&reader, to: &writer) { (content, writer) throws(DamagedBytes) in
                var digits = ByteReader(content)
                let number = try OrderedDigits(&digits)
                writer.plainString { number.appendText(to: &$0) }
            }
        case .binarySet:
            writer.beginObject(key: "BS")
            try appendSet(&reader, to: &writer) { content, writer in
                writer.plainString { Base64.append(content, to: &$0) }
            }
        case .list:
            writer.beginObject(key: "L")
            let count = try CompactValue.readContainerCount(&reader)
            writer.beginArray()
            for _ in 0..<count { try appendValue(&reader, to: &writer) }
            writer.endArray()
        case .map:
            writer.beginObject(key: "M")
            let count = try CompactValue.readContainerCount(&reader)
            try appendEntries(&reader, count: count, to: &writer)
        }
        writer.endObject()
    }

    private static func appendSet(
        _ reader: inout ByteReader, to writer: inout JSONWriter,
        _ member: (UnsafeRawBufferPointer, inout JSONWriter) throws(DamagedBytes) -> Void
    ) throws(DamagedBytes) {
        let count = try CompactValue.readContainerCount(&reader)
        writer.beginArray()
        for _ in 0..<count { try member(try reader.readLengthPrefixed(), &writer) }
        writer.endArray()
    }
}

extension AttributeValue {
    /// Appends `{"S":"…"}`.
    public func appendJSON(to writer: inout JSONWriter) {
        withCompactBytes { (reader) throws(DamagedBytes) in try Item.appendValue(&reader, to: &writer) }
    }
}
