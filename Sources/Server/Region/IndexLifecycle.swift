import AttributeModel
import KeyValueStore
import Logging
import Partition
import Replication

/// Creating and deleting global secondary indexes of tables that hold items.
struct IndexLifecycle: Sendable {
    let regions: RegionSet
    let logger: Logger
    /// Whether the process is ending, so that long work must be left for the next start.
    let isStopping: @Sendable () -> Bool

    /// Adds the index with status CREATING: from now on writes keep it. `fill` then adds the items that were there before.
    ///
    /// - Parameters:
    ///   - index: its ordinal does not count; each region gives its own.
    ///   - attributeDefinitions: those of the table with the index.
    func create(
        _ index: IndexDefinition, attributeDefinitions: [KeyAttribute], on tableName: String, in name: RegionName
    ) {
        regions.edit(tableName, in: name) { definition in
            guard definition.index(named: index.name) == nil else { return }
            definition.globalIndexes.append(
                IndexDefinition(
                    ordinal: definition.nextIndexOrdinal, name: index.name, keySchema: index.keySchema,
                    projection: index.projection, throughput: index.throughput, status: .creating))
            definition.nextIndexOrdinal += 1
            definition.attributeDefinitions = attributeDefinitions
            if definition.status == .active { definition.status = .updating }
        }
    }

    /// False when the filling must go on at the next start.
    func fill(_ indexName: String, on tableName: String, in name: RegionName) throws(StoreError) -> Bool {
        guard let region = regions.region(name), let table = region.catalogue.table(named: tableName),
            let index = table.globalIndexes.first(where: { $0.name == indexName })
        else { return false }
        let snapshot = try region.store.snapshot()
        return try Backfill(table: table, snapshot: snapshot).run { states in
            let keys = states.filter { $0.state.item != nil }.map(\.key)
            let command = Command.indexItems(table: table.number, ordinal: index.ordinal, keys: keys)
            guard !isStopping(), case .done = region.perform(command) else { return false }
            return true
        }
    }

    /// Makes a filled index ACTIVE.
    func activate(_ indexName: String, on tableName: String, in name: RegionName) {
        regions.edit(tableName, in: name) { definition in
            for position in definition.globalIndexes.indices
            where definition.globalIndexes[position].name == indexName {
                definition.globalIndexes[position].status = .active
            }
            definition.settleStatus()
        }
        logger.info(
            "index is active",
            metadata: ["table": "\(tableName)", "index": "\(indexName)", "region": "\(name)"])
    }

    func delete(_ indexName: String, on tableName: String, in name: RegionName) {
        guard let region = regions.region(name), let table = region.catalogue.table(named: tableName),
            let index = table.globalIndexes.first(where: { $0.name == indexName })
        else { return }
        _ = region.perform(.changeCatalogue(.dropIndex(table.number, index.ordinal)))
        // It may have been the one that this region was still filling.
        regions.edit(tableName, in: name) { $0.settleStatus() }
    }
}
