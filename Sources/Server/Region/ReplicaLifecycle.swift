import ChangeStream
import Foundation
import KeyValueStore
import Logging
import Partition
import Replication

/// Adding and removing replicas of global tables. Every step can be repeated, so that a restart goes on where a crash interrupted.
struct ReplicaLifecycle: Sendable {
    /// How long a replica that is being removed may take to hand over its last writes, beyond the delay of its links.
    static let drainMillisecondsMax: UInt64 = 30_000
    /// How often a waiting job looks again.
    static let pollMilliseconds = 5

    let regions: RegionSet
    let logger: Logger
    /// Whether the process is ending, so that long work must be left for the next start.
    let isStopping: @Sendable () -> Bool

    /// Makes the replica known to all members and creates its table, with status CREATING. `fill` then brings the items. A region of another
    /// process does both by itself (`RemoteMembership`), as the source proposes.
    ///
    /// - Parameter customize: gives the new replica settings of its own.
    func create(
        _ tableName: String, in target: RegionName, from source: RegionName,
        customize: (inout TableDefinition) -> Void
    ) {
        guard let sourceRegion = regions.region(source), let table = sourceRegion.catalogue.table(named: tableName)
        else { return }
        if table.enabledStream == nil {
            _ = sourceRegion.perform(.changeCatalogue(.enableStream(table.number, .newAndOldImages)))
        }
        let members = [source] + table.peers.map(\.region).filter { $0 != target }
        let targetRegion = regions.region(target)
        if targetRegion == nil { propose(tableName, in: target, from: sourceRegion, members, customize) }
        // The source is the first to know: it takes the creation up again after a crash.
        addPeer(target, to: tableName, in: source, source: source)
        if let targetRegion {
            createTable(like: sourceRegion, tableName, in: targetRegion, members: members, customize: customize)
        }
        for member in members.dropFirst() { addPeer(target, to: tableName, in: member, source: source) }
    }

    private func propose(
        _ tableName: String, in target: RegionName, from source: Region, _ members: [RegionName],
        _ customize: (inout TableDefinition) -> Void
    ) {
        guard let table = source.catalogue.table(named: tableName),
            !table.peers.contains(where: { $0.region == target })
        else { return }
        var proposal = table.replica(
            number: 0, in: target, tableID: "", members: members, nowMilliseconds: source.wallClock.milliseconds)
        customize(&proposal)
        regions.edit(tableName, in: source.name) { [proposal] definition in
            definition.withdrawProposal(for: target)
            definition.proposedReplicas = (definition.proposedReplicas ?? []) + [proposal]
        }
    }

    private func addPeer(_ target: RegionName, to tableName: String, in member: RegionName, source: RegionName) {
        guard let region = regions.region(member) else { return }
        add(
            Peer(
                region: target, status: .creating, source: source, addedMilliseconds: region.wallClock.milliseconds),
            to: tableName, in: region)
        if member == source { regions.edit(tableName, in: member) { $0.status = .updating } }
    }

    /// Makes a peer known to a region's replica. Nothing where it is known already.
    func add(_ peer: Peer, to tableName: String, in region: Region) {
        guard let own = region.catalogue.table(named: tableName),
            !own.peers.contains(where: { $0.region == peer.region })
        else { return }
        // A new replica's log begins with it.
        _ = region.perform(.changeCatalogue(.setCursor(own.number, peer: peer.region, LinkCursor(next: 1))))
        regions.edit(tableName, in: region.name) { definition in
            if !definition.peers.contains(where: { $0.region == peer.region }) { definition.peers.append(peer) }
        }
    }

    private func createTable(
        like sourceRegion: Region, _ tableName: String, in target: Region, members: [RegionName],
        customize: (inout TableDefinition) -> Void
    ) {
        guard target.catalogue.table(named: tableName) == nil,
            let table = sourceRegion.catalogue.table(named: tableName)
        else { return }
        var definition = table.replica(
            number: target.nextTableNumber, in: target.name, tableID: UUID().uuidString.lowercased(),
            members: members, nowMilliseconds: target.wallClock.milliseconds)
        customize(&definition)
        _ = target.perform(.changeCatalogue(.create(definition)))
    }

    /// Brings the source's items into the new replica and lets its links catch up. False when that must go on at the next start.
    func fill(_ tableName: String, in target: RegionName, from source: RegionName) throws(StoreError) -> Bool {
        guard let sourceRegion = regions.region(source), let targetRegion = regions.region(target),
            let sourceTable = sourceRegion.catalogue.table(named: tableName),
            let targetTable = targetRegion.catalogue.table(named: tableName),
            let head = sourceRegion.head(sourceTable.number)
        else { return false }
        // The snapshot is taken after the head, so it holds everything before these cursors. And that must not get lost any more: a cursor
        // behind the end of a log that has shrunk would skip what is written there next.
        guard case .done = sourceRegion.perform(.flush) else { return false }
        let snapshot = try sourceRegion.store.snapshot()
        let known = targetRegion.head(targetTable.number)?.cursors ?? [:]
        for peer in targetTable.peers where known[peer.region] == nil {
            let cursor = sourceTable.firstCursor(from: peer.region, head.counters, head.cursors)
            _ = targetRegion.perform(.changeCatalogue(.setCursor(targetTable.number, peer: peer.region, cursor)))
        }
        regions.wakeLinks()
        let isComplete = try Backfill(table: sourceTable, snapshot: snapshot).run { states in
            let command = Command.backfill(BackfillChunk(table: targetTable.number, states: states))
            guard waitUntilCarrying(from: source, to: target),
                case .replicated = targetRegion.perform(command)
            else { return false }
            return true
        }
        guard isComplete else { return false }
        return targetTable.peers.allSatisfy { peer in
            waitForLink(from: peer.region, to: target, table: tableName, millisecondsMax: nil)
        }
    }

