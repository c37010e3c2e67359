import ChangeStream
public import KeyValueStore
public import Replication

/// Up to where change records and tombstones may go: nobody can need them any more.
public enum LogRetention {
    /// One replica of a global table as far as the collection of tombstones is concerned.
    public struct Replica: Sendable {
        public let definition: TableDefinition
        /// By peer: everything that it wrote up to this timestamp is applied here.
        public let watermarks: [RegionName: HybridTimestamp]

        public init(definition: TableDefinition, watermarks: [RegionName: HybridTimestamp]) {
            self.definition = definition
            self.watermarks = watermarks
        }
    }

    /// Tombstones up to this timestamp may go once all replicas are durable: every replica has applied everything up to it from every other
    /// one, so nothing older can arrive (reference `reliability.md` 4.4). Nil while that is not known.
    ///
    /// - Parameters:
    ///   - replicas: all members of the table; replicas that come or go make the membership unclear, and tombstones wait.
    ///   - clock: of the region that asks: a replica that is added later writes nothing older (`TableDefinition.versionFloor`).
    public static func tombstoneHorizon(of replicas: [Replica], clock: HybridTimestamp) -> HybridTimestamp? {
        let members = replicas.map(\.definition.region)
        var horizon = clock
        for replica in replicas {
            let own = replica.definition
            guard own.status == .active, own.peers.allSatisfy({ $0.status == .active }) else { return nil }
            for source in members where source != own.region {
                guard let watermark = replica.watermarks[source] else { return nil }
                horizon = min(horizon, watermark)
            }
        }
        return horizon
    }

    /// The first change record that must stay: it is not older than a stream shows, or a link has not applied it.
    ///
    /// - Parameter peerCursors: how far the peers' links have come, saved durably.
    public static func firstNeededChange(
        of table: TableDefinition, _ counters: TableCounters, peerCursors: [LinkCursor], wallMilliseconds: UInt64,
        reading store: some KeyValueReader
    ) throws(StoreError) -> UInt64 {
        let horizon = wallMilliseconds - min(wallMilliseconds, Stream.retentionMilliseconds)
        // By bisection: commit times grow with the sequence, up to steps of the wall clock that do not matter here.
        var low = counters.firstSequence
        var high = counters.nextSequence
        while low < high {
            let middle = low + (high - low) / 2
            if try commitMilliseconds(of: middle, in: table, reading: store) < horizon {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return peerCursors.reduce(low) { min($0, $1.next) }
    }

    private static func commitMilliseconds(
        of sequence: UInt64, in table: TableDefinition, reading store: some KeyValueReader
    ) throws(StoreError) -> UInt64 {
        guard let bytes = try store.value(of: StorageKeys.change(table.number, sequence), in: .changes) else {
            throw .corrupted(path: "changes", reason: "record \(sequence) of table \(table.name) is missing")
        }
        let record = try? bytes.withUnsafeBytes { try ChangeRecord(sequence: sequence, decoding: $0) }
        guard let record else {
            throw .corrupted(path: "changes", reason: "record \(sequence) of table \(table.name) cannot be decoded")
        }
        return record.commitMilliseconds
    }
}
