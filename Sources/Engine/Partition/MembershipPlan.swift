public import Replication

/// What a region does about its replica of one table, from what the regions of other processes say of theirs. Level-triggered: asked again
/// after every change, and at every start; no step needs to know how the state came about.
///
/// Membership agrees without a leader: whoever adds a replica names it in its own list of peers, and the others take it over from there. A
/// replica goes in two moves: first everybody lists it as DELETING, and only when all members do (and its table is gone) it is forgotten,
/// so that nobody can take it for a new one.
public struct MembershipPlan: Sendable {
    /// What another region has under the table's name.
    public enum View: Sendable, Equatable {
        /// The region has no such table.
        case absent
        case table(TableDefinition)
    }

    public enum Step: Sendable, Equatable {
        /// Make this region's replica like the one of `source`, then fill it.
        case createReplica(source: RegionName)
        case addPeer(Peer)
        case activatePeer(RegionName)
        /// Another region's replica is on its way out.
        case expelPeer(RegionName)
        case forgetPeer(RegionName)
        /// This region's own replica goes: the others want it so.
        case beginRemoval
        case adopt(SharedSetting, of: RegionName)
    }

    public let region: RegionName
    public let own: TableDefinition?
    /// By region, of this process too; a region that has not been heard of is missing.
    public let others: [RegionName: View]
    /// The regions of other processes. All others are served by this one, or by nobody.
    public let remote: Set<RegionName>

    public init(
        region: RegionName, own: TableDefinition?, others: [RegionName: View], remote: Set<RegionName>
    ) {
        self.region = region
        self.own = own
        self.others = others
        self.remote = remote
    }

    public var steps: [Step] {
        guard let own else { return creation.map { [$0] } ?? [] }
        guard own.deletedMilliseconds == nil, !own.isLegacyGlobal else { return [] }
        var steps = own.peers.compactMap { step(about: $0, own) }
        guard own.status != .deleting else { return steps }
        if isUnwanted(own) { return steps + [.beginRemoval] }
        steps += additions(to: own)
        return steps + adoptions(for: own)
    }

    /// Whether the other members know that this region's replica goes, so that its table may be dropped.
    public var isRemovalKnown: Bool {
        guard let own else { return true }
        return own.peers.allSatisfy { peer in
            guard peer.status != .deleting, remote.contains(peer.region) else { return true }
            switch others[peer.region] {
            case .absent: return true
            case .table(let table): return entry(of: region, in: table).map { $0.status == .deleting } ?? true
            case nil: return false
            }
        }
    }

    // MARK: This region's own replica

    private var creation: Step? { source.map { .createReplica(source: $0) } }

    /// A region of another process that wants this one to have a replica, or knows that it had one: like its table the replica is made.
    public var source: RegionName? {
        for (name, table) in remoteTables where table.status != .deleting && !table.isLegacyGlobal {
            guard let mine = entry(of: region, in: table) else { continue }
            switch mine.status {
            case .creating where mine.source == name || mine.source.map(hasLeft) ?? true: return name
            // The region has lost its data.
            case .active where table.servesItems: return name
            case .creating, .active, .deleting: continue
            }
        }
        return nil
    }

    /// Whether a region that wanted this replica has no replica itself any more.
    private func hasLeft(_ name: RegionName) -> Bool {
        switch others[name] {
        case .absent: true
        case .table(let table): table.status == .deleting || entry(of: region, in: table) == nil
        case nil: !remote.contains(name)
        }
    }

    private func isUnwanted(_ own: TableDefinition) -> Bool {
        remoteTables.contains { name, table in
            guard entry(of: region, in: table)?.status == .deleting, let peer = entry(of: name, in: own) else {
                return false
            }
            // Of two that remove each other the one that comes first stays.
            return peer.status != .deleting || name < region
        }
    }

    // MARK: Peers

