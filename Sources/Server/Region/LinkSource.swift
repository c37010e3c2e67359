import ChangeStream
import KeyValueStore
import Partition
import Replication

/// The region at the sending end of a link, as far as the link looks at it beside its log: one of this process (`Region`), or of another one
/// (`RemoteRegion`).
protocol LinkSource: AnyObject, Sendable {
    var name: RegionName { get }
    var isIsolated: Bool { get }
    /// Why the region no longer writes; nil while it does, or while that is not known.
    var failure: StoreError? { get }
    /// The region's own time, in milliseconds since 1970.
    var nowMilliseconds: UInt64 { get }
    /// What links and jobs go by. Nil when there is none, or when none has been heard of.
    func table(named name: String) -> TableDefinition?
    /// A table's counters together with the promise that every change logged later has a greater timestamp, and the same promise as a power
    /// failure leaves it.
    func head(
        of table: TableDefinition
    ) -> (counters: TableCounters, clock: HybridTimestamp, durableClock: HybridTimestamp)?
    /// Whether records may come before `head` counts them.
    var tellsHeadLate: Bool { get }
    /// When the oldest change behind the cursor was committed that the source itself made, in milliseconds since 1970; nil when there is none, or
    /// when the log cannot be looked into from here (`tellsHeadLate`).
    func oldestOwnChangeMilliseconds(in table: TableDefinition, behind cursor: LinkCursor) -> UInt64?
    /// Returns when what `head` has counted before is durable; false when that cannot be had.
    func makeDurable() -> Bool
}

extension Region: LinkSource {
    var nowMilliseconds: UInt64 { wallClock.milliseconds }

    var tellsHeadLate: Bool { false }

    func table(named name: String) -> TableDefinition? { catalogue.table(named: name) }

    func head(
        of table: TableDefinition
    ) -> (counters: TableCounters, clock: HybridTimestamp, durableClock: HybridTimestamp)? {
        headWithClocks(table.number).map { ($0.head.counters, $0.clock, $0.durableClock) }
    }

    /// Records of other regions in front of it are read past, as far as one batch goes.
    func oldestOwnChangeMilliseconds(in table: TableDefinition, behind cursor: LinkCursor) -> UInt64? {
        guard cursor.next < counters(table.number).nextSequence else { return nil }
        var found: UInt64?
        let end = cursor.next + UInt64(LinkBatch.recordsMax)
        // A page about a store that cannot be read shows no lag; the link itself reports the failure.
        try? store.scan(StorageKeys.changes(table.number, from: cursor.next), in: .changes, reverse: false) {
            key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key), sequence < end,
                let isOwn = try? ChangeRecord.isMade(in: name, value)
            else { return .stop }
            guard isOwn, !cursor.covers(sequence) else { return .next }
            found = (try? ChangeRecord(sequence: sequence, decoding: value))?.commitMilliseconds
            return .stop
        }
        return found
    }

    func makeDurable() -> Bool {
        if case .done = perform(.flush) { true } else { false }
    }
}
