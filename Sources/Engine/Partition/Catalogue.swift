import AttributeModel
public import Bytes

/// The tables of a region at one moment, for readers on any thread.
public final class Catalogue: Sendable {
    private let byName: [String: CatalogueTable]
    private let byNumber: [TableDefinition.Number: CatalogueTable]
    /// Deleted tables whose streams are still readable, in the order of their numbers.
    public let deletedTables: [TableDefinition]

    public init(_ definitions: [TableDefinition]) {
        let tables = definitions.filter { $0.deletedMilliseconds == nil }.map { CatalogueTable($0) }
        deletedTables = definitions.filter { $0.deletedMilliseconds != nil }.sorted { $0.number < $1.number }
        byName = Dictionary(tables.map { ($0.definition.name, $0) }, uniquingKeysWith: { _, later in later })
        byNumber = Dictionary(tables.map { ($0.definition.number, $0) }, uniquingKeysWith: { _, later in later })
    }

    public func table(named name: String) -> TableDefinition? { byName[name]?.definition }
    public func table(number: TableDefinition.Number) -> TableDefinition? { byNumber[number]?.definition }
    /// For requests on items, which would otherwise copy the definition many times.
    public func entry(named name: String) -> CatalogueTable? { byName[name] }
    /// In byte order of the names.
    public var tables: [TableDefinition] {
        byName.values.map(\.definition).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

/// A table behind one reference, with what requests on its items ask again and again.
public final class CatalogueTable: Sendable {
    public let definition: TableDefinition
    /// Key attributes of the table, the partition key first.
    public let keyNames: [Text]
    /// Those that are written, in byte order of their names, as faults about their keys name them.
    public let writtenIndexes: [IndexDefinition]
    /// Key attributes of all indexes, each once.
    public let indexKeyNames: [Text]

    init(_ definition: TableDefinition) {
        self.definition = definition
        keyNames = definition.keySchema.attributes.map(\.name)
        writtenIndexes = definition.indexes.filter { $0.status != .deleting }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var names: [Text] = []
        for attribute in writtenIndexes.flatMap(\.keySchema.attributes) where !names.contains(attribute.name) {
            names.append(attribute.name)
        }
        indexKeyNames = names
    }
}
