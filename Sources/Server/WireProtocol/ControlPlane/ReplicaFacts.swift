public import Partition
public import Replication

/// What a decision about replicas must know of other regions.
public struct ReplicaFacts: Sendable {
    /// All regions that this server runs, in the order in which messages list them.
    public let regions: [RegionName]
    /// The tables of the request's table name in the other regions, in whatever state, replicas or not.
    public let tables: [RegionName: TableDefinition]

    public init(regions: [RegionName], tables: [RegionName: TableDefinition]) {
        self.regions = regions
        self.tables = tables
    }

    /// How long a region that replicas were made from must stay, in milliseconds (reference `global-tables.md` 3.2).
    static let sourceMilliseconds: UInt64 = 24 * 60 * 60 * 1000

    /// Whether a replica that is still there was made from the one in `region` within the last day.
    func isRecentSource(_ region: RegionName, of current: TableDefinition, nowMilliseconds: UInt64) -> Bool {
        let members = current.peers.map(\.region) + [current.region]
        // A replica knows where its peers come from; where it comes from itself, its peers know.
        let known = current.peers + tables.values.filter { members.contains($0.region) }.flatMap(\.peers)
        return known.contains { peer in
            peer.source == region && peer.region != region && members.contains(peer.region)
                && nowMilliseconds < peer.addedMilliseconds + Self.sourceMilliseconds
        }
    }
}

extension WireError {
    static let recentSource = WireError.validation(
        "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the "
            + "last 24 hours.")

    /// - Parameter what: Table or GSI.
    static func notAutoScaled(_ what: String) -> WireError {
        .validation("\(what) write capacity should either be Pay-Per-Request or AutoScaled.")
    }
}
