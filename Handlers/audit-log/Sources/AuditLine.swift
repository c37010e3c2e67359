import AttributeModel
import Bytes
import ChangeStream
import HandlerKit
import JSONBytes

/// What the log says of one change: when, where and what, with the attributes that differ.
struct AuditLine {
    let record: HandlerRecord

    /// The line without its end.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        append("time", time, to: &writer)
        append("region", record.region, to: &writer)
        if let table = record.tableName { append("table", table, to: &writer) }
        append("event", record.eventName.rawValue, to: &writer)
        if record.isTimeToLiveDelete {
            writer.key("expired")
            writer.boolean(true)
        }
        writer.key("keys")
        record.keys.appendJSON(to: &writer)
        if !showsAllImages { append("view", record.streamViewType, to: &writer) }
        appendChanges(to: &writer)
        append("sequenceNumber", record.sequenceNumber, to: &writer)
        append("eventID", record.eventID, to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private var showsAllImages: Bool { record.streamViewType == StreamViewType.newAndOldImages.rawValue }

    /// In UTC; DynamoDB tells whole seconds.
    private var time: String {
        StreamLabel.text(milliseconds: record.createdMilliseconds).prefix(while: { $0 != "." }) + "Z"
    }

    private func appendChanges(to writer: inout JSONWriter) {
        let keys = record.keys.attributes
        let before = record.oldImage?.attributes ?? AttributeMap()
        let after = record.newImage?.attributes ?? AttributeMap()
        var names = Set(before.entries.map(\.name))
        names.formUnion(after.entries.map(\.name))
        writer.key("changes")
        writer.beginObject()
        for name in names.sorted() where keys[name] == nil && before[name] != after[name] {
            writer.key(name.description)
            writer.beginObject()
            if let value = before[name] {
                writer.key("before")
                value.appendJSON(to: &writer)
            }
            if let value = after[name] {
                writer.key("after")
                value.appendJSON(to: &writer)
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private func append(_ key: StaticString, _ text: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.string(text)
    }
}
