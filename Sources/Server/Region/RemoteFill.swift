import AttributeModel
import Foundation
import KeyValueStore
import Logging
import Partition
import Replication
import Synchronization

/// Filling, rebuilding and draining of replicas whose peers are in other processes: the jobs of `RemoteMembership`.
extension RemoteMembership {
    /// Brings the items of all peers into a new replica and lets its links catch up. False when that must go on later.
    ///
    /// One peer's `.state` topic would not do: a write that arrives at a peer and finds the same item there moves its version, which no log
    /// tells. It is in the log of the region that made the write. With a peer in this process everything is in its store.
    func fill(_ tableName: String, in target: RegionName) throws(StoreError) -> Bool {
        guard let region = regions.region(target), let own = region.catalogue.table(named: tableName) else {
            return false
        }
        if let local = localMember(tableName, apartFrom: region) {
            takeLogs(of: local, tableName, into: own, of: region)
            return try replicas.fill(tableName, in: target, from: local.name)
        }
        // First where each link begins, then the items: reading may be long, and a peer that is away must not have it done again.
        var starts: [(remote: RemoteRegion, table: TableDefinition)] = []
        for peer in own.peers {
            guard let start = waitForState(of: tableName, in: peer.region, forReplicaIn: target) else { return false }
            restartLink(from: peer.region, to: region, own) {
                if region.head(own.number)?.cursors[peer.region] == nil {
                    let cursor = LinkCursor(next: start.next)
                    _ = region.perform(.changeCatalogue(.setCursor(own.number, peer: peer.region, cursor)))
                }
                if let (_, table) = start.source {
                    regions.generations[target]?.note(table.tableID, next: start.next, of: own.number, peer.region)
                }
            }
            if let source = start.source { starts.append(source) }
        }
        regions.wakeLinks()
        for (remote, table) in starts {
            guard try takeStates(of: table, from: remote, into: own, of: region, isLogged: false),
                regions.generations[target]?.generation(of: own.number, remote.name) == table.tableID
            else { return false }
        }
        return own.peers.allSatisfy { peer in
            replicas.waitForLink(from: peer.region, to: target, table: tableName, millisecondsMax: nil)
        }
    }

    private func localMember(_ tableName: String, apartFrom region: Region) -> Region? {
        regions.regions.first { other in
            guard other !== region, let table = other.catalogue.table(named: tableName) else { return false }
            return table.servesItems && table.peers.contains { $0.region == region.name }
        }
    }

    /// A replica that begins with a sibling's cursors begins with the logs that they are of.
    private func takeLogs(of sibling: Region, _ tableName: String, into own: TableDefinition, of region: Region) {
        guard let theirs = sibling.catalogue.table(named: tableName) else { return }
        for remote in regions.remotes {
            guard let log = regions.generations[sibling.name]?.generation(of: theirs.number, remote.name) else {
                continue
            }
            restartLink(from: remote.name, to: region, own) {
                regions.generations[region.name]?.note(log, next: .max, of: own.number, remote.name)
            }
        }
    }

    /// Brings a replica up to date from the state of a source whose log no longer reaches back to what the replica has, or is another one than
    /// the replica has read. It serves its clients meanwhile, and logs what comes. False when that must go on later.
    func rebuild(_ tableName: String, in target: RegionName, from source: RegionName) throws(StoreError) -> Bool {
        guard let region = regions.region(target), let own = region.catalogue.table(named: tableName),
            let generations = regions.generations[target]
        else { return false }
        regions.rebuilding.withLock { $0[tableName, default: 0] += 1 }
        defer { regions.rebuilding.withLock { $0[tableName, default: 1] -= 1 } }
        guard let start = waitForState(of: tableName, in: source, forReplicaIn: target),
            let (remote, table) = start.source
        else { return false }
        let metadata: Logger.Metadata = ["table": "\(tableName)", "region": "\(target)", "source": "\(source)"]
        logger.warning(
            generations.generation(of: own.number, source) == table.tableID
                ? "a replica is rebuilt from a source's state: the source's topic does not hold what the replica lacks"
                : "a replica is rebuilt from a source's state: the source has made its own anew, with another log",
            metadata: metadata)
        guard try takeStates(of: table, from: remote, into: own, of: region, isLogged: true) else { return false }
        var isDone = false
        restartLink(from: source, to: region, own) {
            // The source may have lost its data while its state was read.
            guard remote.table(named: tableName)?.tableID == table.tableID else { return }
            generations.note(table.tableID, next: start.next, of: own.number, source)
            let known = region.head(own.number)?.cursors[source]?.next ?? 1
            let cursor = LinkCursor(next: max(known, start.next))
            _ = region.perform(.changeCatalogue(.setCursor(own.number, peer: source, cursor)))
            isDone = true
        }
        guard isDone else { return false }
        _ = region.perform(.emit(.replicaRebuilt(table: tableName, region: target, source: source)))
        logger.notice("a replica is rebuilt", metadata: metadata)
        return true
    }

