public import AttributeModel
public import ChangeStream
import Dispatch
import KeyValueStore
public import Logging
public import Partition
public import Replication
import Synchronization

/// Carries out decisions about tables, one after the other, and the long jobs that follow from them.
///
/// Decisions are made (by `WireProtocol`) and carried out on one queue, so each sees the result of those before it. Jobs (filling
/// replicas and indexes, draining removed replicas) run beside it and are taken up again after a restart.
public final class ControlPlane: Sendable {
    /// Jobs for regions of other processes that run at a time, each with a thread.
    static let remoteJobsMax = 256

    private let regions: RegionSet
    private let logger: Logger
    private let replicas: ReplicaLifecycle
    private let membership: RemoteMembership
    private let watcher = OwnedThread()
    /// Jobs for regions of other processes that are under way.
    private let remoteJobs = Mutex<Set<RemoteMembership.Job>>([])
    private let indexes: IndexLifecycle
    private let legacyGlobalTables: LegacyGlobalTables
    private let housekeeping: Housekeeping
    private let sweepers: [Sweeper]
    private let queue = DispatchQueue(label: "control plane")
    private let jobs = DispatchGroup()
    private let isStopping: StopFlag

    /// Starts housekeeping and sweeps, and takes up what a crash interrupted.
    public init(regions: RegionSet, logger: Logger) {
        self.regions = regions
        self.logger = logger
        let flag = StopFlag()
        isStopping = flag
        replicas = ReplicaLifecycle(regions: regions, logger: logger) { flag.isSet }
        indexes = IndexLifecycle(regions: regions, logger: logger) { flag.isSet }
        membership = RemoteMembership(regions: regions, replicas: replicas, logger: logger) { flag.isSet }
        legacyGlobalTables = LegacyGlobalTables(regions: regions, replicas: replicas, logger: logger)
        housekeeping = Housekeeping(regions: regions, logger: logger)
        sweepers = regions.regions.map { region in
            Sweeper(region: region, intervalMilliseconds: regions.sweepIntervalMilliseconds, logger: logger)
        }
        queue.sync { resume() }
        housekeeping.start()
        for sweeper in sweepers { sweeper.start() }
        if hasPeersElsewhere { watchRemoteRegions() }
    }

    /// Runs the work after all work submitted before it. Not for long jobs.
    public func submit(_ work: @escaping @Sendable () -> Void) {
        queue.async(execute: work)
    }

    /// Finishes what was submitted; jobs stop where they are and go on at the next start.
    public func stop() {
        isStopping.set()
        regions.remoteChange.signal()
        watcher.wait()
        queue.sync {}
        jobs.wait()
        // What complete jobs put on the queue.
        queue.sync {}
        stopSweeps()
        housekeeping.stop()
    }

    /// Returns when no more items expire.
    func stopSweeps() {
        for sweeper in sweepers { sweeper.stop() }
    }

    // MARK: Decisions; call these from submitted work only.

    public func create(_ definition: TableDefinition) {
        perform(.create(definition), in: definition.region)
    }

    public func edit(
        _ table: TableDefinition, _ body: @escaping @Sendable (inout TableDefinition) -> Void
    ) {
        perform(.edit(table.number, body), in: table.region)
    }

    public func enableStream(_ viewType: StreamViewType, of table: TableDefinition) {
        perform(.enableStream(table.number, viewType), in: table.region)
    }

    public func disableStream(of table: TableDefinition) {
        perform(.disableStream(table.number), in: table.region)
    }

    /// Removes a table, or, when it is a replica of a global table, that replica.
    public func delete(_ table: TableDefinition) {
        if table.isGlobal { return removeReplica(of: table.name, in: table.region) }
        perform(.drop(table.number), in: table.region)
    }

    /// - Parameter customize: gives the new replica settings of its own.
    public func addReplica(
        of tableName: String, in target: RegionName, from source: RegionName,
        customize: (inout TableDefinition) -> Void = { _ in }
    ) {
        replicas.create(tableName, in: target, from: source, customize: customize)
        guard regions.region(target) != nil else { return }
        startJob("fill replica", tableName, target) { [replicas] () throws(StoreError) in
            try replicas.fill(tableName, in: target, from: source)
        } conclude: { [replicas] in
            replicas.activate(tableName, in: target)
        }
    }

