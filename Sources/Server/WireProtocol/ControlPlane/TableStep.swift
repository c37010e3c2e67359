public import AttributeModel
public import ChangeStream
public import Partition
public import Replication

/// One thing that UpdateTable does. The control plane takes the steps in order.
public enum TableStep: Sendable, Equatable {
    /// In this region, and in the regions of all replicas when the edit is group-wide.
    case edit(TableEdit)
    case enableStream(StreamViewType)
    case disableStream
    /// In the regions of all replicas; each gives the index an ordinal of its own and fills it.
    ///
    /// `attributeDefinitions` are those of the table with the index.
    case createIndex(IndexDefinition, attributeDefinitions: [KeyAttribute])
    /// By name, in the regions of all replicas.
    case deleteIndex(String)
    case createReplica(RegionName, ReplicaOverrides)
    /// New settings of another region's replica.
    case updateReplica(RegionName, ReplicaOverrides)
    case deleteReplica(RegionName)
}

/// Settings of a replica that differ from those of the table it was made from. Nil where they do not.
public struct ReplicaOverrides: Sendable, Equatable {
    public var readUnits: Int?
    public var tableClass: String?
    /// By index name; names of no index are ignored.
    public var indexReadUnits: [String: Int] = [:]

    public init() {}

    public static let none = ReplicaOverrides()

    /// Gives the replica these settings. Capacity means nothing to a table that pays per request.
    public func apply(to replica: inout TableDefinition) {
        if let tableClass { replica.tableClass = tableClass }
        guard replica.billing.mode == .provisioned else { return }
        if let readUnits { replica.billing.throughput.readUnits = readUnits }
        for index in replica.globalIndexes.indices {
            guard let units = indexReadUnits[replica.globalIndexes[index].name] else { continue }
            replica.globalIndexes[index].throughput.readUnits = units
        }
    }
}
