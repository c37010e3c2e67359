import AttributeModel
import Bytes
import ChangeMessage
import KeyValueStore
import Partition
import RecordLog
import Region

/// Publishes what a table held before its `.state` topic began to follow the log, a part at a time.
struct StateFill {
    static let itemsPerPartMax = 256
    /// Item bytes of a part at the most (one item may be larger).
    static let bytesPerPartMax = 1 << 20

    /// The last record of the log that the snapshot holds for sure.
    let sequence: UInt64
    /// Messages that are handed over and not confirmed.
    var unconfirmedCount = 0
    private(set) var isRead = false
    private var stale: [StaleStates.Key]
    private let snapshot: RegionStore.Snapshot
    private let table: TableDefinition
    private var range: KeyRange

    /// - Parameters:
    ///   - sequence: was the last one before the snapshot was taken.
    ///   - stale: what the topic shows of tables before; it is taken out first.
    init(_ table: TableDefinition, _ snapshot: RegionStore.Snapshot, sequence: UInt64, stale: Set<StaleStates.Key>) {
        self.stale = Array(stale)
        self.sequence = sequence
        self.snapshot = snapshot
        self.table = table
        range = StorageKeys.items(table.number)
    }

    mutating func nextPart(_ writer: ChangeMessageWriter, nowMilliseconds: Int64) throws(StoreError) -> [LogMessage] {
        let sequence = sequence
        let table = table
        if !stale.isEmpty {
            let part = stale.suffix(Self.itemsPerPartMax)
            stale.removeLast(part.count)
            unconfirmedCount += part.count
            return part.map { key in
                writer.staleState(
                    key.key, partition: key.partition, snapshotAt: sequence, nowMilliseconds: nowMilliseconds)
            }
        }
        var messages: [LogMessage] = []
        var bytes = 0
        var last: [UInt8]?
        var count = 0
        var failure: StoreError?
        try snapshot.scan(range, in: .items, reverse: false) { key, value in
            guard
                let message = try? Self.message(
                    key, value, of: table, snapshotAt: sequence, writer, nowMilliseconds: nowMilliseconds)
            else {
                failure = .corrupted(path: "items", reason: "an item cannot be decoded")
                return .stop
            }
            messages.append(message)
            last = Array(key)
            bytes += value.count
            count += 1
            return count < Self.itemsPerPartMax && bytes < Self.bytesPerPartMax ? .next : .stop
        }
        if let failure { throw failure }
        if let last { range.lower = last + [0] } else { isRead = true }
        unconfirmedCount += messages.count
        return messages
    }

    /// An item, or the tombstone of one: without it a replica that is filled from the topic would take over what came before the deletion.
    private static func message(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, of table: TableDefinition,
        snapshotAt sequence: UInt64, _ writer: ChangeMessageWriter, nowMilliseconds: Int64
    ) throws -> LogMessage {
        let state = try StoredItem(decoding: value)
        if let item = state.item {
            return writer.state(item, version: state.version, snapshotAt: sequence, nowMilliseconds: nowMilliseconds)
        }
        let itemKey = Array(key.dropFirst(MemoryLayout<TableDefinition.Number>.size))
        let keyItem = try table.keySchema.item(of: EncodedKey(decoding: itemKey, schema: table.keySchema))
        return writer.absence(
            of: keyItem, version: state.version, sequence: sequence, source: .snapshot,
            nowMilliseconds: nowMilliseconds)
    }
}