    public func removeReplica(of tableName: String, in target: RegionName) {
        replicas.beginRemoval(tableName, of: target)
        // A region of another process goes on from there.
        guard regions.region(target) != nil else { return }
        startJob("remove replica", tableName, target) { [replicas, membership] in
            replicas.drain(tableName, of: target) && membership.drain(tableName, of: target)
        } conclude: { [replicas, membership] in
            membership.forgetLinks(of: tableName, in: target)
            replicas.drop(tableName, of: target)
        }
    }

    /// Adds empty tables of one name to the global table of version 2017.11.29 that has this name, or makes it of them.
    ///
    /// - Parameter createdMilliseconds: when it is made, in milliseconds since 1970.
    /// - Returns: the regions whose tables hold items by now; then nothing has changed.
    public func addLegacyReplicas(
        of tableName: String, in targets: [RegionName], createdMilliseconds: UInt64
    ) -> [RegionName] {
        let full = legacyGlobalTables.join(tableName, in: targets, createdMilliseconds: createdMilliseconds)
        if full.isEmpty { completeJoining(tableName, targets.first ?? regions.names[0]) }
        return full
    }

    private func completeJoining(_ tableName: String, _ region: RegionName) {
        startJob("join global table", tableName, region) { [legacyGlobalTables] () throws(StoreError) in
            try legacyGlobalTables.complete(tableName)
        } conclude: { [legacyGlobalTables] in
            legacyGlobalTables.activate(tableName)
        }
    }

    /// Makes a replica of a global table of version 2017.11.29 a table that stands alone.
    public func removeLegacyReplica(of tableName: String, in target: RegionName) {
        legacyGlobalTables.beginLeaving(tableName, in: target)
        startJob("leave global table", tableName, target) { [legacyGlobalTables] in
            legacyGlobalTables.drain(tableName, of: target)
        } conclude: { [legacyGlobalTables] in
            legacyGlobalTables.leave(tableName, in: target)
        }
    }

    /// Adds a global secondary index to all replicas of the table.
    public func createIndex(
        _ index: IndexDefinition, attributeDefinitions: [KeyAttribute], on table: TableDefinition
    ) {
        for region in regions(sharingIndexesOf: table) {
            indexes.create(index, attributeDefinitions: attributeDefinitions, on: table.name, in: region)
            fillIndex(index.name, on: table.name, in: region)
        }
    }

    private func fillIndex(_ indexName: String, on tableName: String, in region: RegionName) {
        startJob("fill index", tableName, region) { [indexes] () throws(StoreError) in
            try indexes.fill(indexName, on: tableName, in: region)
        } conclude: { [indexes] in
            indexes.activate(indexName, on: tableName, in: region)
        }
    }

    public func deleteIndex(_ indexName: String, on table: TableDefinition) {
        for region in regions(sharingIndexesOf: table) {
            indexes.delete(indexName, on: table.name, in: region)
        }
    }

    /// Replicas of version 2017.11.29 have indexes of their own (reference `global-tables.md` 1).
    private func regions(sharingIndexesOf table: TableDefinition) -> [RegionName] {
        guard !table.isLegacyGlobal else { return [table.region] }
        return [table.region] + table.peers.map(\.region).filter { regions.region($0) != nil }
    }

    private func perform(_ change: CatalogueChange, in name: RegionName) {
        _ = regions.region(name)?.perform(.changeCatalogue(change))
    }

    /// Runs a long job on its own thread and, when it is complete, its conclusion on the queue, between decisions.
    private func startJob(
        _ what: String, _ table: String, _ region: RegionName,
        _ body: @escaping @Sendable () throws(StoreError) -> Bool, conclude: @escaping @Sendable () -> Void
    ) {
        jobs.enter()
        startThread(named: what) { [queue, jobs, logger] in
            defer { jobs.leave() }
            do throws(StoreError) {
                if try body() { queue.async(execute: conclude) }
            } catch {
                logger.error(
                    "\(what) failed; it goes on at the next start",
                    metadata: ["table": "\(table)", "region": "\(region)", "error": "\(error)"])
            }
        }
    }

    // MARK: Regions of other processes

