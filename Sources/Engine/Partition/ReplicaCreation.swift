import ChangeStream
public import Replication

/// What a new replica of a global table is made like, and where its links begin.
extension TableDefinition {
    /// The definition of a new replica, with status CREATING.
    ///
    /// - Parameters:
    ///   - members: the regions that hold replicas already, the source first.
    ///   - nowMilliseconds: the new replica's wall clock.
    public func replica(
        number: Number, in target: RegionName, tableID: String, members: [RegionName], nowMilliseconds: UInt64
    ) -> TableDefinition {
        var definition = TableDefinition(
            number: number, name: name, region: target, tableID: tableID, createdMilliseconds: nowMilliseconds,
            status: .creating, keySchema: keySchema, attributeDefinitions: attributeDefinitions, billing: billing,
            localIndexes: localIndexes, globalIndexes: activeIndexes)
        definition.readScaling = readScaling
        definition.writeScaling = writeScaling
        definition.tableClass = tableClass
        definition.timeToLive = timeToLive.map { $0.settled }
        definition.settingsVersions = settingsVersions
        definition.versionFloor = peers.first { $0.region == target }?.addedTimestamp
        definition.nextIndexOrdinal = nextIndexOrdinal
        definition.streams = [
            Stream(
                viewType: enabledStream?.viewType ?? .newAndOldImages, nextSequence: 1,
                nowMilliseconds: nowMilliseconds)
        ]
        definition.peers = members.map { member in
            let known = peers.first { $0.region == member }
            return Peer(
                region: member, status: .active, source: known?.source,
                addedMilliseconds: known?.addedMilliseconds ?? createdMilliseconds)
        }
        return definition
    }

    /// A new replica's indexes hold every item from the first one on, so none has to be filled.
    private var activeIndexes: [IndexDefinition] {
        globalIndexes.filter { $0.status != .deleting }.map { index in
            var active = index
            active.status = .active
            return active
        }
    }

    /// Where the links of a new replica begin that is filled from a snapshot of this table: behind what the snapshot holds.
    ///
    /// - Parameters:
    ///   - counters: of this table, read before the snapshot was taken; what they count must be durable.
    ///   - cursors: of this table, read with the counters.
    public func firstCursor(
        from peer: RegionName, _ counters: TableCounters, _ cursors: [RegionName: LinkCursor]
    ) -> LinkCursor {
        LinkCursor(next: peer == region ? counters.nextSequence : cursors[peer]?.next ?? 1)
    }

    /// Forgets what a region of another process was to make its replica like.
    public mutating func withdrawProposal(for region: RegionName) {
        let left = proposedReplicas?.filter { $0.region != region } ?? []
        proposedReplicas = left.isEmpty ? nil : left
    }

    /// Gives a replica that is to be made what was proposed for it: capacity and table class of its own.
    public mutating func take(proposal: TableDefinition) {
        billing = proposal.billing
        tableClass = proposal.tableClass
        for place in globalIndexes.indices {
            guard let index = proposal.index(named: globalIndexes[place].name) else { continue }
            globalIndexes[place].throughput = index.throughput
        }
    }

    /// Back from UPDATING to ACTIVE, when neither an index nor a replica is being made for which this region's table is responsible.
    public mutating func settleStatus() {
        guard status == .updating, globalIndexes.allSatisfy({ $0.status == .active }),
            !peers.contains(where: { $0.status == .creating && $0.source == region })
        else { return }
        status = .active
    }
}
