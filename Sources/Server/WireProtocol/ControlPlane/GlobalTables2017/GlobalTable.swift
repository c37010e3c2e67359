public import Partition
public import Replication

/// A global table of version 2017.11.29 as its replicas make it: it exists while one of them says that it belongs to it.
public struct GlobalTable: Sendable {
    /// The raw values are the API's.
    public enum Status: String, Sendable {
        case creating = "CREATING"
        case active = "ACTIVE"
        case deleting = "DELETING"
        case updating = "UPDATING"
    }

    public let name: String
    /// The replicas' tables, those that are leaving among them, in the order of the server's regions.
    let tables: [TableDefinition]

    /// Nil when none of the tables belongs to a global table.
    init?(name: String, tables: [TableDefinition]) {
        self.name = name
        self.tables = tables.filter(\.isLegacyGlobal)
        if self.tables.isEmpty { return nil }
    }

    var createdMilliseconds: UInt64 { tables.compactMap { $0.legacyGlobalTable?.createdMilliseconds }.min() ?? 0 }

    var status: Status {
        let places = Set(tables.compactMap { $0.legacyGlobalTable?.status })
        if places == [.joining] { return .creating }
        if places == [.leaving] { return .deleting }
        return places == [.active] && tables.allSatisfy { $0.status != .deleting } ? .active : .updating
    }

    /// The replicas that stay; when all are leaving, those.
    var members: [TableDefinition] {
        let staying = tables.filter { $0.legacyGlobalTable?.status != .leaving && $0.status != .deleting }
        return staying.isEmpty ? tables : staying
    }

    func table(in region: RegionName) -> TableDefinition? { members.first { $0.region == region } }
}

/// What decisions about global tables must know of all regions.
public struct GlobalTableFacts: Sendable {
    /// All regions that this server runs, in the order in which messages list them.
    public let regions: [RegionName]
    /// Whether new global tables of version 2017.11.29 may be made.
    public let isOffered: Bool
    private let catalogues: [RegionName: Catalogue]
    private let counters: @Sendable (RegionName, TableDefinition.Number) -> TableCounters

    /// - Parameter counters: of a region's table, as of the last commit.
    public init(
        regions: [RegionName], isOffered: Bool, catalogues: [RegionName: Catalogue],
        counters: @escaping @Sendable (RegionName, TableDefinition.Number) -> TableCounters
    ) {
        self.regions = regions
        self.isOffered = isOffered
        self.catalogues = catalogues
        self.counters = counters
    }

    func table(named name: String, in region: RegionName) -> TableDefinition? { catalogues[region]?.table(named: name) }

    func itemCount(of table: TableDefinition) -> UInt64 { counters(table.region, table.number).itemCount }

    public func globalTable(named name: String) -> GlobalTable? {
        GlobalTable(name: name, tables: regions.compactMap { table(named: name, in: $0) })
    }

    func existingGlobalTable(named name: String) throws(WireError) -> GlobalTable {
        guard let table = globalTable(named: name) else { throw .globalTableNotFound(name) }
        return table
    }

    /// In byte order of the names.
    var globalTables: [GlobalTable] {
        let names = Set(catalogues.values.flatMap(\.tables).filter(\.isLegacyGlobal).map(\.name))
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { globalTable(named: $0) }
    }

    func region(named name: String) throws(WireError) -> RegionName {
        if let region = regions.first(where: { $0.name == name }) { return region }
        throw .invalidParameter(
            "Region \(name) is not supported. Global tables are only supported in the following regions: "
                + "[\(regions.map(\.name).joined(separator: ", "))]")
    }
}
