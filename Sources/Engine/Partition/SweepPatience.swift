public import AttributeModel
public import KeyValueStore
import Replication

/// Which expired items of a table a region deletes: in a global table the region that wrote an item last deletes it at once and the others
/// give it time to, else all regions whose clocks agree would claim the delete in their streams.
public struct SweepPatience: Sendable {
    /// How long an item that another replica wrote must have been seen expired, in milliseconds.
    public static let othersMillisecondsMin: UInt64 = 3000

    /// Expired items of other regions: since when they have been seen so.
    private var waiting: [EncodedKey: UInt64] = [:]

    public init() {}

    /// Those that this region wrote, those that nobody else will delete, and those that somebody else has had time to delete.
    ///
    /// - Parameter nowMilliseconds: a clock that nobody moves.
    public mutating func due(
        _ expired: [EncodedKey], of table: TableDefinition, nowMilliseconds: UInt64, reading store: some KeyValueReader
    ) throws(StoreError) -> [EncodedKey] {
        // Replicas of version 2017.11.29 do not tell each other what expired.
        guard table.isGlobal, !table.isLegacyGlobal else { return expired }
        let others = table.peers.map(\.region)
        var seen: [EncodedKey: UInt64] = [:]
        var due: [EncodedKey] = []
        for key in expired {
            guard let bytes = try store.value(of: StorageKeys.item(table.number, key), in: .items) else { continue }
            let writer = try StoredItem.read(bytes).version.region
            let since = waiting[key] ?? nowMilliseconds
            if others.contains(writer) { seen[key] = since }
            if !others.contains(writer) || nowMilliseconds - since >= Self.othersMillisecondsMin { due.append(key) }
        }
        waiting = seen
        return due
    }
}
