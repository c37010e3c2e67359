import AttributeModel
import Bytes
import ChangeStream
import Dispatch
import KeyValueStore
import Logging
import Partition
import Replication

/// What time brings: shards that roll over, change records, tombstones and tokens that may go.
final class Housekeeping: Sendable {
    /// How often shards and tokens are looked at, in milliseconds.
    static let tickMilliseconds = 1000
    /// How often logs and tombstones are trimmed, in ticks.
    static let ticksPerTrim = 60
    /// Tombstones that one command removes at the most.
    static let tombstonesPerCommandMax = 1024

    private let regions: RegionSet
    private let logger: Logger
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = DispatchGroup()

    init(regions: RegionSet, logger: Logger) {
        self.regions = regions
        self.logger = logger
    }

    func start() {
        thread.enter()
        startThread(named: "housekeeping") { [self] in
            run()
            thread.leave()
        }
    }

    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    private func run() {
        var ticks = 0
        while true {
            wakeUp.wait(milliseconds: Self.tickMilliseconds)
            ticks += 1
            for region in regions.regions {
                guard !isStopping.isSet else { return }
                guard region.failure == nil else { continue }
                rollShards(of: region)
                if ticks % Self.ticksPerTrim == 0 { trim(region) }
            }
        }
    }

    private func rollShards(of region: Region) {
        let now = region.wallClock.milliseconds
        let isDue = region.catalogue.tables.contains { $0.enabledStream?.wantsNewShard(nowMilliseconds: now) ?? false }
        if isDue { _ = region.perform(.expire(.rollShards)) }
    }

    /// Removes what nobody can need any more.
    func trim(_ region: Region) {
        // Also moves the clock of an idle region, whose watermarks would otherwise hold up the others' tombstones.
        _ = region.perform(.expire(.idempotencyTokens))
        if !region.catalogue.deletedTables.isEmpty { _ = region.perform(.expire(.deletedTables)) }
        for table in region.catalogue.tables {
            do throws(StoreError) {
                try trimChanges(of: table, in: region)
                try collectTombstones(of: table, in: region)
            } catch {
                logger.error(
                    "housekeeping cannot read the store",
                    metadata: ["region": "\(region.name)", "table": "\(table.name)", "error": "\(error)"])
            }
        }
    }

    /// Change records go when they are a day old and every link has durably applied them; streams a day after they were disabled.
    private func trimChanges(of table: TableDefinition, in region: Region) throws(StoreError) {
        let counters = region.counters(table.number)
        let now = region.wallClock.milliseconds
        let hasForgottenStream = table.streams.contains { $0.isForgotten(nowMilliseconds: now) }
        guard counters.firstSequence < counters.nextSequence || hasForgottenStream else { return }
        var end = try firstSequence(of: table, in: region, notOlderThan: Stream.retentionMilliseconds, counters)
        for peer in table.peers {
            guard let peerRegion = regions.region(peer.region),
                let peerTable = peerRegion.catalogue.table(named: table.name),
                let cursor = peerRegion.head(peerTable.number)?.cursors[region.name]
            else { return }
            guard case .done = peerRegion.perform(.flush) else { return }
            end = min(end, cursor.next)
        }
        guard end > counters.firstSequence || hasForgottenStream else { return }
        _ = region.perform(.expire(.changes(table: table.number, before: end)))
    }

    /// By bisection: commit times grow with the sequence, up to steps of the wall clock that do not matter here.
    private func firstSequence(
        of table: TableDefinition, in region: Region, notOlderThan ageMilliseconds: UInt64, _ counters: TableCounters
    ) throws(StoreError) -> UInt64 {
        let now = region.wallClock.milliseconds
        let horizon = now - min(now, ageMilliseconds)
        var low = counters.firstSequence
        var high = counters.nextSequence
        while low < high {
            let middle = low + (high - low) / 2
            guard let bytes = try region.store.value(of: StorageKeys.change(table.number, middle), in: .changes) else {
                guard region.catalogue.table(number: table.number) != nil else { return counters.firstSequence }
                throw .corrupted(path: "changes", reason: "record \(middle) of table \(table.name) is missing")
            }
            let record = try? bytes.withUnsafeBytes { try ChangeRecord(sequence: middle, decoding: $0) }
            guard let record else {
                throw .corrupted(path: "changes", reason: "record \(middle) of table \(table.name) cannot be decoded")
            }
            if record.commitMilliseconds < horizon { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A tombstone goes when every replica has applied everything up to it from every other one: nothing older can arrive any more.
    private func collectTombstones(of table: TableDefinition, in region: Region) throws(StoreError) {
        guard let horizon = tombstoneHorizon(of: table) else { return }
        var isDurable = false
        while !isStopping.isSet {
            let keys = try StorageKeys.tombstones(
                of: table, upTo: horizon, limit: Self.tombstonesPerCommandMax, reading: region.store)
            guard !keys.isEmpty else { return }
            // After a power loss no replica may have forgotten what the watermarks cover, nor its promise to write nothing older.
            isDurable = isDurable || makeDurable(table)
            guard isDurable, case .done = region.perform(.expire(.tombstones(table: table.number, keys: keys)))
            else { return }
            if keys.count < Self.tombstonesPerCommandMax { return }
        }
    }

    /// The lowest watermark of all links among the replicas; nil when one is not known.
    private func tombstoneHorizon(of table: TableDefinition) -> HybridTimestamp? {
        let members = members(of: table)
        var horizon = HybridTimestamp(rawValue: .max)
        for target in members {
            guard let own = regions.region(target)?.catalogue.table(named: table.name) else { return nil }
            // Replicas that come or go make the membership unclear; their tombstones wait.
            guard own.status == .active, own.peers.allSatisfy({ $0.status == .active }) else { return nil }
            for source in members where source != target {
                guard let position = regions.link(from: source, to: target)?.position(of: own.number) else {
                    return nil
                }
                horizon = min(horizon, position.cursor.watermark)
            }
        }
        return horizon
    }

    private func makeDurable(_ table: TableDefinition) -> Bool {
        members(of: table).allSatisfy { member in
            if case .done? = regions.region(member)?.perform(.flush) { true } else { false }
        }
    }

    private func members(of table: TableDefinition) -> [RegionName] { [table.region] + table.peers.map(\.region) }
}