    /// Also peers in regions that nobody serves any more, which may be removed.
    private var hasPeersElsewhere: Bool {
        guard regions.remotes.isEmpty else { return true }
        let tables = regions.regions.flatMap(\.catalogue.tables)
        return tables.flatMap(\.peers).contains { regions.region($0.region) == nil }
    }

    private func watchRemoteRegions() {
        watcher.start(named: "remote regions") { [self] in
            while !isStopping.isSet {
                queue.sync { settleRemoteRegions() }
                regions.remoteChange.wait(milliseconds: RemoteMembership.settleMilliseconds)
            }
        }
    }

    private func settleRemoteRegions() {
        for job in membership.settle() { start(job) }
    }

    private func start(_ job: RemoteMembership.Job) {
        switch job.kind {
        case .fillIndex(let index): fillIndex(index, on: job.table, in: job.region)
        case .remove: removeReplica(of: job.table, in: job.region)
        case .fill, .rebuild: startFill(job)
        }
    }

    /// One that is not started comes again.
    private func startFill(_ job: RemoteMembership.Job) {
        let isNew = remoteJobs.withLock { jobs in jobs.count < Self.remoteJobsMax && jobs.insert(job).inserted }
        guard isNew else { return }
        switch job.kind {
        case .fill:
            startJob("fill replica", job.table, job.region) { [self] () throws(StoreError) in
                var isFilled = false
                defer { if !isFilled { finish(job) } }
                isFilled = try membership.fill(job.table, in: job.region)
                return isFilled
            } conclude: { [self] in
                replicas.activate(job.table, in: job.region)
                finish(job)
            }
        case .rebuild(let source):
            startJob("rebuild replica", job.table, job.region) { [self] () throws(StoreError) in
                defer { finish(job) }
                return try membership.rebuild(job.table, in: job.region, from: source)
            } conclude: {
            }
        case .fillIndex, .remove: finish(job)
        }
    }

    private func finish(_ job: RemoteMembership.Job) { _ = remoteJobs.withLock { $0.remove(job) } }

    // MARK: After a restart

    private func resume() {
        for region in regions.regions {
            for table in region.catalogue.tables {
                resumeCreations(from: table)
                resumeIndexes(of: table)
            }
        }
        for (tableName, target) in interruptedRemovals { removeReplica(of: tableName, in: target) }
        for tableName in legacyGlobalTables.resumeJoining() { completeJoining(tableName, regions.names[0]) }
        for (tableName, target) in legacyGlobalTables.leaving { removeLegacyReplica(of: tableName, in: target) }
    }

    /// Only the region that began a creation goes on with it.
    private func resumeCreations(from table: TableDefinition) {
        for peer in table.peers where peer.status == .creating && peer.source == table.region {
            addReplica(of: table.name, in: peer.region, from: table.region)
        }
    }

    /// Replicas that are being removed, as far as any region knows: a crash may have come before the others were told, or after they had
    /// forgotten the replica.
    private var interruptedRemovals: [(tableName: String, target: RegionName)] {
        var targets: [String: Set<RegionName>] = [:]
        for table in regions.regions.flatMap(\.catalogue.tables) {
            if table.status == .deleting { targets[table.name, default: []].insert(table.region) }
            // A peer of version 2017.11.29 may be leaving with its table; one that is deleted knows it itself.
            for peer in table.peers where peer.status == .deleting && !table.isLegacyGlobal {
                targets[table.name, default: []].insert(peer.region)
            }
        }
        return targets.flatMap { name, regions in regions.sorted().map { (name, $0) } }
    }

    private func resumeIndexes(of table: TableDefinition) {
        for index in table.globalIndexes where index.status == .creating {
            fillIndex(index.name, on: table.name, in: table.region)
            // The crash may have come before all replicas had the index.
            for peer in table.peers where !table.isLegacyGlobal && lacks(index.name, table.name, in: peer.region) {
                indexes.create(
                    index, attributeDefinitions: table.attributeDefinitions, on: table.name, in: peer.region)
                fillIndex(index.name, on: table.name, in: peer.region)
            }
        }
        if table.status == .updating { edit(table) { $0.settleStatus() } }
    }

    private func lacks(_ indexName: String, _ tableName: String, in region: RegionName) -> Bool {
        let table = regions.region(region)?.catalogue.table(named: tableName)
        return table.map { $0.index(named: indexName) == nil } ?? false
    }
}
