import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Replication

/// What every batch on a disk must be.
extension Auditor {
    /// A batch has reached the disk of a region.
    ///
    /// - Parameter isAnswered: whether the region knows; false for what a crash or a failed commit left behind.
    func committed(
        _ batch: WriteBatch, in region: Int, wallMilliseconds: UInt64, isSynced: Bool, isAnswered: Bool = true
    ) throws(StoreError) {
        advanceStep()
        if !isSynced { regions[region].batch += 1 }
        regions[region].latestMilliseconds = max(regions[region].latestMilliseconds, wallMilliseconds)
        let number = regions[region].batch
        var moved: [String: Int] = [:]
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value, .items): try putItem(key, value, region, number)
            case .delete(let key, .items): deleteItem(key, region, number)
            case .deleteRange(let lower, _, .items):
                if let replica = replica(lower, region) {
                    replica.isDropped = true
                    replica.droppedBatch = number
                }
            case .put(let key, let value, .changes):
                if tableNumber(key) == 0 {
                    try putEvent(value, region, number)
                } else if let id = try putRecord(key, value, region, number, isAnswered, wallMilliseconds) {
                    moved[id, default: 0] += 1
                }
            case .put(let key, let value, .metadata) where key.first == UInt8(ascii: "l"):
                try putCursor(key, value, region, number)
            default: break
            }
        }
        for (id, count) in moved { settle(id, count, region, wallMilliseconds) }
    }

    private func tableNumber(_ key: [UInt8], at offset: Int = 0) -> TableDefinition.Number {
        guard key.count >= offset + 4 else { return 0 }
        return key[offset..<offset + 4].reduce(0) { $0 << 8 | TableDefinition.Number($1) }
    }

    private func replica(_ key: [UInt8], _ region: Int, at offset: Int = 0) -> ReplicaAudit? {
        regions[region].replicas[tableNumber(key, at: offset)]
    }

    // MARK: Items

    private func putItem(_ key: [UInt8], _ value: [UInt8], _ region: Int, _ batch: Int) throws(StoreError) {
        guard let replica = replica(key, region) else { return }
        let stored = try StoredItem.read(value)
        let itemKey = ByteKey(Array(key.dropFirst(4)))
        if let before = replica.keys[itemKey]?.last?.version {
            require(
                stored.version > before, "I10",
                "\(names[region]) replaced version \(before) of \(replica.name) by \(stored.version)")
        }
        replica.keys[itemKey, default: []].append(
            KeyState(version: stored.version, item: stored.item, batch: batch, step: step))
    }

    /// Only tombstones go, and only those that nothing older can come after.
    private func deleteItem(_ key: [UInt8], _ region: Int, _ batch: Int) {
        guard let replica = replica(key, region) else { return }
        let itemKey = ByteKey(Array(key.dropFirst(4)))
        if let last = replica.keys[itemKey]?.last, let version = last.version {
            require(last.item == nil, "I15", "\(names[region]) dropped an item as if it were a tombstone")
            for peer in names.indices where peer != region {
                guard let other = self.replica(of: replica.name, in: peer) else { continue }
                let cursor = replica.cursors[names[peer]]?.last?.cursor ?? LinkCursor(next: 1)
                let older = other.records.suffix(from: min(other.records.count, Int(cursor.next) - 1)).first { record in
                    record.record.version.region == names[peer] && record.key == itemKey
                        && record.record.version < version && !cursor.covers(record.record.sequence)
                }
                if let older {
                    violate(
                        "I15",
                        "\(names[region]) dropped tombstone \(version) of \(replica.name), but \(older.record.version) of "
                            + "\(names[peer]) is still to come")
                }
            }
        }
        replica.keys[itemKey, default: []].append(KeyState(version: nil, item: nil, batch: batch, step: step))
    }

    // MARK: Change records

    /// Answers the transaction that the record belongs to, if it was made here.
    private func putRecord(
        _ key: [UInt8], _ value: [UInt8], _ region: Int, _ batch: Int, _ isAnswered: Bool, _ wallMilliseconds: UInt64
    ) throws(StoreError) -> String? {
        guard let replica = replica(key, region) else { return nil }
        let sequence: UInt64 = key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        guard let record = try? value.withUnsafeBytes({ try ChangeRecord(sequence: sequence, decoding: $0) }),
            let encoded = try? Workload.keySchema.key(of: record.newImage ?? record.oldImage ?? .empty)
        else { throw .corrupted(path: "changes", reason: "a record cannot be decoded") }
        let itemKey = ByteKey(encoded.bytes)
        check(record, itemKey, replica.keys[itemKey] ?? [], replica, region)
        let isOwn = record.version.region == names[region]
        if isOwn, record.cause != .restore {
            written[replica.name, default: [:]][itemKey, default: []].append(
                WrittenState(version: record.version, item: record.newImage))
            if record.cause == .ttl {
                let expiry = Workload.number(Workload.expiryAttribute, of: record.oldImage)
                require(
                    expiry.map { UInt64($0) <= wallMilliseconds / 1000 } ?? false, "I16",
                    "\(names[region]) expired an item whose time is \(expiry ?? 0) at \(wallMilliseconds) ms")
            }
        }
        if let unique = Workload.unique(record.newImage) { replica.byUnique[unique] = sequence }
        replica.records.append(
            RecordAudit(record: record, key: itemKey, batch: batch, step: step, isAnswered: isAnswered))
        for mapping in regions[region].mappings.values where mapping.table == replica.number {
            mapping.append(record, key: itemKey, in: names[region])
        }
        return isOwn ? record.transaction?.id : nil
    }

    private func check(
        _ record: ChangeRecord, _ key: ByteKey, _ states: [KeyState], _ replica: ReplicaAudit, _ region: Int
    ) {
        var name: String { "\(names[region]) \(replica.name)" }
        require(
            record.sequence == replica.nextSequence, "I6",
            "\(name): record \(record.sequence) follows \(replica.nextSequence - 1)")
        require(record.oldImage != record.newImage, "I7", "\(name): record \(record.sequence) tells of no change")
        guard let now = states.last else {
            return violate("I7", "\(name): record \(record.sequence) of a key without a state")
        }
        require(
            now.version == record.version && now.item == record.newImage, "I7",
            "\(name): record \(record.sequence) does not tell what was stored")
        let before = states.dropLast().last
        require(
            record.oldImage == before?.item, "I6",
            "\(name): record \(record.sequence) does not begin where the one before it ended")
        let isOwn = record.version.region == names[region]
        if isOwn, record.cause != .restore {
            require(
                record.baseVersion == before?.version, "I11",
                "\(name): record \(record.sequence) does not name the version that it replaced")
            if let base = before?.version {
                require(record.version > base, "I11", "\(name): \(record.version) overwrote \(base)")
            }
        } else {
            let known = written[replica.name]?[key]?.contains { $0.version == record.version } ?? false
            require(known, "I10", "\(name): version \(record.version) was never made by its region")
        }
    }

    // MARK: Cursors

    /// A cursor covers only what is applied here, unless a later write of another region was there first (I8, I12).
    private func putCursor(_ key: [UInt8], _ value: [UInt8], _ region: Int, _ batch: Int) throws(StoreError) {
        guard let replica = replica(key, region, at: 1) else { return }
        let peer = RegionName(stored: String(decoding: key.dropFirst(5), as: UTF8.self))
        let cursor: LinkCursor? = value.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try? LinkCursor(decoding: &reader)
        }
        guard let cursor else { throw .corrupted(path: "metadata", reason: "a cursor cannot be decoded") }
        let before = replica.cursors[peer]?.last?.cursor
        replica.cursors[peer, default: []].append((cursor, batch))
        guard let before, !replica.wasFilled, let index = names.firstIndex(of: peer),
            let source = self.replica(of: replica.name, in: index), !source.wasFilled, cursor.next > 0
        else { return }
        let last = max(cursor.next, (cursor.ahead.last ?? 0) + 1)
        for sequence in before.next..<max(before.next, last) {
            guard cursor.covers(sequence), !before.covers(sequence), let logged = source.record(sequence),
                logged.record.version.region == peer
            else { continue }
            check(logged.record, logged.key, isAppliedIn: replica, from: peer, sequence)
        }
    }

    /// The change is in the target's history, or the first later state there is another region's, to which it lost.
    func check(
        _ record: ChangeRecord, _ key: ByteKey, isAppliedIn replica: ReplicaAudit, from peer: RegionName,
        _ sequence: UInt64
    ) {
        var next: Version?
        for state in (replica.keys[key] ?? []).reversed() {
            guard let version = state.version else { continue }
            if version == record.version { return }
            if version < record.version { break }
            next = version
        }
        require(
            next.map { $0.region != peer } ?? false, "I8",
            "\(replica.region) counts record \(sequence) of \(peer) \(replica.name) as applied, but it is not")
    }

    // MARK: What a power failure takes away

    /// The newest batches are gone.
    func lost(batches: Int, in region: Int) {
        advanceStep()
        regions[region].batch -= batches
        let kept = regions[region].batch
        for (number, replica) in regions[region].replicas.sorted(by: { $0.key < $1.key }) {
            for (key, states) in replica.keys where states.last.map({ $0.batch > kept }) ?? false {
                replica.keys[key] = Array(states.prefix { $0.batch <= kept })
            }
            while let last = replica.records.last, last.batch > kept {
                replica.records.removeLast()
                let isOwn = last.record.version.region == names[region]
                require(
                    !isOwn || !last.isAnswered, "I1",
                    "\(names[region]) \(replica.name) lost its own record \(last.record.sequence) "
                        + (last.isAcknowledged ? "that a client was told of" : "that links may have read"))
                if isOwn { forget(last, replica) }
            }
            for (peer, cursors) in replica.cursors {
                replica.cursors[peer] = Array(cursors.prefix { $0.batch <= kept })
            }
            if replica.isDropped, replica.droppedBatch > kept { replica.isDropped = false }
            for mapping in regions[region].mappings.values where mapping.table == number {
                mapping.cut(behind: replica.nextSequence - 1)
            }
        }
        regions[region].arrivals.removeAll { $0.batch > kept }
    }

    private func forget(_ last: RecordAudit, _ replica: ReplicaAudit) {
        written[replica.name]?[last.key]?.removeAll { $0.version == last.record.version }
        if let id = last.record.transaction?.id {
            transactions[id]?.committedMilliseconds = nil
            transactions[id]?.size = 0
        }
    }
}
