import AttributeModel
import ChangeStream
import Replication

/// The table of a test: its items, and the log of its changes.
struct DriverTable: Sendable {
    private struct Stored: Sendable {
        var item: Item
        var version: Version
    }

    let name: String
    let keySchema: KeySchema
    let region: RegionName
    private(set) var log: [ChangeRecord] = []
    private var items: [[UInt8]: Stored] = [:]

    init(name: String, keySchema: KeySchema, region: RegionName) {
        self.name = name
        self.keySchema = keySchema
        self.region = region
    }

    var lastSequence: UInt64 { UInt64(log.count) }

    /// Nil when the item is there already as it is: such a write is no change.
    mutating func put(_ item: Item, by writer: DriverWriter) throws(KeyError) -> UInt64? {
        let key = try keySchema.key(of: item).bytes
        guard let old = items[key] else { return append(.insert(item), key, new: item, writer) }
        guard old.item != item else { return nil }
        return append(.modify(old: old.item, new: item), key, new: item, writer)
    }

    /// Nil when there is no such item.
    mutating func remove(_ key: Item, by writer: DriverWriter) throws(KeyError) -> UInt64? {
        let key = try keySchema.key(of: key).bytes
        guard let old = items[key] else { return nil }
        return append(.remove(old.item), key, new: nil, writer)
    }

    func key(of record: ChangeRecord) throws(KeyError) -> EncodedKey {
        try keySchema.key(of: record.newImage ?? record.oldImage ?? .empty)
    }

    private mutating func append(
        _ change: ChangeRecord.Change, _ key: [UInt8], new: Item?, _ writer: DriverWriter
    ) -> UInt64 {
        let sequence = lastSequence + 1
        let timestamp = HybridTimestamp(
            milliseconds: writer.milliseconds, counter: UInt16(truncatingIfNeeded: sequence))
        let version = Version(timestamp: timestamp, region: writer.region ?? region)
        let transaction = writer.transactionID.map { ChangeRecord.Transaction(id: $0, index: 0, size: 1) }
        log.append(
            ChangeRecord(
                sequence: sequence, version: version, baseVersion: items[key]?.version,
                commitMilliseconds: writer.milliseconds, cause: writer.cause, transaction: transaction,
                change: change))
        items[key] = new.map { Stored(item: $0, version: version) }
        return sequence
    }
}

/// Who writes in a test, and when.
struct DriverWriter: Sendable {
    /// Nil: the handler's own region.
    var region: RegionName?
    var cause: ChangeRecord.Cause
    var transactionID: String?
    var milliseconds: UInt64
}
