public import AttributeModel
import Bytes
public import ChangeStream
import JSONBytes
public import Replication

/// What a pattern sees of the records of one stream: everything that is not in the record itself.
///
/// A record matches as its event does: what `StreamRecordJSON` writes for Lambda, and one root member more, `tributary`, which AWS does
/// not have:
/// - `originRegion`: the region where the write was made;
/// - `replicated`: whether it came here over a link. It is false exactly where `originRegion` is this region, for deletes too;
/// - `cause`: why it was made there, `user`, `ttl` or `restore`, the same in all regions;
/// - `transactionId`: absent unless it belongs to a transaction.
public final class RecordContext: Sendable {
    let region: RegionName
    let viewType: StreamViewType
    let keyNames: [Text]
    let eventSourceARN: String?
    private let writer: StreamRecordJSON

    /// - Parameters:
    ///   - tableID: the API's TableId, which event ids depend on.
    ///   - eventSourceARN: nil for events without that member, as AWS filters them.
    public init(
        region: RegionName, tableID: String, keySchema: KeySchema, viewType: StreamViewType,
        eventSourceARN: String? = nil
    ) {
        self.region = region
        self.viewType = viewType
        self.eventSourceARN = eventSourceARN
        keyNames = keySchema.attributes.map(\.name)
        writer = StreamRecordJSON(
            region: region, tableID: tableID, keySchema: keySchema, viewType: viewType,
            form: .lambdaEvent(streamARN: eventSourceARN ?? ""))
    }

    /// The event as JSON text: for people, and to match it elsewhere.
    public func eventJSON(of record: ChangeRecord) -> [UInt8] {
        var event = JSONWriter(reserving: 1024)
        writer.append(record, to: &event)
        var members = JSONWriter()
        members.beginObject()
        members.key("tributary")
        members.beginObject()
        members.key("originRegion")
        members.string(record.version.region.name)
        members.key("replicated")
        members.boolean(record.version.region != region)
        members.key("cause")
        members.string(record.cause.name.description)
        if let transaction = record.transaction {
            members.key("transactionId")
            members.string(transaction.id)
        }
        members.endObject()
        members.endObject()
        // The ARN is the last member of the event.
        let end = eventSourceARN == nil ? #","eventSourceARN":""}"#.utf8.count : 1
        return event.bytes.dropLast(end) + [UInt8(ascii: ",")] + members.bytes.dropFirst()
    }

    /// The record's event id, cut out of the event of a change without content: ids depend on the sequence number alone.
    func eventID(of sequence: UInt64) -> ArraySlice<UInt8> {
        let change = ChangeRecord(
            sequence: sequence, version: Version(timestamp: .zero, region: region), baseVersion: nil,
            commitMilliseconds: 0, cause: .user, transaction: nil, change: .remove(.empty))
        var event = JSONWriter()
        writer.append(change, to: &event)
        return event.bytes.dropFirst(#"{"eventID":""#.utf8.count).prefix { $0 != UInt8(ascii: "\"") }
    }
}

extension ChangeRecord.Cause {
    /// As patterns name it.
    var name: StaticString {
        switch self {
        case .user: "user"
        case .ttl: "ttl"
        case .restore: "restore"
        }
    }
}
