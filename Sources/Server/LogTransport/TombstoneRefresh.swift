import AttributeModel
import ChangeMessage
import KeyValueStore
import Partition
import RecordLog
import Region
import Replication

/// Publishes a table's tombstones to its `.state` topic again, from time to time, a part at a time.
///
/// Kafka forgets that an item was deleted after a while (`delete.retention.ms`); the region itself keeps the tombstone as long as a replica
/// has not passed it. A replica that is rebuilt from the topic must see it.
struct TombstoneRefresh {
    static let tombstonesPerPartMax = 256
    /// Several times within what the topic keeps, in milliseconds.
    static let intervalMilliseconds = UInt64(TransportConfiguration.deletedStateMilliseconds) / 8

    private var last: (timestamp: HybridTimestamp, key: EncodedKey)?
    private var dueMilliseconds: UInt64 = 0

    func isDue(nowMilliseconds: UInt64) -> Bool { nowMilliseconds >= dueMilliseconds }

    /// The next messages; none when all are published for this time.
    ///
    /// - Parameter sequence: of the last record that was handed over: what the region has by then is what is told.
    mutating func nextPart(
        of table: TableDefinition, in region: Region, _ writer: ChangeMessageWriter, sequence: UInt64,
        nowMilliseconds: UInt64, wallMilliseconds: Int64
    ) throws(StoreError) -> [LogMessage] {
        let found = try StorageKeys.tombstones(
            of: table, after: last, limit: Self.tombstonesPerPartMax, reading: region.store)
        last = found.last
        if found.count < Self.tombstonesPerPartMax {
            last = nil
            dueMilliseconds = nowMilliseconds + Self.intervalMilliseconds
        }
        var messages: [LogMessage] = []
        for (timestamp, key) in found {
            // It may have been written again, and that may wait to be published still.
            guard let bytes = try region.store.value(of: StorageKeys.item(table.number, key), in: .items),
                let state = try? bytes.withUnsafeBytes({ try StoredItem(decoding: $0) }), state.item == nil,
                state.version.timestamp == timestamp, let keyItem = try? table.keySchema.item(of: key)
            else { continue }
            var message = writer.absence(
                of: keyItem, version: state.version, sequence: sequence, source: .log,
                nowMilliseconds: wallMilliseconds)
            message.token = 0
            messages.append(message)
        }
        return messages
    }
}
