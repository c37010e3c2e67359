public import JSONBytes
public import KeyValueStore
public import Partition

/// The operations on items; the raw values are their names in `X-Amz-Target` (reference `data-plane.md` 7 to 10).
public enum DataOperation: String, CaseIterable, Sendable {
    case putItem = "PutItem"
    case getItem = "GetItem"
    case updateItem = "UpdateItem"
    case deleteItem = "DeleteItem"
    case query = "Query"
    case scan = "Scan"
    case batchGetItem = "BatchGetItem"
    case batchWriteItem = "BatchWriteItem"
    case transactWriteItems = "TransactWriteItems"
    case transactGetItems = "TransactGetItems"
}

/// What a request on items asks for, checked as far as the request and the catalogue tell.
public enum DataRequest: Sendable {
    /// A write for the region's writer, with the function that turns its reply into the answer (runs on an event loop).
    case write(Command, answer: @Sendable (Reply) -> WireResponse)
    /// A read that any thread can do against the store.
    case read(DataRead)
}

extension DataOperation {
    /// Reads and checks a request, in AWS's order of checks (reference `data-plane.md` 3).
    /// - Throws: everything that AWS finds without looking at an item, a cancelled transaction included.
    public func decode(_ document: JSONDocument, context: RequestContext) throws(WireError) -> DataRequest {
        try RequestBody.reading(document, as: shape) { (body) throws(WireError) in
            switch self {
            case .putItem: try PutItem.decode(body, context)
            case .getItem: try GetItem.decode(body, context)
            case .updateItem: try UpdateItem.decode(body, context)
            case .deleteItem: try DeleteItem.decode(body, context)
            case .query: try Query.decode(body, context)
            case .scan: try Scan.decode(body, context)
            case .batchGetItem: try BatchGetItem.decode(body, context)
            case .batchWriteItem: try BatchWriteItem.decode(body, context)
            case .transactWriteItems: try TransactWriteItems.decode(body, context)
            case .transactGetItems: try TransactGetItems.decode(body, context)
            }
        }
    }
}

/// A read, ready to be done.
public struct DataRead: Sendable {
    /// Point reads of one request that still count as short.
    static let shortReadKeysMax = 8

    enum Plan: Sendable {
        case item(PointRead)
        case range(RangeQuery)
        case batch(BatchRead)
        case transaction(TransactionRead)
    }

    let plan: Plan

    init(_ plan: Plan) {
        self.plan = plan
    }

    /// The table that is read; nil for reads over several.
    public var table: TableDefinition.Number? {
        switch plan {
        case .item(let read): read.table.definition.number
        case .range(let query): query.read.table.number
        case .batch, .transaction: nil
        }
    }

    /// Whether the read is done so fast that an event loop may do it; others belong on a thread pool.
    public var isShort: Bool {
        switch plan {
        case .item: true
        case .range: false
        case .batch(let batch): batch.keyCount <= Self.shortReadKeysMax
        case .transaction(let transaction): transaction.reads.count <= Self.shortReadKeysMax
        }
    }

    /// Does the read. Everything of one request is read from one consistent state.
    ///
    /// - Parameter account: what pays for it; nil when nobody counts.
    public func execute(
        reading store: some KeyValueStore, account: ReadAccount? = nil
    ) throws(StoreError) -> WireResponse {
        switch plan {
        case .item(let read): try read.execute(reading: store, account)
        case .range(let query): try query.execute(reading: try store.snapshot(), account)
        case .batch(let batch): try batch.execute(reading: try store.snapshot(), account)
        case .transaction(let transaction): try transaction.execute(reading: try store.snapshot(), account)
        }
    }
}
