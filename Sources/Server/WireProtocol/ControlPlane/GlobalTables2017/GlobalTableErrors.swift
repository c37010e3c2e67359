import Partition
public import Replication

/// Errors of operations on global tables of version 2017.11.29. The texts of missing global tables and of AWS's refusal of new ones are AWS's; those
/// of the others are not known (reference `global-tables.md` 2).
extension WireError {
    /// What AWS has said since it takes no new global tables of this version.
    static let legacyGlobalTablesNotOffered = WireError.invalidParameter(
        "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, "
            + "instead of version 2017.11.29 (Legacy).")

    static func globalTableNotFound(_ name: String) -> WireError {
        WireError(.globalTableNotFound, "Global table with name '\(name)' does not exist.")
    }

    static func globalTableAlreadyExists(_ name: String) -> WireError {
        WireError(.globalTableAlreadyExists, "Global table with name: '\(name)' already exists.")
    }

    static func replicaNotFound(_ region: String) -> WireError {
        WireError(.replicaNotFound, "Replica not found in region: '\(region)'")
    }

    static func replicaAlreadyExists(_ region: RegionName) -> WireError {
        WireError(.replicaAlreadyExists, "Replica already exists in region: '\(region)'")
    }

    static func tableNotFound(_ name: String, in region: RegionName) -> WireError {
        WireError(.tableNotFound, "Table not found: \(name) in region \(region)")
    }

    static func indexNotFound(_ name: String, in region: RegionName) -> WireError {
        WireError(.indexNotFound, "Index not found: \(name) in region \(region)")
    }

    /// Replicas of the older version are not changed with the newer one's means.
    static func replicaOfLegacyGlobalTable(_ table: TableDefinition) -> WireError {
        .invalidParameter(
            "Table \(table.name) is a replica of a global table of version 2017.11.29. Use UpdateGlobalTable to add or delete its "
                + "replicas.")
    }

    /// And the other way round.
    static func replicaOfCurrentGlobalTable(_ table: TableDefinition) -> WireError {
        .invalidParameter(
            "Table \(table.name) in region \(table.region) is a replica of a global table of version 2019.11.21. Use UpdateTable to "
                + "add or delete its replicas.")
    }

    static func globalTableInUse(_ name: String) -> WireError {
        stillInUse("Global table is being created, updated or deleted: \(name)")
    }

    /// Tables hold items, which replicas must not when one is added.
    public static func replicasNotEmpty(_ name: String, in regions: [RegionName]) -> WireError {
        let places = regions.map(\.name).joined(separator: ", ")
        return .invalidParameter(
            "All replicas must be empty when one is added. Table \(name) holds items in: [\(places)]")
    }

    static func regionRepeated(_ name: String) -> WireError {
        .invalidParameter("Region \(name) is specified more than once")
    }
}
