import AttributeModel
import ChangeStream
import Foundation
import KeyValueStore
import Logging
import Partition
import Replication

/// Carries out what `MembershipPlan` decides about replicas of this process whose peers are served by others. Call `settle` on the control
/// plane's queue; jobs run beside it.
struct RemoteMembership: Sendable {
    /// How often regions are looked at when nothing has changed, in milliseconds.
    static let settleMilliseconds = 1000
    /// How often a job that waits for another process looks again, in milliseconds.
    static let pollMilliseconds = 20
    /// Replicas that are made at one time at the most; the next are made when other decisions have had their turn.
    static let creationsMax = 50
    /// After how long a wait for another process is spoken of, in milliseconds.
    static let waitToldMilliseconds = 10_000
    /// `.state` topics that are read at a time.
    static let stateReadsMax = 4
    /// How long a job waits after the transport has failed it, in milliseconds.
    static let retryMilliseconds = 1000

    let regions: RegionSet
    let replicas: ReplicaLifecycle
    let logger: Logger
    /// Whether the process is ending, so that long work must be left for the next start.
    let isStopping: @Sendable () -> Bool

    /// Long work that follows from a step, on a replica of a region of this process.
    struct Job: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case fill
            case rebuild(from: RegionName)
            case fillIndex(String)
            case remove
        }

        let kind: Kind
        let table: String
        let region: RegionName
    }

    /// Brings all replicas of this process into line with what other processes tell. Answers the jobs that must run for that; they are
    /// answered again until they are done.
    func settle() -> [Job] {
        let remote = Set(regions.remotes.map(\.name))
        var creationsCount = 0
        var jobs: [Job] = []
        for region in regions.regions where region.failure == nil {
            for name in tableNames(in: region) {
                jobs += noteLogs(of: name, in: region)
                let plan = MembershipPlan(
                    region: region.name, own: region.catalogue.table(named: name), others: views(of: name, for: region),
                    remote: remote)
                for step in plan.steps {
                    if case .createReplica = step {
                        creationsCount += 1
                        guard creationsCount <= Self.creationsMax else { continue }
                    }
                    jobs += carryOut(step, on: name, in: region)
                }
                dropIndexes(of: name, in: region)
                if plan.source != nil, region.catalogue.table(named: name)?.status == .creating {
                    jobs.append(Job(kind: .fill, table: name, region: region.name))
                }
            }
        }
        if creationsCount > Self.creationsMax { regions.remoteChange.signal() }
        return jobs
            + regions.lostRecords.take().map {
                Job(kind: .rebuild(from: $0.source), table: $0.table, region: $0.region)
            }
    }

    private func tableNames(in region: Region) -> [String] {
        var names = Set(region.catalogue.tables.map(\.name))
        for remote in regions.remotes where remote.isKnown { names.formUnion(remote.tables.map(\.definition.name)) }
        return names.sorted()
    }

    private func views(of tableName: String, for region: Region) -> [RegionName: MembershipPlan.View] {
        var views: [RegionName: MembershipPlan.View] = [:]
        for other in regions.regions where other !== region {
            views[other.name] = other.catalogue.table(named: tableName).map { .table($0) } ?? .absent
        }
        for other in regions.remotes where other.isKnown {
            views[other.name] = other.table(named: tableName).map { .table($0) } ?? .absent
        }
        return views
    }

    // MARK: Steps

    private func carryOut(_ step: MembershipPlan.Step, on tableName: String, in region: Region) -> [Job] {
        switch step {
        case .createReplica(let source):
            create(tableName, in: region, from: source)
            return []
        // The log of one that is older may tell that records are missing: then the replica is rebuilt.
        case .addPeer(let peer): replicas.add(peer, to: tableName, in: region)
        case .activatePeer(let name):
            regions.edit(tableName, in: region.name) { definition in
                definition.setStatus(.active, ofPeer: name)
                definition.withdrawProposal(for: name)
                definition.settleStatus()
            }
        case .expelPeer(let name):
            regions.edit(tableName, in: region.name) { $0.setStatus(.deleting, ofPeer: name) }
        case .forgetPeer(let name): forget(name, tableName, in: region)
        case .beginRemoval: return [Job(kind: .remove, table: tableName, region: region.name)]
        case .adopt(let setting, let source): return adopt(setting, of: source, tableName, in: region)
        }
        logger.info(
            "the global table changes with a region of another process",
            metadata: ["table": "\(tableName)", "region": "\(region.name)", "change": "\(step)"])
        return []
    }

    private func create(_ tableName: String, in region: Region, from source: RegionName) {
        guard let template = regions.remote(source)?.table(named: tableName) else { return }
        let others = template.peers.filter { $0.region != region.name && $0.status != .deleting }
        var definition = template.replica(
            number: region.nextTableNumber, in: region.name, tableID: UUID().uuidString.lowercased(),
            members: [source] + others.map(\.region), nowMilliseconds: region.wallClock.milliseconds)
        if let proposal = template.proposedReplicas?.first(where: { $0.region == region.name }) {
            definition.take(proposal: proposal)
        }
        definition.versionFloor = versionFloor(definition, told: source)
        _ = region.perform(.changeCatalogue(.create(definition)))
        tellSiblings(of: region, tableName, source: source)
        let isKnown = template.peers.contains { $0.region == region.name && $0.status == .active }
        logger.notice(
            isKnown
                ? "a replica that other processes know and this one has lost is made anew"
                : "a replica is made as a region of another process wants it",
            metadata: ["table": "\(tableName)", "region": "\(region.name)", "source": "\(source)"])
    }

    /// A replica that its peers know already, and that was lost, is also bound by what it had promised them.
    private func versionFloor(_ definition: TableDefinition, told source: RegionName) -> HybridTimestamp? {
        var floor = definition.versionFloor ?? .zero
        for peer in definition.peers {
            guard let remote = regions.remote(peer.region), let told = remote.published(definition.name) else {
                continue
            }
            floor = max(floor, told.watermark(of: definition.region) ?? .zero)
            if peer.region == source { floor = max(floor, remote.head(of: told.definition)?.clock ?? .zero) }
        }
        return floor
    }

    /// Regions of this process do not hear each other's catalogues.
    private func tellSiblings(of region: Region, _ tableName: String, source: RegionName) {
        for sibling in regions.regions where sibling !== region {
            guard let own = sibling.catalogue.table(named: tableName), own.isGlobal, own.status != .deleting else {
                continue
            }
            let peer = Peer(
                region: region.name, status: .creating, source: source,
                addedMilliseconds: sibling.wallClock.milliseconds)
            // It may have had a replica before, with another log.
            restartLink(from: region.name, to: sibling, own) {
                _ = sibling.perform(
                    .changeCatalogue(.setCursor(own.number, peer: region.name, LinkCursor(next: 1))))
            }
            replicas.add(peer, to: tableName, in: sibling)
        }
    }

    private func forget(_ peer: RegionName, _ tableName: String, in region: Region) {
        guard let own = region.catalogue.table(named: tableName) else { return }
        regions.edit(tableName, in: region.name) { definition in
            definition.peers.removeAll { $0.region == peer }
            definition.withdrawProposal(for: peer)
            definition.settleStatus()
        }
        restartLink(from: peer, to: region, own) {
            _ = region.perform(.changeCatalogue(.removeCursor(own.number, peer: peer)))
            regions.generations[region.name]?.forget(own.number, peer)
        }
    }

    /// Runs what moves the cursor of a peer's link.
    func restartLink(from peer: RegionName, to region: Region, _ own: TableDefinition, _ body: () -> Void) {
        guard let link = regions.link(from: peer, to: region.name) else { return body() }
        link.restart(own.number, body)
    }

    private func adopt(
        _ setting: SharedSetting, of source: RegionName, _ tableName: String, in region: Region
    ) -> [Job] {
        guard let theirs = regions.remote(source)?.table(named: tableName) else { return [] }
        regions.edit(tableName, in: region.name) { $0.adopt(setting, of: theirs) }
        logger.info(
            "a setting of a global table is taken over from a region of another process",
            metadata: [
                "table": "\(tableName)", "region": "\(region.name)", "source": "\(source)",
                "setting": "\(setting.rawValue)",
            ])
        dropIndexes(of: tableName, in: region)
        guard setting == .indexes, let own = region.catalogue.table(named: tableName) else { return [] }
        return own.globalIndexes.filter { $0.status == .creating }.map {
            Job(kind: .fillIndex($0.name), table: tableName, region: region.name)
        }
    }

    /// Also those that a crash has left.
    private func dropIndexes(of tableName: String, in region: Region) {
        guard let own = region.catalogue.table(named: tableName),
            own.globalIndexes.contains(where: { $0.status == .deleting })
        else { return }
        for index in own.globalIndexes where index.status == .deleting {
            _ = region.perform(.changeCatalogue(.dropIndex(own.number, index.ordinal)))
        }
        regions.edit(tableName, in: region.name) { $0.settleStatus() }
    }

    /// Sees to it that links begin anew with the logs of peers that have lost theirs. What the lost log told and this replica has not read is
    /// in the peer's new state, because others had read more of it: so the replica is rebuilt from there first.
    private func noteLogs(of tableName: String, in region: Region) -> [Job] {
        guard let own = region.catalogue.table(named: tableName), let generations = regions.generations[region.name]
        else { return [] }
        var jobs: [Job] = []
        for peer in own.peers {
            guard let remote = regions.remote(peer.region), remote.isKnown, let told = remote.published(tableName),
                told.definition.peers.contains(where: { $0.region == region.name })
            else { continue }
            findLostEnd(of: own, in: region, told)
            let known = generations.generation(of: own.number, peer.region)
            guard known != told.definition.tableID else { continue }
            // A replica that goes is read to its end without that, else both would wait for each other.
            guard known == nil || own.status == .creating || told.definition.status == .deleting else {
                jobs.append(Job(kind: .rebuild(from: peer.region), table: tableName, region: region.name))
                continue
            }
            restartLink(from: peer.region, to: region, own) {
                generations.note(
                    told.definition.tableID, next: told.nextSequence, of: own.number, peer.region)
            }
        }
        return jobs
    }

    /// A peer that has read more of this table's log than there is: its end is missing, and new records would have numbers that the peer
    /// believes to have.
    private func findLostEnd(of own: TableDefinition, in region: Region, _ told: PublishedTable) {
        let next = region.counters(own.number).nextSequence
        guard let cursor = told.cursor(of: own), cursor > next else { return }
        let lost = LogCheck.lostEnd(of: own, next: next, seenBy: told.definition.region, cursor, path: region.name.name)
        region.stopWriting(lost)
    }
}

extension TableDefinition {
    fileprivate mutating func setStatus(_ status: Peer.Status, ofPeer region: RegionName) {
        for place in peers.indices where peers[place].region == region { peers[place].status = status }
    }
}
