import AttributeModel
import ChangeStream
import KeyValueStore
import Replication

/// Changes of tables, indexes, streams and peers, and the work that time brings.
extension RegionEngine {
    mutating func applyCatalogueChange(
        _ change: CatalogueChange, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) {
        noteCatalogueChange()
        switch change {
        case .create(let definition):
            precondition(definition.number >= nextTableNumber, "table numbers are never reused")
            nextTableNumber = definition.number + 1
            let record = RegionRecord(name: region, nextTableNumber: nextTableNumber)
            group.put(StorageKeys.region, CatalogueCodec.encode(record), in: .metadata)
            tables[definition.number] = Partition(definition: definition)
            provisionWrites(of: definition.number, wallMilliseconds: wallMilliseconds)
            save(definition, group: &group)
            if definition.isGlobal, definition.status == .creating {
                tell(.replicaCreated, of: definition, wallMilliseconds: wallMilliseconds, group: &group)
            }
        case .edit(let number, let edit):
            self.edit(number, edit, wallMilliseconds: wallMilliseconds, group: &group)
        case .drop(let number):
            dropTelling(number, wallMilliseconds: wallMilliseconds, group: &group)
        case .enableStream(let number, let viewType):
            update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, counters in
                guard definition.enabledStream == nil else { return }
                let lastLabel = definition.streams.last?.createdMilliseconds ?? 0
                definition.streams.append(
                    Stream(
                        viewType: viewType, nextSequence: counters.nextSequence,
                        nowMilliseconds: max(wallMilliseconds, lastLabel + 1)))
            }
        case .disableStream(let number):
            update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, counters in
                guard !definition.streams.isEmpty else { return }
                definition.streams[definition.streams.count - 1].disable(
                    nextSequence: counters.nextSequence, nowMilliseconds: wallMilliseconds)
            }
        case .dropIndex(let number, let ordinal):
            update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, _ in
                definition.globalIndexes.removeAll { $0.ordinal == ordinal }
            }
            group.deleteRange(StorageKeys.indexEntries(number, ordinal), in: .indexes)
        case .setCursor(let number, let peer, let cursor):
            guard isLive(number) else { return }
            tables[number]?.cursors[peer] = cursor
            group.put(StorageKeys.cursor(number, from: peer), cursor.encoded, in: .metadata)
            settleArrivals(wallMilliseconds: wallMilliseconds, group: &group)
        case .removeCursor(let number, let peer):
            tables[number]?.cursors[peer] = nil
            group.delete(StorageKeys.cursor(number, from: peer), in: .metadata)
            settleArrivals(wallMilliseconds: wallMilliseconds, group: &group)
        case .joinLegacyGlobalTable(let number, let membership):
            joinLegacyGlobalTable(number, membership, wallMilliseconds: wallMilliseconds, group: &group)
        case .leaveLegacyGlobalTable(let number):
            leaveLegacyGlobalTable(number, wallMilliseconds: wallMilliseconds, group: &group)
        case .removeLegacyPeer(let number, let peer):
            removeLegacyPeer(number, peer, wallMilliseconds: wallMilliseconds, group: &group)
        }
    }

    private mutating func edit(
        _ number: TableDefinition.Number, _ edit: (inout TableDefinition) -> Void, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) {
        let before = tables[number]?.definition
        let now = clock.last
        update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, _ in
            edit(&definition)
            // What another region noted may have come with its definition; what counts is this region's clock.
            for index in definition.peers.indices {
                let known = before?.peers.first { $0.region == definition.peers[index].region }
                definition.peers[index].addedTimestamp = known.map(\.addedTimestamp) ?? now
            }
        }
        if let after = tables[number]?.definition, after.isGlobal, before?.status == .creating,
            after.status != .creating, after.status != .deleting
        {
            tell(.replicaCaughtUp, of: after, wallMilliseconds: wallMilliseconds, group: &group)
        }
        settleArrivals(wallMilliseconds: wallMilliseconds, group: &group)
    }

    private mutating func dropTelling(
        _ number: TableDefinition.Number, wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        let before = tables[number]?.definition
        drop(number, wallMilliseconds: wallMilliseconds, group: &group)
        if let before, before.isGlobal, before.deletedMilliseconds == nil {
            tell(.replicaRemoved, of: before, wallMilliseconds: wallMilliseconds, group: &group)
        }
        settleArrivals(wallMilliseconds: wallMilliseconds, group: &group)
    }

    /// Tells what has become of this region's replica of a global table.
    mutating func tell(
        _ kind: ControlEvent.Kind, of table: TableDefinition, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) {
        let event = ControlEvent.replica(kind, table: table.name, region: region, others: table.peers.map(\.region))
        emit(event, wallMilliseconds: wallMilliseconds, group: &group)
    }

    mutating func update(
        _ number: TableDefinition.Number, wallMilliseconds: UInt64, group: inout WriteGroup,
        _ body: (inout TableDefinition, TableCounters) -> Void
    ) {
        guard isLive(number), var definition = tables[number]?.definition, let counters = tables[number]?.counters
        else { return }
        let before = definition
        body(&definition, counters)
        definition.noteSettings(changedFrom: before, wallMilliseconds: wallMilliseconds)
        settleExpiryList(from: before.timeToLive, to: definition.timeToLive, in: number, group: &group)
        tables[number]?.definition = definition
        provisionWrites(of: number, wallMilliseconds: wallMilliseconds)
        save(definition, group: &group)
    }

    private func save(_ definition: TableDefinition, group: inout WriteGroup) {
        group.put(StorageKeys.table(definition.number), CatalogueCodec.encode(definition), in: .metadata)
    }

    private mutating func drop(
        _ number: TableDefinition.Number, wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        guard isLive(number) else { return }
        group.deleteRange(StorageKeys.cursors(number), in: .metadata)
        group.deleteRange(StorageKeys.items(number), in: .items)
        group.deleteRange(StorageKeys.indexes(number), in: .indexes)
        // What reads all logs may not have come to the end of this one.
        guard logsAllTables || tables[number]?.definition.streams.isEmpty == false else {
            return forget(number, group: &group)
        }
        tables[number]?.cursors = [:]
        tables[number]?.counters.itemCount = 0
        tables[number]?.counters.itemBytes = 0
        touched.insert(number)
        update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, counters in
            definition.status = .deleting
            definition.deletedMilliseconds = wallMilliseconds
            definition.peers = []
            definition.legacyGlobalTable = nil
            definition.localIndexes = []
            definition.globalIndexes = []
            definition.timeToLive = nil
            guard let last = definition.streams.indices.last else { return }
            definition.streams[last].disable(
                nextSequence: counters.nextSequence, nowMilliseconds: wallMilliseconds)
        }
    }

    /// Removes the last that is left of a table.
    private mutating func forget(
        _ number: TableDefinition.Number, group: inout WriteGroup
    ) {
        tables[number] = nil
        touched.remove(number)
        group.delete(StorageKeys.table(number), in: .metadata)
        group.delete(StorageKeys.counters(number), in: .metadata)
        group.deleteRange(StorageKeys.changes(number, from: 0), in: .changes)
    }

    mutating func applyIndexing(
        table: TableDefinition.Number, ordinal: IndexDefinition.Ordinal, keys: [EncodedKey],
        group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        guard let maintenance = tables[table]?.maintenance else { return .failed(.tableNotFound) }
        let definition = maintenance.definition
        if ordinal == StorageKeys.expiryOrdinal {
            try listExpiries(of: keys, in: definition, group: &group)
            return .done
        }
        guard let index = definition.globalIndexes.first(where: { $0.ordinal == ordinal }) else {
            return .failed(.tableNotFound)
        }
        for key in keys {
            guard let item = try group.storedItem(at: StorageKeys.item(table, key))?.item,
                let entry = maintenance.existingEntryKey(of: item, in: index)
            else { continue }
            group.put(StorageKeys.indexEntry(table, ordinal, entry, of: key), key.bytes, in: .indexes)
        }
        return .done
    }

    mutating func applyExpiry(
        _ expiry: Expiry, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) {
        switch expiry {
        case .rollShards:
            for (number, partition) in tables {
                guard let stream = partition.definition.enabledStream,
                    stream.wantsNewShard(nowMilliseconds: wallMilliseconds)
                else { continue }
                noteCatalogueChange()
                update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, counters in
                    definition.streams[definition.streams.count - 1].rollShard(
                        nextSequence: counters.nextSequence, nowMilliseconds: wallMilliseconds)
                }
            }
        case .changes(let table, let before):
            trimChanges(of: table, before: before, wallMilliseconds: wallMilliseconds, group: &group)
        case .tombstones(let table, let keys):
            guard isLive(table) else { return }
            for (timestamp, key) in keys {
                let storageKey = StorageKeys.item(table, key)
                group.delete(StorageKeys.tombstone(table, timestamp, key), in: .indexes)
                guard let stored = try group.storedItem(at: storageKey), stored.item == nil,
                    stored.version.timestamp == timestamp
                else { continue }
                group.setItem(nil, at: storageKey)
            }
        case .deletedTables:
            for (number, partition) in tables {
                guard let deleted = partition.definition.deletedMilliseconds,
                    wallMilliseconds > deleted + Stream.retentionMilliseconds
                else { continue }
                noteCatalogueChange()
                forget(number, group: &group)
            }
        case .idempotencyTokens:
            for (token, record) in idempotency where record.isExpired(wallMilliseconds: wallMilliseconds) {
                idempotency[token] = nil
                group.delete(StorageKeys.idempotencyToken(token), in: .metadata)
            }
        }
    }

    private mutating func trimChanges(
        of table: TableDefinition.Number, before sequence: UInt64, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) {
        guard let partition = tables[table] else { return }
        let first = partition.counters.firstSequence
        precondition(sequence <= partition.counters.nextSequence, "only what was logged can be trimmed")
        if sequence > first {
            group.deleteRange(
                KeyRange(lower: StorageKeys.change(table, first), upper: StorageKeys.change(table, sequence)),
                in: .changes)
            tables[table]?.counters.firstSequence = sequence
            touched.insert(table)
        }
        var streams = partition.definition.streams
        for index in streams.indices { streams[index].dropShards(trimmedBefore: max(first, sequence)) }
        streams.removeAll { $0.isForgotten(nowMilliseconds: wallMilliseconds) }
        guard streams != partition.definition.streams else { return }
        noteCatalogueChange()
        update(table, wallMilliseconds: wallMilliseconds, group: &group) { definition, _ in definition.streams = streams
        }
    }
}