    /// Waits until the others have a replica's last writes and know that it goes. False when that must go on at the next start.
    ///
    /// There is no limit: a process that is down is waited for. Regions that this process was not told of at its start are not.
    func drain(_ tableName: String, of target: RegionName) -> Bool {
        guard !regions.remotes.isEmpty else { return true }
        while !isStopping() {
            guard let region = regions.region(target), let own = region.catalogue.table(named: tableName) else {
                return true
            }
            if isDrained(own, of: region) { return true }
            Thread.sleep(forTimeInterval: Double(Self.pollMilliseconds) / 1000)
        }
        return false
    }

    private func isDrained(_ own: TableDefinition, of region: Region) -> Bool {
        let remote = Set(regions.remotes.map(\.name))
        var views: [RegionName: MembershipPlan.View] = [:]
        for other in regions.remotes where other.isKnown {
            views[other.name] = other.table(named: own.name).map { .table($0) } ?? .absent
        }
        guard MembershipPlan(region: region.name, own: own, others: views, remote: remote).isRemovalKnown else {
            return false
        }
        let head = region.counters(own.number).nextSequence
        return own.peers.allSatisfy { peer in
            guard peer.status != .deleting, let remote = regions.remote(peer.region),
                let theirs = remote.published(own.name),
                theirs.definition.peers.contains(where: { $0.region == region.name })
            else { return true }
            return (theirs.cursor(of: own) ?? 1) >= head
        }
    }

    /// Forgets what is kept about the logs of a replica's peers.
    func forgetLinks(of tableName: String, in target: RegionName) {
        guard let own = regions.region(target)?.catalogue.table(named: tableName) else { return }
        for peer in own.peers { regions.generations[target]?.forget(own.number, peer.region) }
    }

    /// Where a replica's link from a peer begins, and from which table's state the items come that are before that.
    private struct Start {
        let next: UInt64
        /// Nil for a peer that has nothing of its own yet, and whose log begins with it.
        let source: (remote: RemoteRegion, table: TableDefinition)?
    }

    /// Waits until the peer is heard, and its `.state` topic holds all its items. Nil when the process is ending, or the table goes.
    private func waitForState(
        of tableName: String, in peer: RegionName, forReplicaIn target: RegionName
    ) -> Start? {
        // A sibling that serves items would have been the source.
        guard let remote = regions.remote(peer) else { return Start(next: 1, source: nil) }
        let begun = ContinuousClock.now
        var isTold = false
        while !isStopping(), regions.region(target)?.catalogue.table(named: tableName) != nil {
            if remote.isKnown {
                guard let told = remote.published(tableName), told.definition.status != .deleting else { return nil }
                if told.definition.status == .creating { return Start(next: 1, source: nil) }
                if let end = told.stateEnd { return Start(next: end, source: (remote, told.definition)) }
            }
            if !isTold, ContinuousClock.now - begun > .milliseconds(Self.waitToldMilliseconds) {
                isTold = true
                logger.warning(
                    "a replica waits for the state of a peer in another process",
                    metadata: ["table": "\(tableName)", "region": "\(target)", "peer": "\(peer)"])
            }
            Thread.sleep(forTimeInterval: Double(Self.pollMilliseconds) / 1000)
        }
        return nil
    }

    /// Reads all states, again and again until the transport lets it. False when that must go on later.
    private func takeStates(
        of sourceTable: TableDefinition, from source: RemoteRegion, into own: TableDefinition, of region: Region,
        isLogged: Bool
    ) throws(StoreError) -> Bool {
        guard let transport = regions.transport else { return false }
        while !isStopping() {
            do throws(TransportError) {
                regions.stateReads.wait()
                defer { regions.stateReads.signal() }
                return try transport.readStates(of: sourceTable, in: source, isStopping: isStopping) { states in
                    let command = Command.backfill(
                        BackfillChunk(table: own.number, states: states, isLogged: isLogged))
                    return take(command, from: source, to: region)
                }
            } catch {
                logger.warning(
                    "the state of a table cannot be read; it is tried again",
                    metadata: ["table": "\(own.name)", "source": "\(source.name)", "reason": "\(error)"])
            }
            Thread.sleep(forTimeInterval: Double(Self.retryMilliseconds) / 1000)
        }
        return false
    }

    private func take(_ command: Command, from source: RemoteRegion, to region: Region) -> Bool {
        guard replicas.waitUntilCarrying(from: source.name, to: region.name) else { return false }
        if case .replicated = region.perform(command) { return true }
        return false
    }
}
