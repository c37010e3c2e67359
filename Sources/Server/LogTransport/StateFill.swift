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
    private var range: KeyRange

    /// - Parameters:
    ///   - sequence: was the last one before the snapshot was taken.
    ///   - stale: what the topic shows of tables before; it is taken out first.
    init(_ table: TableDefinition, _ snapshot: RegionStore.Snapshot, sequence: UInt64, stale: Set<StaleStates.Key>) {
        self.stale = Array(stale)
        self.sequence = sequence
        self.snapshot = snapshot
        range = StorageKeys.items(table.number)
    }

    mutating func nextPart(_ writer: ChangeMessageWriter, nowMilliseconds: Int64) throws(StoreError) -> [LogMessage] {
        let sequence = sequence
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
            guard let state = try? StoredItem(decoding: value) else {
                failure = .corrupted(path: "items", reason: "an item cannot be decoded")
                return .stop
            }
            if let item = state.item {
                messages.append(
                    writer.state(
                        item, version: state.version, snapshotAt: sequence, nowMilliseconds: nowMilliseconds))
            }
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
}
