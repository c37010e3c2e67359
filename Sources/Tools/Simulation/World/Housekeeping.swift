import AttributeModel
import ChangeStream
import KeyValueStore
import Partition
import Replication

/// What time brings to a region: expired items, shards that roll over, records and tombstones that may go.
extension Simulation {
    private static let sweepMilliseconds = 1000
    private static let houseMilliseconds = 4000
    private static let itemsPerSweepMax = 100
    private static let tombstonesPerCommandMax = 64

    func sweep(_ region: SimulatedRegion) throws(StoreError) {
        plan(.sweeps(region.index), in: 200 + random.upTo(Self.sweepMilliseconds))
        guard region.isServing else { return }
        for table in region.catalogue where table.timeToLive?.status == .enabled && table.servesItems {
            let expired = try StorageKeys.expiredItems(
                of: table, atMilliseconds: wallMilliseconds(region), limit: Self.itemsPerSweepMax,
                reading: region.store)
            guard !expired.isEmpty else { continue }
            let due = try region.patience[table.number, default: SweepPatience()].due(
                expired, of: table, nowMilliseconds: nowMilliseconds, reading: region.store)
            guard !due.isEmpty else { continue }
            submit(.deleteExpired(table: table.number, keys: due), to: region) { [unowned self] reply in
                if case .swept(let deleted) = reply { statistics.expiredItems += deleted }
            }
        }
    }

    func keepHouse(_ region: SimulatedRegion) throws(StoreError) {
        plan(.keepsHouse(region.index), in: 500 + random.upTo(Self.houseMilliseconds))
        guard region.isServing else { return }
        submit(.expire(.idempotencyTokens), to: region) { _ in }
        let wall = wallMilliseconds(region)
        if region.catalogue.contains(where: { $0.enabledStream?.wantsNewShard(nowMilliseconds: wall) ?? false }) {
            submit(.expire(.rollShards), to: region) { _ in }
        }
        if region.published.tables.values.contains(where: { $0.definition.deletedMilliseconds != nil }) {
            submit(.expire(.deletedTables), to: region) { _ in }
        }
        for table in region.catalogue {
            try trimChanges(of: table, in: region)
            try collectTombstones(of: table, in: region)
        }
    }

    private func trimChanges(of table: TableDefinition, in region: SimulatedRegion) throws(StoreError) {
        guard let counters = region.published.tables[table.number]?.counters else { return }
        let wall = wallMilliseconds(region)
        let oldest = try LogRetention.firstNeededChange(
            of: table, counters, peerCursors: [], wallMilliseconds: wall, reading: region.store)
        guard oldest > counters.firstSequence else { return }
        var peerCursors: [LinkCursor] = []
        for peer in table.peers {
            guard let peerRegion = self.region(peer.region), peerRegion.isServing,
                let peerTable = peerRegion.table(table.name),
                let cursor = peerRegion.published.tables[peerTable.number]?.cursors[region.name]
            else { return }
            peerCursors.append(cursor)
        }
        if mutation == .logTrimmedEarly { peerCursors = [] }
        let end = try LogRetention.firstNeededChange(
            of: table, counters, peerCursors: peerCursors, wallMilliseconds: wall, reading: region.store)
        guard end > counters.firstSequence else { return }
        flush(table.peers.compactMap { self.region($0.region) }) { [unowned self] in
            guard let now = region.published.tables[table.number], now.counters.nextSequence >= end else { return }
            submit(.expire(.changes(table: table.number, before: end)), to: region) { _ in }
        }
    }

    private func collectTombstones(of table: TableDefinition, in region: SimulatedRegion) throws(StoreError) {
        guard var horizon = tombstoneHorizon(of: table, clock: region.published.clock) else { return }
        if mutation == .tombstoneDroppedEarly { horizon = HybridTimestamp(milliseconds: wallMilliseconds(region)) }
        let keys = try StorageKeys.tombstones(
            of: table, upTo: horizon, limit: Self.tombstonesPerCommandMax, reading: region.store)
        guard !keys.isEmpty else { return }
        let collect = { [unowned self] in
            statistics.collectedTombstones += keys.count
            submit(.expire(.tombstones(table: table.number, keys: keys)), to: region) { _ in }
        }
        flush(members(of: table).compactMap { self.region($0) }, then: collect)
    }

    func tombstoneHorizon(of table: TableDefinition, clock: HybridTimestamp) -> HybridTimestamp? {
        let members = members(of: table)
        var replicas: [LogRetention.Replica] = []
        for member in members {
            guard let region = region(member), !region.isDown, let own = region.table(table.name) else { return nil }
            var watermarks: [RegionName: HybridTimestamp] = [:]
            for link in links where link.target === region && members.contains(link.source.name) {
                watermarks[link.source.name] = link.positions[own.number]?.cursor.watermark
            }
            replicas.append(.init(definition: own, watermarks: watermarks))
        }
        return LogRetention.tombstoneHorizon(of: replicas, clock: clock)
    }

    private func members(of table: TableDefinition) -> [RegionName] { [table.region] + table.peers.map(\.region) }

    /// Goes on when all regions are durable, and not at all when one of them has failed.
    func flush(_ regions: [SimulatedRegion], then: @escaping () -> Void) {
        guard let first = regions.first else { return then() }
        submit(.flush, to: first) { [unowned self] reply in
            if case .done = reply { flush(Array(regions.dropFirst()), then: then) }
        }
    }
}
