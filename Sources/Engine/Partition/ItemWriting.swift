import AttributeModel
import ChangeStream
import Expressions
import KeyValueStore
import Replication

/// Client writes: condition, new item, checks, and what the write leaves in the store.
extension RegionEngine {
    mutating func applyWrite(
        _ write: ItemWrite, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        let decision = try plan(write, reading: group)
        if let throttling = pay(for: decision, in: write.table, wallMilliseconds: wallMilliseconds) {
            return .failed(.throttled(throttling))
        }
        switch decision {
        case .failure(let failure): return .failed(failure)
        case .success(let planned):
            return .written(
                stage(planned, wallMilliseconds: wallMilliseconds, cause: .user, transaction: nil, group: &group))
        }
    }

    /// All writes are checked before the first is made. Those that find no capacity left are left out.
    mutating func applyEach(
        _ writes: [ItemWrite], wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        var planned: [PlannedWrite] = []
        for (index, write) in writes.enumerated() {
            switch try plan(write, reading: group) {
            case .failure(let failure): return .eachFailed(index: index, failure)
            case .success(let plan): planned.append(plan)
            }
        }
        var outcomes: [WriteOutcome?] = []
        var refusal: Throttling?
        for plan in planned {
            if let throttling = pay(for: plan, isTransactional: false, wallMilliseconds: wallMilliseconds) {
                refusal = refusal ?? throttling
                outcomes.append(nil)
                continue
            }
            outcomes.append(
                stage(plan, wallMilliseconds: wallMilliseconds, cause: .user, transaction: nil, group: &group))
        }
        guard let refusal else { return .writtenEach(outcomes.compactMap(\.self)) }
        return outcomes.allSatisfy { $0 == nil } ? .failed(.throttled(refusal)) : .writtenSome(outcomes)
    }

    /// Decides a write without making it.
    func plan(
        _ write: ItemWrite, reading group: WriteGroup
    ) throws(StoreError) -> Result<PlannedWrite, WriteFailure> {
        guard let maintenance = maintenance(servingItemsOf: write.table) else { return .failure(.tableNotFound) }
        let storageKey = StorageKeys.item(write.table, write.key)
        let stored = try group.storedItem(at: storageKey)
        let old = stored?.item
        if let condition = write.condition, !condition.isSatisfied(by: old) { return .failure(.conditionFailed(old)) }
        var new: Item?
        var entries: [IndexEntryChange] = []
        do throws(WriteFailure) {
            new = try newItem(of: write, old: old)
            if old == new {
                return .success(
                    PlannedWrite(
                        table: write.table, key: write.key, storageKey: storageKey, stored: stored, new: new,
                        indexChanges: [], isLegacyGlobal: maintenance.isLegacyGlobal))
            }
            entries = try maintenance.changes(from: old, to: new, tableKey: write.key, isUpdate: write.isUpdate)
            let planned = PlannedWrite(
                table: write.table, key: write.key, storageKey: storageKey, stored: stored, new: new,
                indexChanges: entries, isLegacyGlobal: maintenance.isLegacyGlobal)
            if let new {
                let isLegacy = planned.isLegacyGlobal
                let largest = isLegacy ? LegacyStamp.largest(in: region, on: new) : new
                try maintenance.checkSize(
                    of: largest, sized: isLegacy ? largest.size : planned.newSize, isUpdate: write.isUpdate)
            }
            return .success(planned)
        } catch {
            return .failure(error)
        }
    }

    private func newItem(of write: ItemWrite, old: Item?) throws(WriteFailure) -> Item? {
        switch write.change {
        case .put(let item): return item
        case .delete: return nil
        case .check: return old
        case .update(let update):
            if old == nil, !update.createsItem { return nil }
            do throws(UpdateError) {
                return try update.apply(to: old, key: write.keyItem)
            } catch {
                throw .invalid(error.message)
            }
        }
    }

    /// Makes a planned write: versions it, logs it, keeps the indexes. A write that changes nothing leaves nothing.
    mutating func stage(
        _ planned: PlannedWrite, wallMilliseconds: UInt64, cause: ChangeRecord.Cause,
        transaction: ChangeRecord.Transaction?, group: inout WriteGroup
    ) -> WriteOutcome {
        let old = planned.stored?.item
        let outcome = planned.outcome
        guard old != planned.new else { return outcome }
        if planned.isLegacyGlobal {
            stageLegacy(
                planned, wallMilliseconds: wallMilliseconds, cause: cause, transaction: transaction, group: &group)
            return outcome
        }
        let timestamp = clock.stamp(
            wallMilliseconds: wallMilliseconds, overwriting: planned.stored?.version.timestamp,
            above: tables[planned.table]?.maintenance.versionFloor)
        let version = Version(timestamp: timestamp, region: region)
        store(planned, version: version, group: &group)
        log(
            table: planned.table, old: old, new: planned.new, version: version,
            baseVersion: planned.stored?.version, wallMilliseconds: wallMilliseconds, cause: cause,
            transaction: transaction, group: &group)
        return outcome
    }

