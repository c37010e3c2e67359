import AttributeModel
import KeyValueStore
import Logging
import Partition
import Replication

/// Global tables of version 2017.11.29: joins tables, and lets replicas go (reference `global-tables.md` 2 and 9).
///
/// Each step is one commit of one region and can be repeated. A region that joins says so first; a restart completes the others from that.
struct LegacyGlobalTables: Sendable {
    let regions: RegionSet
    let replicas: ReplicaLifecycle
    let logger: Logger

    private struct Member {
        let region: Region
        let table: TableDefinition
    }

    /// The replicas, those that are leaving left out.
    private func members(of name: String) -> [Member] {
        regions.regions.compactMap { region in
            guard let table = region.catalogue.table(named: name), let own = table.legacyGlobalTable,
                own.status != .leaving
            else { return nil }
            return Member(region: region, table: table)
        }
    }

    // MARK: Joining

    /// Adds tables to a global table, or makes one of them; `complete` and `activate` must follow.
    ///
    /// - Parameter createdMilliseconds: when the global table is made, in milliseconds since 1970, unless it is there already.
    /// - Returns: the regions whose tables hold items by now; then nothing has changed.
    func join(_ name: String, in names: [RegionName], createdMilliseconds: UInt64) -> [RegionName] {
        let old = members(of: name)
        let heads = old.map { $0.region.head($0.table.number) }
        let full = zip(old, heads).filter { $1.map { $0.counters.itemCount > 0 } ?? true }.map { $0.0.region.name }
        guard full.isEmpty else { return full }
        for target in names {
            for (source, head) in zip(old, heads) { begin(name, in: target, from: source.region, at: head) }
        }
        let all = old.map(\.region.name) + names
        // Before the new ones are told the latest clock: after it, no old one forgets a tombstone until they have joined.
        for member in old { introduce(names, to: member) }
        let created = old.first?.table.legacyGlobalTable?.createdMilliseconds ?? createdMilliseconds
        for target in names where !add(name, in: target, createdMilliseconds: created, all: all) {
            for joined in names { leave(name, in: joined) }
            for source in old { forgetCursor(of: name, in: target, from: source.region.name) }
            return [target]
        }
        connect(name, isResuming: false)
        return []
    }

    /// The old replica is empty and its later changes are behind this cursor, which must not be lost any more.
    private func begin(_ name: String, in target: RegionName, from source: Region, at head: Region.TableHead?) {
        guard let head, let region = regions.region(target), let table = region.catalogue.table(named: name),
            case .done = source.perform(.flush)
        else { return }
        let cursor = LinkCursor(next: head.counters.nextSequence)
        _ = region.perform(.changeCatalogue(.setCursor(table.number, peer: source.name, cursor)))
    }

    private func forgetCursor(of name: String, in target: RegionName, from source: RegionName) {
        guard let region = regions.region(target), let table = region.catalogue.table(named: name) else { return }
        _ = region.perform(.changeCatalogue(.removeCursor(table.number, peer: source)))
    }

    /// False when the table was written to, or is gone.
    private func add(
        _ name: String, in target: RegionName, createdMilliseconds: UInt64, all: [RegionName]
    ) -> Bool {
        guard let region = regions.region(target), let table = region.catalogue.table(named: name) else { return false }
        let peers = all.filter { $0 != target }
        let membership = LegacyMembership(
            createdMilliseconds: createdMilliseconds, peers: peers,
            versionFloor: peers.compactMap { regions.region($0)?.state.clock }.max() ?? .zero)
        _ = region.perform(.changeCatalogue(.joinLegacyGlobalTable(table.number, membership)))
        return region.catalogue.table(named: name)?.isLegacyGlobal ?? false
    }

    /// Makes all replicas know each other, and lets links from the new ones begin with their first change. (Those from the old ones to the
    /// new begin where `begin` has said.)
    ///
    /// - Parameter isResuming: whether links may be on their way already.
    private func connect(_ name: String, isResuming: Bool) {
        let members = members(of: name)
        for target in members {
            let known = target.region.head(target.table.number)?.cursors ?? [:]
            for source in members where source.region !== target.region {
                guard let own = source.table.legacyGlobalTable, own.status == .joining,
                    !isResuming || known[source.region.name] == nil
                else { continue }
                let cursor = LinkCursor(next: own.firstSequence)
                _ = target.region.perform(
                    .changeCatalogue(.setCursor(target.table.number, peer: source.region.name, cursor)))
            }
            introduce(members.map(\.region.name), to: target)
        }
        regions.wakeLinks()
    }

    private func introduce(_ names: [RegionName], to member: Member) {
        let others = names.filter { $0 != member.region.name }
        let now = member.region.wallClock.milliseconds
        regions.edit(member.table.name, in: member.region.name) { definition in
            for other in others where !definition.peers.contains(where: { $0.region == other }) {
                definition.peers.append(Peer(region: other, status: .creating, source: nil, addedMilliseconds: now))
            }
        }
    }

