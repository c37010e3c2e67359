public import Replication

/// CreateGlobalTable: joins empty tables of one name (reference `global-tables.md` 2).
public struct CreateGlobalTableRequest: Sendable, Equatable {
    public let name: String
    private let regionNames: [String]

    init(_ body: RequestBody) throws(WireError) {
        var constraints = Constraints()
        name = try body.globalTableName(&constraints)
        let members = try body.objects("ReplicationGroup")
        constraints.require(members != nil, at: "replicationGroup")
        var names: [String] = []
        for (index, member) in (members ?? []).enumerated() {
            names.append(try member.replicaRegion(at: "replicationGroup.\(index + 1).member", &constraints))
        }
        try constraints.throwIfViolated()
        regionNames = names
    }

    /// The regions whose tables are to be joined.
    public func regions(_ facts: GlobalTableFacts) throws(WireError) -> [RegionName] {
        guard facts.isOffered else { throw .legacyGlobalTablesNotOffered }
        if regionNames.isEmpty { throw .invalidParameter("ReplicationGroup must name at least one region") }
        var regions: [RegionName] = []
        for name in regionNames {
            let region = try facts.region(named: name)
            if regions.contains(region) { throw .regionRepeated(name) }
            regions.append(region)
        }
        if facts.globalTable(named: name) != nil { throw .globalTableAlreadyExists(name) }
        try GlobalTablePreconditions(name: name, facts: facts).check(adding: regions, to: [])
        return regions
    }
}
