import AttributeModel
import Bytes
import Capacity
import Expressions
import JSONBytes
import KeyValueStore
import Partition

/// A Query or Scan, ready to be read: one page (reference `data-plane.md` 8).
struct RangeQuery: Sendable {
    /// Partitions of an on-demand table. Each of them costs at least one read, however little it holds.
    static let onDemandPartitions = 4

    let read: RangeRead
    /// As the request named the table.
    let tableName: String
    let countsOnly: Bool
    /// Nil to return items as they are read.
    let projection: ProjectionExpression?
    let fetchesWholeItems: Bool
    let consistency: CapacityUnits.Read
    let capacity: ReturnConsumedCapacity
    /// Whether the page, when it ends with the range, has visited all partitions.
    let startsAtFirstPartition: Bool
    /// A query that can find one item at most has no next page.
    let isSinglePage: Bool

    func execute(reading snapshot: some KeyValueReader, _ account: ReadAccount?) throws(StoreError) -> WireResponse {
        if let throttling = account?.throttling(consistency, payingResource, of: read.table) {
            return WireError(throttling).response
        }
        let page = try read.page(reading: snapshot)
        if let account { consumed(by: page).charge(to: account, of: read.table.number) }
        let itemBytes = countsOnly ? 0 : page.items.reduce(0) { $0 + $1.bytes.count }
        var writer = JSONWriter(reserving: 256 + 2 * itemBytes)
        writer.beginObject()
        if !countsOnly {
            writer.key("Items")
            writer.beginArray()
            for item in page.items { (projection?.project(item) ?? item).appendJSON(to: &writer) }
            writer.endArray()
        }
        writer.key("Count")
        writer.number(page.items.count)
        writer.key("ScannedCount")
        writer.number(page.scannedCount)
        if let lastKey = page.lastKey, !isSinglePage {
            writer.key("LastEvaluatedKey")
            lastKey.appendJSON(to: &writer)
        }
        if capacity != .none {
            writer.key("ConsumedCapacity")
            consumed(by: page).append(to: &writer, capacity)
        }
        writer.endObject()
        return WireResponse(body: writer.bytes)
    }

    /// Local indexes use the table's capacity.
    private var payingResource: CapacityMeter.Resource {
        guard let index = read.index, read.table.globalIndexes.contains(where: { $0.ordinal == index.ordinal }) else {
            return .table
        }
        return .index(index.name)
    }

    /// The sizes of all items evaluated, rounded once.
    private func consumed(by page: ReadPage) -> ConsumedCapacity {
        var consumed = ConsumedCapacity(tableName: tableName)
        let units = CapacityUnits.read(bytes: page.scannedBytes, consistency)
        guard let index = read.index else {
            let isWhole = startsAtFirstPartition && page.lastKey == nil
            let partitions = read.table.billing.mode == .payPerRequest ? Self.onDemandPartitions : 1
            consumed.tableUnits = max(units, isWhole ? Double(partitions) * consistency.factor : 0)
            return consumed
        }
        let isLocal = read.table.localIndexes.contains { $0.ordinal == index.ordinal }
        if fetchesWholeItems, page.scannedCount > 0 {
            consumed.tableUnits = fetchUnits(page)
            let names = index.projectedNames(of: read.table) ?? []
            let entryBytes = page.items.reduce(0) { $0 + $1.projecting(names).size }
            consumed.add(CapacityUnits.read(bytes: entryBytes, consistency), toIndex: index.name, isLocal: isLocal)
        } else {
            consumed.add(units, toIndex: index.name, isLocal: isLocal)
        }
        return consumed
    }

    /// Items that an index led to are fetched, and rounded, one by one. Of those that the filter left out only number and sum are known.
    private func fetchUnits(_ page: ReadPage) -> Double {
        var units = 0.0
        var leftOutBytes = page.scannedBytes
        for item in page.items {
            units += CapacityUnits.read(bytes: item.size, consistency)
            leftOutBytes -= item.size
        }
        let leftOut = page.scannedCount - page.items.count
        guard leftOut > 0 else { return units }
        return units
            + max(Double(leftOut) * consistency.factor, CapacityUnits.read(bytes: leftOutBytes, consistency))
    }
}

/// The parameters that Query and Scan share, in AWS's order of checks up to the table.
struct RangeParameters {
    let indexName: String?
    let select: Select?
    let attributesToGet: [Text]?
    let conditionalOperator: ConditionalOperator?
    let capacity: ReturnConsumedCapacity
    let isConsistent: Bool
    let limit: Int?

    /// - Parameter checkLimit: notes a limit that is no positive number; Query and Scan word it differently.
    init(
        _ body: RequestBody, _ constraints: inout Constraints,
        checkLimit: (Int?, inout Constraints) -> Void
    ) throws(WireError) {
        attributesToGet = try body.attributesToGet(at: "attributesToGet", &constraints)
        conditionalOperator = try body.conditionalOperator(&constraints)
        indexName = try body.string("IndexName")
        if let indexName, !TableName.isPlain(indexName) || indexName.utf8.count < 3 {
            constraints.checkNamePattern(indexName, at: "indexName")
            constraints.checkLength(indexName, at: "indexName", 3...TableName.lengthMax)
        }
        limit = try body.integer("Limit")
        checkLimit(limit, &constraints)
        capacity = try body.returnConsumedCapacity(&constraints)
        select = try body.choice("Select", at: "select", &constraints)
        isConsistent = try body.boolean("ConsistentRead") ?? false
    }

    var consistency: CapacityUnits.Read { isConsistent ? .strong : .eventual }

    func selectedAttributes(_ body: RequestBody) -> SelectedAttributes {
        let hasExpression = body.member("ProjectionExpression") != nil
        return SelectedAttributes(
            select: select,
            projectionParameter: hasExpression
                ? "ProjectionExpression" : attributesToGet == nil ? nil : "AttributesToGet")
    }

    /// AttributesToGet as a projection.
    func legacyProjection() throws(WireError) -> ProjectionExpression? {
        guard let attributesToGet else { return nil }
        return try validating { () throws(ExpressionError) in
            try ProjectionExpression(attributesToGet: attributesToGet)
        }
    }

    /// The index that is named, once it can be read.
    func index(of table: TableDefinition) throws(WireError) -> IndexDefinition? {
        guard let indexName else { return nil }
        guard let index = table.index(named: indexName), index.status != .deleting else {
            throw .validation("The table does not have the specified index: \(indexName)")
        }
        if isConsistent, table.globalIndexes.contains(where: { $0.ordinal == index.ordinal }) {
            throw .validation("Consistent reads are not supported on global secondary indexes")
        }
        guard index.status == .active else {
            throw .validation("Cannot read from backfilling global secondary index: \(indexName)")
        }
        return index
    }
}