    /// Makes a filled replica ACTIVE.
    func activate(_ tableName: String, in target: RegionName) {
        guard regions.region(target)?.catalogue.table(named: tableName) != nil else { return }
        regions.edit(tableName, in: target) { if $0.status == .creating { $0.status = .active } }
        for region in regions.regions where region.name != target {
            regions.edit(tableName, in: region.name) { definition in
                for index in definition.peers.indices
                where definition.peers[index].region == target && definition.peers[index].status == .creating {
                    definition.peers[index].status = .active
                }
                definition.settleStatus()
            }
        }
        logger.info(
            "replica is active",
            metadata: ["table": "\(tableName)", "region": "\(target)"])
    }

    /// Stops the replica's own operations and tells the others; `drop` then removes it.
    func beginRemoval(_ tableName: String, of target: RegionName) {
        regions.edit(tableName, in: target) { $0.status = .deleting }
        for region in regions.regions where region.name != target {
            regions.edit(tableName, in: region.name) { definition in
                for index in definition.peers.indices where definition.peers[index].region == target {
                    definition.peers[index].status = .deleting
                }
            }
        }
    }

    /// Waits until the others have the replica's last writes. False when that must go on at the next start.
    func drain(_ tableName: String, of target: RegionName) -> Bool {
        guard let table = regions.region(target)?.catalogue.table(named: tableName) else { return true }
        return table.peers.allSatisfy { peer in
            waitForLink(from: target, to: peer.region, table: tableName, millisecondsMax: Self.drainMillisecondsMax)
        }
    }

    /// Removes a drained replica everywhere.
    func drop(_ tableName: String, of target: RegionName) {
        for region in regions.regions where region.name != target {
            guard let table = region.catalogue.table(named: tableName),
                table.peers.contains(where: { $0.region == target })
            else { continue }
            regions.edit(tableName, in: region.name) { $0.peers.removeAll { $0.region == target } }
            _ = region.perform(.changeCatalogue(.removeCursor(table.number, peer: target)))
        }
        if let targetRegion = regions.region(target), let table = targetRegion.catalogue.table(named: tableName) {
            _ = targetRegion.perform(.changeCatalogue(.drop(table.number)))
        }
        logger.info("replica is removed", metadata: ["table": "\(tableName)", "region": "\(target)"])
    }

    /// Waits until the target has read all that the source's log held when the wait began.
    ///
    /// - Parameter millisecondsMax: when to give up and answer true, beyond the link's delay; nil to wait for ever. Time in which the link
    ///   carries nothing does not count: writes of an isolated region are not thrown away.
    /// - Returns: false when the process is ending or a region has failed. A replica that goes meanwhile is not waited for.
    func waitForLink(
        from source: RegionName, to target: RegionName, table: String, millisecondsMax: UInt64?
    ) -> Bool {
        guard let link = regions.link(from: source, to: target),
            let sourceTable = link.source.table(named: table)
        else { return true }
        let head = link.source.head(of: sourceTable)?.counters.nextSequence ?? 1
        func newDeadline() -> ContinuousClock.Instant? {
            millisecondsMax.map {
                ContinuousClock.now + .milliseconds($0 + link.settings.delay.longestMilliseconds)
            }
        }
        var deadline = newDeadline()
        while isUnderWay(link, table, of: sourceTable.tableID, until: head) {
            guard !isStopping(), link.source.failure == nil, link.target.failure == nil else { return false }
            if !link.isCarrying { deadline = newDeadline() }
            if let deadline, ContinuousClock.now > deadline {
                logger.warning(
                    "a replica is removed before its last writes have reached a peer",
                    metadata: ["table": "\(table)", "from": "\(source)", "to": "\(target)"])
                return true
            }
            Thread.sleep(forTimeInterval: Double(Self.pollMilliseconds) / 1000)
        }
        return true
    }

    /// Waits while a link carries nothing. False when the process is ending.
    func waitUntilCarrying(from source: RegionName, to target: RegionName) -> Bool {
        while !isStopping() {
            guard let link = regions.link(from: source, to: target), !link.isCarrying else { return true }
            Thread.sleep(forTimeInterval: Double(Self.pollMilliseconds) / 1000)
        }
        return false
    }

    /// Whether the link still has to read records before `head`.
    private func isUnderWay(
        _ link: Link, _ table: String, of sourceID: String, until head: UInt64
    ) -> Bool {
        guard link.source.table(named: table)?.tableID == sourceID,
            let targetTable = link.target.catalogue.table(named: table),
            targetTable.peers.contains(where: { $0.region == link.source.name })
        else { return false }
        guard let position = link.position(of: targetTable.number), position.sourceID == sourceID else {
            return true
        }
        return position.cursor.next < head
    }
}
