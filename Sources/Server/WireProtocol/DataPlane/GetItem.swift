import AttributeModel
import Bytes
import Capacity
import Expressions
import JSONBytes
import KeyValueStore
import Partition

/// GetItem (reference `data-plane.md` 7).
enum GetItem {
    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        let tableName = try body.tableName()
        var constraints = Constraints()
        let attributesToGet = try body.attributesToGet(at: "attributesToGet", &constraints)
        constraints.require(body.member("Key") != nil, at: "key")
        let capacity = try body.returnConsumedCapacity(&constraints)
        let isConsistent = try body.boolean("ConsistentRead") ?? false
        try constraints.throwIfViolated()

        var parameters = try ExpressionParameters(body, .get)
        let keyItem = try body.item("Key") ?? .empty
        let projection = try parameters.anyProjection(attributesToGet)

        let table = try context.servedTable(tableName)
        do throws(KeyFault) {
            let key = try table.key(ofExactly: keyItem)
            try table.check(projection)
            let read = PointRead(
                tableName: tableName, table: table, storageKey: StorageKeys.item(table.definition.number, key),
                projection: projection, consistency: isConsistent ? .strong : .eventual, capacity: capacity)
            return .read(DataRead(.item(read)))
        } catch {
            throw .validation(error.message)
        }
    }
}

/// A read of one item by its key.
struct PointRead: Sendable {
    /// As the request named the table.
    let tableName: String
    let table: CatalogueTable
    let storageKey: [UInt8]
    let projection: ProjectionExpression?
    let consistency: CapacityUnits.Read
    let capacity: ReturnConsumedCapacity

    func execute(reading store: some KeyValueReader, _ account: ReadAccount?) throws(StoreError) -> WireResponse {
        if let throttling = account?.throttling(consistency, of: table) {
            return WireError(throttling).response
        }
        let item = try store.item(at: storageKey)
        account?.charge(item, consistency, of: table)
        if item == nil, capacity == .none { return .emptyObject }
        var writer = JSONWriter(reserving: 64 + 2 * (item?.bytes.count ?? 0))
        writer.beginObject()
        if let item {
            writer.key("Item")
            (projection?.project(item) ?? item).appendJSON(to: &writer)
        }
        if capacity != .none {
            var consumed = ConsumedCapacity(tableName: tableName)
            consumed.tableUnits = CapacityUnits.read(bytes: item?.size ?? 0, consistency)
            writer.key("ConsumedCapacity")
            consumed.append(to: &writer, capacity)
        }
        writer.endObject()
        return WireResponse(body: writer.bytes)
    }
}

extension KeyValueReader {
    /// Nil when there is no item, or only the tombstone of one.
    func item(at storageKey: [UInt8]) throws(StoreError) -> Item? {
        guard let bytes = try value(of: storageKey, in: .items) else { return nil }
        return try StoredItem.read(bytes).item
    }
}

extension ExpressionParameters {
    /// The projection of a read of single items, in either form, with the check that all placeholders are used.
    mutating func anyProjection(_ attributesToGet: [Text]?) throws(WireError) -> ProjectionExpression? {
        var legacy: ProjectionExpression?
        if let attributesToGet {
            legacy = try validating { () throws(ExpressionError) in
                try ProjectionExpression(attributesToGet: attributesToGet)
            }
        }
        try readPlaceholders()
        let projection = try projection()
        try checkAllUsed()
        return projection ?? legacy
    }
}