    /// Puts the new state, its index entries, its place in the list by expiry and its share of the counters into the group.
    mutating func store(
        _ planned: PlannedWrite, version: Version, group: inout WriteGroup
    ) {
        guard let maintenance = tables[planned.table]?.maintenance else { return }
        let old = planned.stored?.item
        if let stored = planned.stored, stored.item == nil {
            let key = StorageKeys.tombstone(planned.table, stored.version.timestamp, planned.key)
            group.delete(key, in: .indexes)
        }
        if let new = planned.new {
            group.setItem(StoredItem(version: version, item: new), at: planned.storageKey)
        } else if maintenance.isGlobal {
            group.setItem(StoredItem(version: version, item: nil), at: planned.storageKey)
            group.put(StorageKeys.tombstone(planned.table, version.timestamp, planned.key), [], in: .indexes)
        } else {
            group.setItem(nil, at: planned.storageKey)
        }
        for change in planned.indexChanges {
            if let key = change.deleted { group.delete(key, in: .indexes) }
            if let key = change.added { group.put(key, planned.key.bytes, in: .indexes) }
        }
        listExpiry(of: planned.key, in: maintenance.definition, from: old, to: planned.new, group: &group)
        tables[planned.table]?.counters.count(planned)
        touched.insert(planned.table)
    }

    mutating func log(
        table: TableDefinition.Number, old: Item?, new: Item?, version: Version, baseVersion: Version?,
        wallMilliseconds: UInt64, cause: ChangeRecord.Cause, transaction: ChangeRecord.Transaction?,
        group: inout WriteGroup
    ) {
        guard let maintenance = tables[table]?.maintenance, logsAllTables || maintenance.logsChanges,
            let sequence = tables[table]?.counters.nextSequence
        else { return }
        let change: ChangeRecord.Change
        switch (old, new) {
        case (nil, nil): return
        case (nil, let new?): change = .insert(new)
        case (let old?, nil): change = .remove(old)
        case (let old?, let new?): change = .modify(old: old, new: new)
        }
        let record = ChangeRecord(
            sequence: sequence, version: version, baseVersion: baseVersion, commitMilliseconds: wallMilliseconds,
            cause: cause, transaction: transaction, change: change)
        group.put(StorageKeys.change(table, sequence), record.encoded, in: .changes)
        tables[table]?.counters.nextSequence = sequence + 1
        touched.insert(table)
    }
}

/// A write that passed all checks.
struct PlannedWrite {
    let table: TableDefinition.Number
    let key: EncodedKey
    let storageKey: [UInt8]
    let stored: StoredItem?
    let new: Item?
    let indexChanges: [IndexEntryChange]
    /// Whether the table belongs to a global table of version 2017.11.29.
    let isLegacyGlobal: Bool
    /// Sizes of the item before and after, as DynamoDB counts them; 0 where there is none.
    let oldSize: Int
    let newSize: Int

    init(
        table: TableDefinition.Number, key: EncodedKey, storageKey: [UInt8], stored: StoredItem?, new: Item?,
        indexChanges: [IndexEntryChange], isLegacyGlobal: Bool
    ) {
        self.table = table
        self.key = key
        self.storageKey = storageKey
        self.stored = stored
        self.new = new
        self.indexChanges = indexChanges
        self.isLegacyGlobal = isLegacyGlobal
        oldSize = stored?.item?.size ?? 0
        newSize = new?.size ?? 0
    }

    var changesItem: Bool { stored?.item != new }

    var outcome: WriteOutcome {
        WriteOutcome(oldItem: stored?.item, newItem: new, indexWrites: indexChanges.flatMap(\.writes))
    }
}

extension ItemWrite {
    var isUpdate: Bool {
        if case .update = change { true } else { false }
    }
}

extension TableCounters {
    mutating func count(_ planned: PlannedWrite) {
        if planned.stored?.item != nil {
            itemCount -= 1
            itemBytes -= UInt64(planned.oldSize)
        }
        if planned.new != nil {
            itemCount += 1
            itemBytes += UInt64(planned.newSize)
        }
    }
}
