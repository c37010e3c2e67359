import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Logging
import Partition
import Replication
import Synchronization

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
    private let thread = OwnedThread()

    init(regions: RegionSet, logger: Logger) {
        self.regions = regions
        self.logger = logger
    }

    func start() {
        thread.start(named: "housekeeping") { [self] in run() }
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
        let deleted = region.catalogue.deletedTables
        if !deleted.isEmpty, deleted.allSatisfy({ isCarriedOff($0, region) }) {
            _ = region.perform(.expire(.deletedTables))
        }
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

    private func isCarriedOff(_ table: TableDefinition, _ region: Region) -> Bool {
        guard let transport = regions.transport else { return true }
        return transport.firstNeeded(of: table, in: region) >= region.counters(table.number).nextSequence
    }

    /// Change records go when they are a day old, every link has durably applied them and the transport needs them no more; streams a day
    /// after they were disabled.
    private func trimChanges(of table: TableDefinition, in region: Region) throws(StoreError) {
        let counters = region.counters(table.number)
        let now = region.wallClock.milliseconds
        let hasForgottenStream = table.streams.contains { $0.isForgotten(nowMilliseconds: now) }
        guard counters.firstSequence < counters.nextSequence || hasForgottenStream else { return }
        var peerCursors: [LinkCursor] = []
        // What goes to regions of other processes is in the transport: `firstNeeded` below.
        for peer in table.peers where regions.remote(peer.region) == nil {
            guard let peerRegion = regions.region(peer.region),
                let peerTable = peerRegion.catalogue.table(named: table.name),
                let cursor = peerRegion.head(peerTable.number)?.cursors[region.name]
            else { return }
            guard case .done = peerRegion.perform(.flush) else { return }
            peerCursors.append(cursor)
        }
        var end: UInt64
        do throws(StoreError) {
            end = try LogRetention.firstNeededChange(
                of: table, counters, peerCursors: peerCursors, wallMilliseconds: now, reading: region.store)
        } catch {
            // A table that was dropped meanwhile has no log to trim.
            guard region.catalogue.table(number: table.number) != nil else { return }
            throw error
        }
        if let transport = regions.transport { end = min(end, transport.firstNeeded(of: table, in: region)) }
        guard end > counters.firstSequence || hasForgottenStream else { return }
        _ = region.perform(.expire(.changes(table: table.number, before: end)))
    }

    /// A tombstone goes when every replica has applied everything up to it from every other one: nothing older can arrive any more.
    private func collectTombstones(of table: TableDefinition, in region: Region) throws(StoreError) {
        guard let horizon = tombstoneHorizon(of: table, in: region) else { return }
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

    private func tombstoneHorizon(of table: TableDefinition, in region: Region) -> HybridTimestamp? {
        // A state that is older than a tombstone may be on its way.
        guard regions.rebuilding.withLock({ $0[table.name] ?? 0 }) == 0 else { return nil }
        let members = members(of: table)
        let clock = region.state.clock
        let known = members.map { watermarks(of: table.name, in: $0, from: members) }
        // Definitions last: a replica that is added later than these watermarks writes nothing older than them.
        var replicas: [LogRetention.Replica] = []
        for (member, watermarks) in zip(members, known) {
            let definition =
                regions.remote(member)?.table(named: table.name)
                ?? regions.region(member)?.catalogue.table(named: table.name)
            guard let definition, let watermarks else { return nil }
            replicas.append(.init(definition: definition, watermarks: watermarks))
        }
        return LogRetention.tombstoneHorizon(of: replicas, clock: clock)
    }

    /// Nil when the region is not known well enough.
    private func watermarks(
        of tableName: String, in member: RegionName, from members: [RegionName]
    ) -> [RegionName: HybridTimestamp]? {
        let sources = members.filter { $0 != member }
        var watermarks: [RegionName: HybridTimestamp] = [:]
        if let remote = regions.remote(member) {
            guard remote.isKnown, let told = remote.published(tableName) else { return nil }
            for source in sources { watermarks[source] = told.watermark(of: source) }
            return watermarks
        }
        guard let own = regions.region(member)?.catalogue.table(named: tableName) else { return nil }
        for source in sources {
            watermarks[source] = regions.link(from: source, to: member)?.position(of: own.number)?.cursor.watermark
        }
        return watermarks
    }

    private func makeDurable(_ table: TableDefinition) -> Bool {
        members(of: table).allSatisfy { member in
            // What a remote region tells is durable.
            if regions.remote(member) != nil { return true }
            if case .done? = regions.region(member)?.perform(.flush) { return true }
            return false
        }
    }

    private func members(of table: TableDefinition) -> [RegionName] { [table.region] + table.peers.map(\.region) }
}
