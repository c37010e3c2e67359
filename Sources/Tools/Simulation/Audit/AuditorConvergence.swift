import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication

/// What must hold of whole regions: after a restart, and when everything has come to rest.
extension Auditor {
    /// What others may see agrees with what is on the disk.
    func checkPublished(_ published: SimulatedRegion.Published, of region: Int) {
        for (number, partition) in published.tables where partition.definition.deletedMilliseconds == nil {
            guard let replica = regions[region].replicas[number] else { continue }
            require(
                partition.counters.nextSequence == replica.nextSequence, "I6",
                "\(names[region]) \(replica.name) counts \(partition.counters.nextSequence - 1) records and logged "
                    + "\(replica.nextSequence - 1)")
        }
    }

    /// What is read back is what was there, less what a power failure took (I1, I3).
    func checkRestarted(_ region: SimulatedRegion) throws(StoreError) {
        learnTables(of: region.engine)
        checkPublished(region.published, of: region.index)
        for table in region.catalogue { try checkItems(of: table, in: region) }
    }

    private func checkItems(of table: TableDefinition, in region: SimulatedRegion) throws(StoreError) {
        guard let replica = regions[region.index].replicas[table.number] else { return }
        let states = try region.states(of: table, in: region.store)
        var known = replica.keys.filter { $0.value.last?.version != nil }
        for (key, state) in states {
            let last = known.removeValue(forKey: ByteKey(key.bytes))?.last
            require(
                last?.version == state.version && last?.item == state.item, "I3",
                "\(region.name) \(table.name) holds a state that it did not have")
        }
        require(known.isEmpty, "I1", "\(region.name) \(table.name) has lost \(known.count) items")
    }

    // MARK: At rest

    func checkConvergence(of regions: [SimulatedRegion]) throws(StoreError) {
        for region in regions {
            for table in region.catalogue {
                try checkItems(of: table, in: region)
                try checkWinners(of: table, in: region)
                try checkIndexes(of: table, in: region)
            }
            try checkReloading(region)
            checkArrivals(in: region)
        }
        for name in Workload.tables {
            try compare(name, regions)
            checkCarried(name)
        }
    }

    /// I8: every change that a region made has reached every other, where nothing newer of another region was in its way.
    private func checkCarried(_ tableName: String) {
        for source in names.indices {
            guard let sending = replica(of: tableName, in: source), !sending.wasFilled else { continue }
            for target in names.indices where target != source {
                guard let receiving = replica(of: tableName, in: target), !receiving.wasFilled else { continue }
                for logged in sending.records where logged.record.version.region == names[source] {
                    check(
                        logged.record, logged.key, isAppliedIn: receiving, from: names[source],
                        logged.record.sequence)
                }
            }
        }
    }

    /// A new replica that is complete holds everything that its cursors cover (I9).
    func checkFilled(_ tableName: String, in region: Int) {
        guard let replica = replica(of: tableName, in: region) else { return }
        for peer in names.indices where peer != region {
            guard let source = self.replica(of: tableName, in: peer),
                let cursor = replica.cursors[names[peer]]?.last?.cursor
            else { continue }
            for logged in source.records where logged.record.version.region == names[peer] {
                guard cursor.covers(logged.record.sequence), logged.record.newImage != nil else { continue }
                let newest = replica.keys[logged.key]?.last?.version
                let isDeleted = written[tableName]?[logged.key]?.contains {
                    $0.item == nil && $0.version > logged.record.version
                }
                // What was deleted may be written anew by a region whose clock is behind, once nobody holds the tombstone any more.
                require(
                    newest.map { $0 >= logged.record.version } == true || isDeleted == true, "I9",
                    "the new replica of \(tableName) in \(names[region]) lacks \(logged.record.version)")
            }
        }
    }

    /// I9: byte for byte. A tombstone counts as nothing where it was collected.
    private func compare(_ tableName: String, _ regions: [SimulatedRegion]) throws(StoreError) {
        var all: [(RegionName, [[UInt8]: StoredItem])] = []
        for region in regions {
            guard let table = region.table(tableName) else { continue }
            let states = try region.states(of: table, in: region.store)
            all.append((region.name, Dictionary(uniqueKeysWithValues: states.map { ($0.key.bytes, $0.state) })))
        }
        guard let first = all.first else { return }
        for other in all.dropFirst() {
            for key in Set(first.1.keys).union(other.1.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let (left, right) = (first.1[key], other.1[key])
                if left?.item == nil, right?.item == nil, left == nil || right == nil { continue }
                require(
                    left?.encoded == right?.encoded, "I9",
                    "\(tableName) differs: \(first.0) has \(show(left)), \(other.0) has \(show(right))")
            }
        }
    }

