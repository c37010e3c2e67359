import AttributeModel
import Bytes
import ChangeStream
import JSONBytes

/// A line of the handler `audit-log`: which attributes changed, not the whole item.
struct AuditedChange: Sendable {
    /// The label that stands for a stream's creation, which these lines do not tell.
    private static let label = "audit-log"

    let eventName: HandlerRecord.EventName
    let sequenceNumber: String
    let region: String
    let table: String
    let milliseconds: UInt64
    let isExpired: Bool
    let eventID: String
    let keys: Item
    let before: AttributeMap
    let after: AttributeMap

    init(_ document: JSONDocument) throws(RecordedChangeError) {
        let reading = RecordReading(document: document)
        let root = document.root
        guard document.member("view", of: root) == nil else {
            throw .member("view", "must be absent: items can be told from streams with NEW_AND_OLD_IMAGES only")
        }
        guard let eventName = HandlerRecord.EventName(rawValue: try reading.text("event", of: root)) else {
            throw .member("event", "must be INSERT, MODIFY or REMOVE")
        }
        guard let milliseconds = RecordedTime.milliseconds(try reading.text("time", of: root)) else {
            throw .member("time", "must be like 2026-11-21T13:24:14Z")
        }
        self.eventName = eventName
        self.milliseconds = milliseconds
        sequenceNumber = try reading.text("sequenceNumber", of: root)
        region = try reading.text("region", of: root)
        table = try reading.text("table", of: root)
        eventID = try reading.text("eventID", of: root)
        isExpired = document.member("expired", of: root).map { document.kind($0) == .booleanTrue } ?? false
        keys = try reading.item("keys", of: root) ?? .empty
        let changes = try reading.object("changes", of: root)
        before = try Self.side("before", of: changes, document)
        after = try Self.side("after", of: changes, document)
    }

    var streamARN: String { "arn:aws:dynamodb:\(region):000000000000:table/\(table)/stream/\(Self.label)" }

    /// The attributes as they were before or after.
    private static func side(
        _ name: StaticString, of changes: JSONDocument.Node, _ document: JSONDocument
    ) throws(RecordedChangeError) -> AttributeMap {
        var attributes = JSONWriter()
        attributes.beginObject()
        document.forEachMember(of: changes) { key, change in
            guard let value = document.member(name, of: change) else { return }
            document.withStringBytes(of: key) { attributes.key(utf8: $0) }
            attributes.raw(RecordReading(document: document).raw(value))
        }
        attributes.endObject()
        do throws(ItemTextError) {
            return try Item(json: String(decoding: attributes.bytes, as: UTF8.self)).attributes
        } catch {
            throw .member("changes", "has an attribute that is none: \(error)")
        }
    }
}

/// The items of one stream, as far as its lines have told them.
///
/// A line has the attributes that changed. What an item had before the first line of it is not known, so its images lack that.
struct AuditedImages {
    private var items: [Item: AttributeMap] = [:]

    mutating func record(of change: AuditedChange) throws(RecordedChangeError) -> RecordedChange {
        var old: AttributeMap?
        if change.eventName != .insert {
            old = items[change.keys] ?? Self.merged(change.keys.attributes, change.before)
        }
        var new: AttributeMap?
        if change.eventName != .remove {
            var kept = old ?? change.keys.attributes
            for attribute in change.before.entries { kept[attribute.name] = nil }
            new = Self.merged(kept, change.after)
        }
        items[change.keys] = new
        let event = Self.event(change, old: old.map { Item($0) }, new: new.map { Item($0) })
        return try RecordedChange(event: event, milliseconds: change.milliseconds)
    }

    private static func merged(_ first: AttributeMap, _ second: AttributeMap) -> AttributeMap {
        var merged = first
        for attribute in second.entries { merged[attribute.name] = attribute.value }
        return merged
    }

    private static func event(_ change: AuditedChange, old: Item?, new: Item?) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        append("eventID", change.eventID, to: &writer)
        append("eventName", change.eventName.rawValue, to: &writer)
        append("eventVersion", "1.1", to: &writer)
        append("eventSource", "aws:dynamodb", to: &writer)
        append("awsRegion", change.region, to: &writer)
        writer.key("dynamodb")
        writer.beginObject()
        writer.key("ApproximateCreationDateTime")
        writer.raw(Array("\(change.milliseconds / 1000).0".utf8))
        for (name, image) in [("Keys", change.keys), ("NewImage", new), ("OldImage", old)] {
            guard let image else { continue }
            writer.key(name)
            image.appendJSON(to: &writer)
        }
        append("SequenceNumber", change.sequenceNumber, to: &writer)
        writer.key("SizeBytes")
        writer.number(change.keys.size + (new?.size ?? 0) + (old?.size ?? 0))
        append("StreamViewType", StreamViewType.newAndOldImages.rawValue, to: &writer)
        writer.endObject()
        if change.isExpired {
            writer.key("userIdentity")
            writer.beginObject()
            append("principalId", "dynamodb.amazonaws.com", to: &writer)
            append("type", "Service", to: &writer)
            writer.endObject()
        }
        append("eventSourceARN", change.streamARN, to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private static func append(_ key: StaticString, _ text: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.string(text)
    }
}
