import AttributeModel
import ChangeStream
import KeyValueStore
import Replication

/// Writes that come from other replicas: over a link, or in the snapshot that fills a new one.
extension RegionEngine {
    mutating func applyReplicated(
        _ arriving: ReplicatedChanges, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        guard let peers = tables[arriving.table]?.maintenance.definition.peers,
            peers.contains(where: { $0.region == arriving.peer })
        else {
            return .failed(.tableNotFound)
        }
        var outcome = ReplicationOutcome()
        let before = tables[arriving.table]?.cursors[arriving.peer]
        for change in arriving.changes {
            precondition(change.version.region == arriving.peer, "a link carries only what its own region wrote")
            let isRepeat = before?.covers(change.sequence) ?? false
            try apply(
                change, isRepeat: isRepeat, to: arriving.table, wallMilliseconds: wallMilliseconds, group: &group,
                &outcome)
        }
        tables[arriving.table]?.cursors[arriving.peer] = arriving.cursor
        touched.insert(arriving.table)
        group.put(
            StorageKeys.cursor(arriving.table, from: arriving.peer), arriving.cursor.encoded, in: .metadata)
        trackArrivals(
            of: arriving, before: before, wallMilliseconds: wallMilliseconds, group: &group, &outcome)
        return .replicated(outcome)
    }

    private mutating func apply(
        _ change: ReplicatedChange, isRepeat: Bool, to table: TableDefinition.Number, wallMilliseconds: UInt64,
        group: inout WriteGroup, _ outcome: inout ReplicationOutcome
    ) throws(StoreError) {
        let planned = try plan(key: change.key, item: change.item, in: table, reading: group)
        let decision = LastWriterWins.decide(arriving: change.version, stored: planned.stored?.version)
        if decision == .alreadyApplied {
            outcome.alreadyApplied += 1
            return
        }
        // The conflict of a change that came before was told then; what lies above it now may have known it. So it is with what a new replica was
        // filled with: a write of its region's earlier life, which came over that one's link.
        if !isRepeat, change.cause != .restore, let maintenance = tables[table]?.maintenance,
            let conflict = Conflict(change, stored: planned.stored, in: region, table: maintenance.definition)
        {
            outcome.conflicts += 1
            emit(conflict.event, wallMilliseconds: wallMilliseconds, group: &group)
        }
        if decision == .loses {
            outcome.lost += 1
            return
        }
        outcome.applied += 1
        note(change.version.timestamp, wallMilliseconds: wallMilliseconds, &outcome)
        store(planned, version: change.version, group: &group)
        payForReplicated(planned, wallMilliseconds: wallMilliseconds)
        guard planned.changesItem else { return }
        var old = planned.stored?.item
        if planned.isLegacyGlobal, change.item == nil {
            old = logLegacyDeletionMark(change, on: old, in: table, wallMilliseconds: wallMilliseconds, group: &group)
        }
        log(
            table: table, old: old, new: change.item, version: change.version,
            baseVersion: change.baseVersion, wallMilliseconds: wallMilliseconds, cause: change.cause,
            transaction: change.transaction, group: &group)
    }

    mutating func applyBackfill(
        _ chunk: BackfillChunk, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        guard isLive(chunk.table) else { return .failed(.tableNotFound) }
        var outcome = ReplicationOutcome()
        for (key, state) in chunk.states {
            let planned = try plan(key: key, item: state.item, in: chunk.table, reading: group)
            guard LastWriterWins.decide(arriving: state.version, stored: planned.stored?.version) == .replaces else {
                continue
            }
            note(state.version.timestamp, wallMilliseconds: wallMilliseconds, &outcome)
            store(planned, version: state.version, group: &group)
            outcome.applied += 1
            // What a replica is filled with is no change. But a link was faster with an older one, which is in the log: without this record
            // its readers would be left with that.
            guard chunk.isLogged || planned.stored != nil, planned.changesItem else { continue }
            // It may be a write of this region from before it lost its replica, and links take a region's own records for durable.
            group.requireSync()
            log(
                table: chunk.table, old: planned.stored?.item, new: state.item, version: state.version,
                baseVersion: nil, wallMilliseconds: wallMilliseconds, cause: .restore, transaction: nil, group: &group)
        }
        return .replicated(outcome)
    }

    /// A replicated item passed all checks in its own region; one that an index of this region cannot hold is left out of that index.
    private func plan(
        key: EncodedKey, item: Item?, in table: TableDefinition.Number, reading group: WriteGroup
    ) throws(StoreError) -> PlannedWrite {
        let storageKey = StorageKeys.item(table, key)
        let stored = try group.storedItem(at: storageKey)
        var changes: [IndexEntryChange] = []
        let maintenance = tables[table]?.maintenance
        if let maintenance {
            changes = maintenance.changesLeavingOutUnfit(from: stored?.item, to: item, tableKey: key)
        }
        return PlannedWrite(
            table: table, key: key, storageKey: storageKey, stored: stored, new: item, indexChanges: changes,
            isLegacyGlobal: maintenance?.isLegacyGlobal ?? false)
    }

    private mutating func note(
        _ timestamp: HybridTimestamp, wallMilliseconds: UInt64, _ outcome: inout ReplicationOutcome
    ) {
        if !clock.observe(timestamp, wallMilliseconds: wallMilliseconds) {
            let skew = timestamp.milliseconds - wallMilliseconds
            outcome.skewMilliseconds = max(outcome.skewMilliseconds ?? 0, skew)
        }
    }
}