    private func show(_ state: StoredItem?) -> String {
        guard let state else { return "nothing" }
        return state.item == nil ? "tombstone \(state.version)" : "item \(state.version)"
    }

    /// I10, I15: the state is that of the highest version ever written.
    private func checkWinners(of table: TableDefinition, in region: SimulatedRegion) throws(StoreError) {
        let rows = try region.states(of: table, in: region.store)
        let states = Dictionary(uniqueKeysWithValues: rows.map { (ByteKey($0.key.bytes), $0.state) })
        for (key, versions) in (written[table.name] ?? [:]).sorted(by: { $0.key.bytes.precedes($1.key.bytes) }) {
            guard let winner = versions.max(by: { $0.version < $1.version }) else { continue }
            if let state = states[key] {
                require(
                    state.version == winner.version && state.item == winner.item, winner.item == nil ? "I15" : "I10",
                    "\(region.name) \(table.name) has \(show(state)), but \(winner.version) won")
            } else {
                require(
                    winner.item == nil, "I1", "\(region.name) \(table.name) has lost item \(winner.version), which won")
            }
        }
        for key in states.keys { require(written[table.name]?[key] != nil, "I10", "an item that nobody wrote") }
    }

    /// Every index entry follows from the items, and so do counters and the lists of tombstones and expiries.
    private func checkIndexes(of table: TableDefinition, in region: SimulatedRegion) throws(StoreError) {
        var expected: Set<[UInt8]> = []
        var count: UInt64 = 0
        for (key, state) in try region.states(of: table, in: region.store) {
            func row(_ ordinal: IndexDefinition.Ordinal, _ bytes: [UInt8]) -> [UInt8] {
                StorageKeys.index(table.number, ordinal, bytes[...])
            }
            guard let item = state.item else {
                var bytes: [UInt8] = []
                bytes.appendBigEndian(state.version.timestamp.rawValue)
                expected.insert(row(0, bytes + key.bytes))
                continue
            }
            count += 1
            for index in table.globalIndexes {
                guard let entry = try? index.keySchema.key(of: item) else { continue }
                expected.insert(StorageKeys.indexEntry(table.number, index.ordinal, entry, of: key))
            }
            if let expiry = table.timeToLive?.expiry(of: item) {
                expected.insert(row(StorageKeys.expiryOrdinal, expiry.orderedBytes + key.bytes))
            }
        }
        var found: Set<[UInt8]> = []
        var prefix: [UInt8] = []
        prefix.appendBigEndian(table.number)
        region.store.scan(KeyRange(prefix: prefix), in: .indexes, reverse: false) { key, _ in
            found.insert(Array(key))
            return .next
        }
        require(found == expected, "I9", "\(region.name) \(table.name): its indexes do not follow from its items")
        let counted = region.published.tables[table.number]?.counters.itemCount
        require(counted == count, "I9", "\(region.name) \(table.name) counts \(counted ?? 0) items and has \(count)")
    }

    /// I3: a region that is read back is the one that runs.
    private func checkReloading(_ region: SimulatedRegion) throws(StoreError) {
        let read = try RegionEngine(loading: region.store, as: region.name)
        require(
            read.clock.last == region.published.clock, "I3", "\(region.name) forgets its clock when it restarts")
        for (number, partition) in region.published.tables {
            let other = read.tables[number]
            require(
                other?.counters == partition.counters && other?.cursors == partition.cursors
                    && other?.definition == partition.definition,
                "I3", "\(region.name) reads back another \(partition.definition.name) than it had")
        }
    }

    /// I14: every transaction has arrived, and was told of once, in regions whose replicas were there all the time.
    private func checkArrivals(in region: SimulatedRegion) {
        guard !refilled.contains(region.index) else { return }
        let whole = Set(regions[region.index].arrivals.filter(\.isWhole).map(\.id))
        for (id, transaction) in transactions.sorted(by: { $0.key < $1.key })
        where transaction.region != region.index && transaction.size > 0 && !refilled.contains(transaction.region) {
            require(whole.contains(id), "I14", "\(region.name) never told that transaction \(id) has arrived")
        }
    }
}