    /// Tells the new replicas what was deleted before they came: a write that is older than a deletion must lose there too.
    ///
    /// - Returns: false when that must go on at the next start.
    func complete(_ name: String) throws(StoreError) -> Bool {
        let members = members(of: name)
        for target in members where target.table.legacyGlobalTable?.status == .joining {
            for source in members where source.region !== target.region {
                let snapshot = try source.region.store.snapshot()
                let isCopied = try Backfill(table: source.table, snapshot: snapshot).run { states in
                    tell(target, of: states.filter { $0.state.item == nil }, from: source)
                }
                guard isCopied else { return false }
            }
        }
        return true
    }

    private func tell(
        _ target: Member, of deletions: [(key: EncodedKey, state: StoredItem)], from source: Member
    ) -> Bool {
        guard !deletions.isEmpty else { return true }
        let chunk = BackfillChunk(table: target.table.number, states: deletions)
        guard replicas.waitUntilCarrying(from: source.region.name, to: target.region.name),
            case .replicated = target.region.perform(.backfill(chunk))
        else { return false }
        return true
    }

    func activate(_ name: String) {
        for member in members(of: name) {
            regions.edit(name, in: member.region.name) { definition in
                if definition.legacyGlobalTable?.status == .joining { definition.legacyGlobalTable?.status = .active }
                for index in definition.peers.indices where definition.peers[index].status == .creating {
                    definition.peers[index].status = .active
                }
            }
        }
        logger.info("global table is active", metadata: ["table": "\(name)"])
    }

    // MARK: Leaving

    /// The replica goes on as it is until `drain` is through; `leave` then parts it from the others.
    func beginLeaving(_ name: String, in target: RegionName) {
        regions.edit(name, in: target) { $0.legacyGlobalTable?.status = .leaving }
        for member in members(of: name) {
            regions.edit(name, in: member.region.name) { definition in
                for index in definition.peers.indices where definition.peers[index].region == target {
                    definition.peers[index].status = .deleting
                }
            }
        }
    }

    /// Waits until what was written before has arrived, in both directions. False when that must go on at the next start.
    func drain(_ name: String, of target: RegionName) -> Bool {
        guard let table = regions.region(target)?.catalogue.table(named: name) else { return true }
        return replicas.drain(name, of: target)
            && table.peers.allSatisfy { peer in
                replicas.waitForLink(
                    from: peer.region, to: target, table: name, millisecondsMax: ReplicaLifecycle.drainMillisecondsMax)
            }
    }

    func leave(_ name: String, in target: RegionName) {
        for region in regions.regions where region.name != target {
            guard let table = region.catalogue.table(named: name), table.isLegacyGlobal,
                table.peers.contains(where: { $0.region == target })
            else { continue }
            _ = region.perform(.changeCatalogue(.removeLegacyPeer(table.number, target)))
        }
        guard let region = regions.region(target), let table = region.catalogue.table(named: name),
            table.isLegacyGlobal
        else { return }
        _ = region.perform(.changeCatalogue(.leaveLegacyGlobalTable(table.number)))
        logger.info("replica has left its global table", metadata: ["table": "\(name)", "region": "\(target)"])
    }

    // MARK: After a restart

    /// Global tables to which tables are being added. A table that was to join and cannot any more is left out.
    func resumeJoining() -> [String] {
        var names: Set<String> = []
        for table in regions.regions.flatMap(\.catalogue.tables) where table.isLegacyGlobal {
            guard table.legacyGlobalTable?.status == .joining || table.peers.contains(where: { $0.status == .creating })
            else { continue }
            names.insert(table.name)
        }
        for name in names { resumeJoining(name) }
        return names.sorted()
    }

    private func resumeJoining(_ name: String) {
        let members = members(of: name)
        guard let created = members.first?.table.legacyGlobalTable?.createdMilliseconds else { return }
        let known = members.map(\.region.name)
        var wanted: [RegionName] = []
        for peer in members.flatMap(\.table.peers) where peer.status == .creating {
            if !known.contains(peer.region), !wanted.contains(peer.region) { wanted.append(peer.region) }
        }
        for target in wanted where !add(name, in: target, createdMilliseconds: created, all: known + wanted) {
            leave(name, in: target)
        }
        connect(name, isResuming: true)
    }

    /// Replicas that are leaving, by table and region.
    var leaving: [(name: String, region: RegionName)] {
        regions.regions.flatMap { region in
            region.catalogue.tables.filter { $0.legacyGlobalTable?.status == .leaving }.map { ($0.name, region.name) }
        }
    }
}
