import AttributeModel
import Capacity
import ChangeStream
import JSONBytes
import KeyValueStore
import Replication

/// Deletes that time brings.
extension RegionEngine {
    /// Deletes those of the items that are there and are expired now, by this region's clock: an item that was renewed since somebody
    /// looked stays. Each delete is a write of this region and replicates like any other, but not in global tables of version 2017.11.29.
    mutating func applyExpiredItems(
        table: TableDefinition.Number, keys: [EncodedKey], wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        guard let maintenance = maintenance(servingItemsOf: table),
            let timeToLive = maintenance.definition.timeToLive, timeToLive.status == .enabled
        else { return .swept(deleted: 0) }
        let definition = maintenance.definition
        // Expiry is free here and waits all the same: clients' writes come first, and each other region pays for the delete.
        guard tables[table]?.writes.hasCapacity(nowMilliseconds: wallMilliseconds) == true else {
            return .swept(deleted: 0)
        }
        let expired = TimeToLive.expired(atMilliseconds: wallMilliseconds)
        var deleted = 0
        for key in keys {
            let storageKey = StorageKeys.item(table, key)
            guard let stored = try group.storedItem(at: storageKey), let item = stored.item,
                let expiry = timeToLive.expiry(of: item), expiry > expired.above, expiry <= expired.upTo
            else { continue }
            let planned = PlannedWrite(
                table: table, key: key, storageKey: storageKey, stored: stored, new: nil,
                indexChanges: maintenance.changesLeavingOutUnfit(from: item, to: nil, tableKey: key),
                isLegacyGlobal: definition.isLegacyGlobal)
            _ = stage(planned, wallMilliseconds: wallMilliseconds, cause: .ttl, transaction: nil, group: &group)
            emit(
                Self.expiryEvent(of: item, expiry: expiry, in: definition), wallMilliseconds: wallMilliseconds,
                group: &group)
            deleted += 1
        }
        // Links forward what is in the log at once, so it must not get lost any more, as with a client's write.
        if deleted > 0 { group.requireSync() }
        return .swept(deleted: deleted)
    }

    private static func expiryEvent(
        of item: Item, expiry: DecimalNumber, in table: TableDefinition
    ) -> ControlEvent {
        ControlEvent(kind: .itemExpired, subject: table.name) { writer in
            writer.key("table")
            writer.string(table.name)
            writer.key("key")
            item.projecting(table.keySchema.attributes.map(\.name)).appendJSON(to: &writer)
            writer.key("expirySeconds")
            writer.string(expiry.text)
        }
    }
}
