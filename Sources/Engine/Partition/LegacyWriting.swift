import AttributeModel
import ChangeStream
import KeyValueStore
import Replication

/// Writes to replicas of global tables of version 2017.11.29 (reference `global-tables.md` 2 and 7).
///
/// On AWS a service stamps what a client wrote, a moment later. Here the stamp comes in the same commit; the log has both steps.
extension RegionEngine {
    /// Makes a planned write that changes something.
    mutating func stageLegacy(
        _ planned: PlannedWrite, wallMilliseconds: UInt64, cause: ChangeRecord.Cause,
        transaction: ChangeRecord.Transaction?, group: inout WriteGroup
    ) {
        if planned.isStamped {
            let version = logUnstamped(
                planned, wallMilliseconds: wallMilliseconds, transaction: transaction, group: &group)
            stageStamped(
                planned, version: version, wallMilliseconds: wallMilliseconds, transaction: transaction,
                group: &group)
            return
        }
        let version = legacyVersion(overwriting: planned, wallMilliseconds: wallMilliseconds)
        // An expired item stays what it is for the others: the tombstone keeps off repeats of this version, and every later write wins.
        let isExpired = cause == .ttl
        store(planned, version: isExpired ? planned.stored?.version ?? version : version, group: &group)
        log(
            table: planned.table, old: planned.stored?.item, new: nil, version: version,
            baseVersion: planned.stored?.version, wallMilliseconds: wallMilliseconds, cause: cause,
            transaction: transaction, group: &group)
    }

    /// Logs an item as a client wrote it. `stageStamped` must follow in the same group.
    mutating func logUnstamped(
        _ planned: PlannedWrite, wallMilliseconds: UInt64, transaction: ChangeRecord.Transaction?,
        group: inout WriteGroup
    ) -> Version {
        let version = legacyVersion(overwriting: planned, wallMilliseconds: wallMilliseconds)
        log(
            table: planned.table, old: planned.stored?.item, new: planned.new, version: version,
            baseVersion: planned.stored?.version, wallMilliseconds: wallMilliseconds, cause: .user,
            transaction: transaction, group: &group)
        return version
    }

    /// Stores an item with its stamp, and logs the step from what the client wrote.
    mutating func stageStamped(
        _ planned: PlannedWrite, version: Version, wallMilliseconds: UInt64, transaction: ChangeRecord.Transaction?,
        group: inout WriteGroup
    ) {
        guard let new = planned.new, let partition = tables[planned.table] else { return }
        let stamped = LegacyStamp(version).applied(to: new)
        // An index may have the stamp among its keys.
        let entries = partition.maintenance.changesLeavingOutUnfit(
            from: planned.stored?.item, to: stamped, tableKey: planned.key)
        let stored = PlannedWrite(
            table: planned.table, key: planned.key, storageKey: planned.storageKey, stored: planned.stored,
            new: stamped, indexChanges: entries, isLegacyGlobal: true)
        store(stored, version: version, group: &group)
        guard stamped != new else { return }
        log(
            table: planned.table, old: new, new: stamped, version: version, baseVersion: planned.stored?.version,
            wallMilliseconds: wallMilliseconds, cause: .user, transaction: transaction, group: &group)
    }

    /// Logs the first of the two steps in which a deletion arrives. Answers the item that the second step removes.
    mutating func logLegacyDeletionMark(
        _ change: ReplicatedChange, on old: Item?, in table: TableDefinition.Number, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) -> Item? {
        guard let old else { return nil }
        let marked = LegacyStamp.markingDeletion(of: old)
        guard marked != old else { return old }
        log(
            table: table, old: old, new: marked, version: change.version, baseVersion: change.baseVersion,
            wallMilliseconds: wallMilliseconds, cause: change.cause, transaction: change.transaction, group: &group)
        return marked
    }

    /// Later by a millisecond at least than what it overwrites: items show their time in milliseconds, and each write must change it.
    private mutating func legacyVersion(overwriting planned: PlannedWrite, wallMilliseconds: UInt64) -> Version {
        let last = planned.stored.map {
            HybridTimestamp(milliseconds: $0.version.timestamp.milliseconds, counter: .max)
        }
        let timestamp = clock.stamp(
            wallMilliseconds: wallMilliseconds, overwriting: last,
            above: tables[planned.table]?.maintenance.versionFloor)
        return Version(timestamp: timestamp, region: region)
    }
}

extension PlannedWrite {
    /// Whether the write leaves an item that gets a stamp.
    var isStamped: Bool { isLegacyGlobal && new != nil && changesItem }
}
