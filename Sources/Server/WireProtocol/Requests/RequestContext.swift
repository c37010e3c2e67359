public import Partition
public import Replication

/// What decoding a request may know of its region: the catalogue as of now, counters, the time, and an id for a new transaction.
public struct RequestContext: Sendable {
    public let region: RegionName
    public let catalogue: Catalogue
    public let wallMilliseconds: UInt64
    /// Counters of a table as of the last commit.
    public let counters: @Sendable (TableDefinition.Number) -> TableCounters
    /// A new id, unique over regions and time.
    public let makeID: @Sendable () -> String
    /// The tables of a name in the other regions, as they are now.
    public let replicas: @Sendable (_ tableName: String) -> [RegionName: TableDefinition]

    public init(
        region: RegionName, catalogue: Catalogue, wallMilliseconds: UInt64,
        counters: @escaping @Sendable (TableDefinition.Number) -> TableCounters,
        makeID: @escaping @Sendable () -> String,
        replicas: @escaping @Sendable (_ tableName: String) -> [RegionName: TableDefinition] = { _ in [:] }
    ) {
        self.region = region
        self.catalogue = catalogue
        self.wallMilliseconds = wallMilliseconds
        self.counters = counters
        self.makeID = makeID
        self.replicas = replicas
    }

    /// Finds a table by its name or its ARN in this region.
    public func table(_ nameOrARN: String) -> TableDefinition? {
        catalogue.table(named: tableName(nameOrARN))
    }

    /// The table that an item operation names; found only while it serves items (reference `data-plane.md` 3).
    func servedTable(_ nameOrARN: String) throws(WireError) -> CatalogueTable {
        guard let table = catalogue.entry(named: tableName(nameOrARN)), table.definition.servesItems else {
            throw .resourceNotFound
        }
        return table
    }

    /// The name in a table's ARN of this region; other texts are names themselves.
    public func tableName(_ nameOrARN: String) -> String {
        guard nameOrARN.hasPrefix(TableName.arnPrefix) else { return nameOrARN }
        let prefix = "arn:aws:dynamodb:\(region):\(TableDefinition.account):table/"
        return nameOrARN.hasPrefix(prefix) ? String(nameOrARN.dropFirst(prefix.count)) : nameOrARN
    }
}