    private func step(about peer: Peer, _ own: TableDefinition) -> Step? {
        let isServedHere = !remote.contains(peer.region) && others[peer.region] != nil
        guard !isServedHere else { return nil }
        switch peer.status {
        case .deleting: return canForget(peer, own) ? .forgetPeer(peer.region) : nil
        case .creating, .active:
            if isLeaving(peer, own) { return .expelPeer(peer.region) }
            guard peer.status == .creating, case .table(let table)? = others[peer.region], table.servesItems,
                entry(of: region, in: table) != nil
            else { return nil }
            return .activatePeer(peer.region)
        }
    }

    private func isLeaving(_ peer: Peer, _ own: TableDefinition) -> Bool {
        if case .table(let table)? = others[peer.region], table.status == .deleting { return true }
        return remoteTables.contains { name, table in
            name != peer.region && isMember(name, of: own) && entry(of: peer.region, in: table)?.status == .deleting
        }
    }

    private func canForget(_ peer: Peer, _ own: TableDefinition) -> Bool {
        guard isGone(peer.region) else { return false }
        return own.peers.allSatisfy { other in
            guard other.region != peer.region, other.status != .deleting else { return true }
            switch others[other.region] {
            case .absent: return true
            case .table(let table): return entry(of: peer.region, in: table).map { $0.status == .deleting } ?? true
            case nil: return !remote.contains(other.region)
            }
        }
    }

    /// A region that nobody serves any more is gone with everything that it had.
    private func isGone(_ name: RegionName) -> Bool {
        switch others[name] {
        case .absent: true
        // Made anew, by someone who does not know this region.
        case .table(let table): entry(of: region, in: table) == nil
        case nil: !remote.contains(name)
        }
    }

    /// Replicas that other members know and this one does not.
    private func additions(to own: TableDefinition) -> [Step] {
        guard own.isGlobal else { return [] }
        var added: [RegionName: Peer] = [:]
        for (name, table) in tables where table.status != .deleting {
            let knowsThis = entry(of: region, in: table).map { $0.status != .deleting } ?? false
            guard isMember(name, of: own) || knowsThis else { continue }
            for peer in table.peers
            where peer.region != region && peer.status != .deleting && remote.contains(peer.region)
                && entry(of: peer.region, in: own) == nil
            {
                added[peer.region] = added[peer.region] ?? peer
            }
            if knowsThis, remote.contains(name), entry(of: name, in: own) == nil, added[name] == nil {
                added[name] = Peer(
                    region: name, status: table.status == .creating ? .creating : .active, source: nil,
                    addedMilliseconds: table.createdMilliseconds)
            }
        }
        return added.sorted { $0.key < $1.key }.map { .addPeer($0.value) }
    }

    // MARK: Settings

    private func adoptions(for own: TableDefinition) -> [Step] {
        guard own.servesItems else { return [] }
        return SharedSetting.allCases.compactMap { setting in
            var newest: (name: RegionName, table: TableDefinition, version: SettingsVersion)?
            for (name, table) in remoteTables
            where isMember(name, of: own) && entry(of: region, in: table) != nil && table.servesItems {
                guard let version = table.version(of: setting) else { continue }
                if let known = newest?.version ?? own.version(of: setting), known >= version { continue }
                newest = (name, table, version)
            }
            guard let newest, !own.shares(setting, with: newest.table) else { return nil }
            return .adopt(setting, of: newest.name)
        }
    }

    // MARK: Parts

    private var tables: [(key: RegionName, value: TableDefinition)] {
        others.sorted { $0.key < $1.key }.compactMap { name, view in
            if case .table(let table) = view { (name, table) } else { nil }
        }
    }

    private var remoteTables: [(key: RegionName, value: TableDefinition)] { tables.filter { remote.contains($0.key) } }

    private func entry(of name: RegionName, in table: TableDefinition) -> Peer? {
        table.peers.first { $0.region == name }
    }

    private func isMember(_ name: RegionName, of own: TableDefinition) -> Bool {
        entry(of: name, in: own).map { $0.status != .deleting } ?? false
    }
}
