import AttributeModel
import ChangeStream
import Partition
import Replication

/// What tables must be like to form a global table of version 2017.11.29 (reference `global-tables.md` 2, preconditions).
struct GlobalTablePreconditions {
    let name: String
    let facts: GlobalTableFacts

    /// Checks tables that are to be added.
    ///
    /// - Parameter members: those that are replicas already and stay.
    func check(adding regions: [RegionName], to members: [TableDefinition]) throws(WireError) {
        var added: [TableDefinition] = []
        for region in regions {
            guard let table = facts.table(named: name, in: region), table.status != .deleting else {
                throw .tableNotFound(name, in: region)
            }
            added.append(table)
        }
        for table in added { try checkAlone(table) }
        let all = members + added
        for table in all.dropFirst() { try check(table, against: all[0]) }
        let full = all.filter { facts.itemCount(of: $0) > 0 }
        if !full.isEmpty { throw .replicasNotEmpty(name, in: full.map(\.region)) }
    }

    private func checkAlone(_ table: TableDefinition) throws(WireError) {
        if table.isGlobal { throw .replicaOfCurrentGlobalTable(table) }
        guard table.status == .active else { throw .tableInUse(table) }
        guard table.enabledStream?.viewType == .newAndOldImages else {
            throw .invalidParameter(
                "\(place(table)) must have a stream that is enabled with the view type NEW_AND_OLD_IMAGES")
        }
        if table.keySchema.attributes.contains(where: { LegacyStamp.names.contains($0.name) }) {
            throw .invalidParameter(
                "\(place(table)) has a key attribute whose name is reserved for global tables: aws:rep:")
        }
    }

    private func check(_ table: TableDefinition, against first: TableDefinition) throws(WireError) {
        func mustBeEqual(_ what: String, _ isEqual: Bool) throws(WireError) {
            if isEqual { return }
            throw .invalidParameter("\(place(table)) must have the same \(what) as in region \(first.region)")
        }
        try mustBeEqual("key schema", table.keySchema == first.keySchema)
        try mustBeEqual("local secondary indexes", keys(table.localIndexes) == keys(first.localIndexes))
        try mustBeEqual("global secondary indexes", keys(table.globalIndexes) == keys(first.globalIndexes))
        try mustBeEqual(
            "write capacity settings",
            table.billing.mode == first.billing.mode
                && table.billing.throughput.writeUnits == first.billing.throughput.writeUnits)
        try mustBeEqual(
            "write capacity settings of global secondary indexes",
            writeUnits(table.globalIndexes) == writeUnits(first.globalIndexes))
    }

    private func place(_ table: TableDefinition) -> String { "Table \(table.name) in region \(table.region)" }

    private func keys(_ indexes: [IndexDefinition]) -> [String: KeySchema] {
        Dictionary(indexes.map { ($0.name, $0.keySchema) }) { $1 }
    }

    private func writeUnits(_ indexes: [IndexDefinition]) -> [String: Int] {
        Dictionary(indexes.map { ($0.name, $0.throughput.writeUnits) }) { $1 }
    }
}
