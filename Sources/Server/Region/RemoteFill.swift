import AttributeModel
import Foundation
import KeyValueStore
import Logging
import Partition
import Replication

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
            return try replicas.fill(tableName, in: target, from: local)
        }
        for peer in own.peers {
            guard try take(tableName, from: peer.region, into: own, of: region) else { return false }
        }
        return own.peers.allSatisfy { peer in
            replicas.waitForLink(from: peer.region, to: target, table: tableName, millisecondsMax: nil)
        }
    }

    private func localMember(_ tableName: String, apartFrom region: Region) -> RegionName? {
        regions.regions.first { other in
            guard other !== region, let table = other.catalogue.table(named: tableName) else { return false }
            return table.servesItems && table.peers.contains { $0.region == region.name }
        }?.name
    }

    private func take(
        _ tableName: String, from peer: RegionName, into own: TableDefinition, of region: Region
    ) throws(StoreError) -> Bool {
        let isCursorKnown = region.head(own.number)?.cursors[peer] != nil
        func begin(at next: UInt64) {
            guard !isCursorKnown else { return }
            _ = region.perform(.changeCatalogue(.setCursor(own.number, peer: peer, LinkCursor(next: next))))
        }
        guard let remote = regions.remote(peer) else { return true }
        if remote.isKnown, remote.table(named: tableName)?.status == .creating {
            // It has nothing of its own yet, and its log begins with it.
            begin(at: 1)
            return true
        }
        guard let (table, stateEnd) = waitForState(of: tableName, in: remote) else { return false }
        begin(at: stateEnd)
        regions.wakeLinks()
        return try takeStates(of: table, from: remote, into: own, of: region)
    }

    /// Brings a replica up to date from the state of a source whose log no longer reaches back to what the replica has. It serves its clients
    /// meanwhile. False when that must go on later.
    func rebuild(_ tableName: String, in target: RegionName, from source: RegionName) throws(StoreError) -> Bool {
        guard let region = regions.region(target), let remote = regions.remote(source),
            let own = region.catalogue.table(named: tableName),
            let (table, stateEnd) = waitForState(of: tableName, in: remote)
        else { return false }
        logger.warning(
            "a replica is rebuilt from a source's state: the source's topic no longer holds what the replica lacks",
            metadata: ["table": "\(tableName)", "region": "\(target)", "source": "\(source)"])
        guard try takeStates(of: table, from: remote, into: own, of: region) else { return false }
        let known = region.head(own.number)?.cursors[source]?.next ?? 1
        let cursor = LinkCursor(next: max(known, stateEnd))
        _ = region.perform(.changeCatalogue(.setCursor(own.number, peer: source, cursor)))
        regions.link(from: source, to: target)?.forgetPosition(of: own.number)
        _ = region.perform(.emit(.replicaRebuilt(table: tableName, region: target, source: source)))
        logger.info(
            "a replica is rebuilt",
            metadata: ["table": "\(tableName)", "region": "\(target)", "source": "\(source)"])
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
            guard peer.status != .deleting, let theirs = regions.remote(peer.region)?.published(own.name),
                theirs.definition.peers.contains(where: { $0.region == region.name })
            else { return true }
            return (theirs.cursor(of: region.name) ?? 1) >= head
        }
    }

    /// Forgets what is kept about the logs of a replica's peers.
    func forgetLinks(of tableName: String, in target: RegionName) {
        guard let own = regions.region(target)?.catalogue.table(named: tableName) else { return }
        for peer in own.peers { regions.generations[target]?.forget(own.number, peer.region) }
    }

    /// A source's table, and the first record of its log that is not for sure in its `.state` topic, once that holds all items. Nil when the
    /// process is ending, the table goes, or the source is not heard of.
    private func waitForState(
        of tableName: String, in source: RemoteRegion
    ) -> (table: TableDefinition, stateEnd: UInt64)? {
        while !isStopping() {
            guard source.isKnown, let now = source.published(tableName), now.definition.status != .deleting else {
                return nil
            }
            if let end = now.stateEnd { return (now.definition, end) }
            Thread.sleep(forTimeInterval: Double(Self.pollMilliseconds) / 1000)
        }
        return nil
    }

    /// Reads all states, again and again until the transport lets it. False when that must go on later.
    private func takeStates(
        of sourceTable: TableDefinition, from source: RemoteRegion, into own: TableDefinition, of region: Region
    ) throws(StoreError) -> Bool {
        guard let transport = regions.transport else { return false }
        while !isStopping() {
            do throws(TransportError) {
                return try transport.readStates(of: sourceTable, in: source) { states in
                    take(states, from: source, into: own, of: region)
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

    private func take(
        _ states: [(key: EncodedKey, state: StoredItem)], from source: RemoteRegion, into own: TableDefinition,
        of region: Region
    ) -> Bool {
        let command = Command.backfill(BackfillChunk(table: own.number, states: states))
        guard replicas.waitUntilCarrying(from: source.name, to: region.name),
            case .replicated = region.perform(command)
        else { return false }
        return true
    }
}
