import AttributeModel
import ChangeStream
import Replication

/// The table of a test: its items, and what changes them.
struct DriverTable: Sendable {
    private struct Stored: Sendable {
        var item: Item
        var version: Version
    }

    let name: String
    let keySchema: KeySchema
    let region: RegionName
    private var items: [[UInt8]: Stored] = [:]

    init(name: String, keySchema: KeySchema, region: RegionName) {
        self.name = name
        self.keySchema = keySchema
        self.region = region
    }

    /// The change with a place in the stream. Nil when the item is there already as it is: such a write is no change.
    mutating func put(_ item: Item, by writer: DriverWriter, at place: UInt64) throws(KeyError) -> ChangeRecord? {
        let key = try keySchema.key(of: item).bytes
        guard let old = items[key] else { return change(.insert(item), key, new: item, writer, place) }
        guard old.item != item else { return nil }
        return change(.modify(old: old.item, new: item), key, new: item, writer, place)
    }

    /// Nil when there is no such item.
    mutating func remove(_ key: Item, by writer: DriverWriter, at place: UInt64) throws(KeyError) -> ChangeRecord? {
        let key = try keySchema.key(of: key).bytes
        guard let old = items[key] else { return nil }
        return change(.remove(old.item), key, new: nil, writer, place)
    }

    func key(of record: ChangeRecord) throws(KeyError) -> EncodedKey {
        try keySchema.key(of: record.newImage ?? record.oldImage ?? .empty)
    }

    private mutating func change(
        _ change: ChangeRecord.Change, _ key: [UInt8], new: Item?, _ writer: DriverWriter, _ place: UInt64
    ) -> ChangeRecord {
        let timestamp = HybridTimestamp(
            milliseconds: writer.milliseconds, counter: UInt16(truncatingIfNeeded: place))
        let version = Version(timestamp: timestamp, region: writer.region ?? region)
        let transaction = writer.transactionID.map {
            ChangeRecord.Transaction(id: $0, index: 0, size: writer.transactionSize)
        }
        let baseVersion = items[key]?.version
        items[key] = new.map { Stored(item: $0, version: version) }
        return ChangeRecord(
            sequence: place, version: version, baseVersion: baseVersion, commitMilliseconds: writer.milliseconds,
            cause: writer.cause, transaction: transaction, change: change)
    }
}

/// Who writes in a test, and when.
struct DriverWriter: Sendable {
    /// Nil: the handler's own region.
    var region: RegionName?
    var cause: ChangeRecord.Cause
    var transactionID: String?
    var transactionSize: Int
    var milliseconds: UInt64
}
