import AttributeModel
import Bytes
import Capacity
import Expressions
import JSONBytes
import KeyValueStore
import Partition

/// BatchGetItem (reference `data-plane.md` 9).
enum BatchGetItem {
    static let keysMax = 100

    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        var constraints = Constraints()
        let requests = try body.tableRequests(of: .batchGetItem, &constraints)
        var tables: [(name: String, body: RequestBody, attributesToGet: [Text]?)] = []
        for request in requests {
            let table = try body.object(at: request.node)
            let path = "requestItems.\(request.name).member"
            let attributesToGet = try table.attributesToGet(at: "\(path).attributesToGet", &constraints)
            try checkKeyCount(try table.list("Keys"), of: request.name, &constraints)
            tables.append((request.name, table, attributesToGet))
        }
        let capacity = try body.returnConsumedCapacity(&constraints)
        try constraints.throwIfViolated()

        try checkNotMixed(tables.map(\.body))
        var reads: [KeysRead] = []
        for table in tables {
            reads.append(try KeysRead(table.body, named: table.name, table.attributesToGet))
            guard reads.reduce(0, { $0 + $1.keys.count }) <= keysMax else {
                throw .validation("Too many items requested for the BatchGetItem call")
            }
        }
        for index in reads.indices { try reads[index].resolve(try context.servedTable(reads[index].tableName)) }
        return .read(DataRead(.batch(BatchRead(tables: reads, capacity: capacity))))
    }

    private static func checkKeyCount(
        _ keys: [JSONDocument.Node]?, of tableName: String, _ constraints: inout Constraints
    ) throws(WireError) {
        guard let keys else {
            return constraints.require(false, at: "requestItems.\(tableName).member.keys")
        }
        let path = "RequestItems.\(tableName).member.Keys"
        if keys.isEmpty {
            constraints.violateWithoutValue(at: path, "Member must have length greater than or equal to 1")
        } else if keys.count > keysMax {
            constraints.violateWithoutValue(at: path, "Member must have length less than or equal to \(keysMax)")
        }
    }

    /// Old and new parameters exclude each other over all tables of the request.
    private static func checkNotMixed(_ tables: [RequestBody]) throws(WireError) {
        let isMixed =
            tables.contains { $0.member("AttributesToGet") != nil }
            && tables.contains { $0.member("ProjectionExpression") != nil }
        if isMixed { throw .mixedParameters(legacy: ["AttributesToGet"], expressions: ["ProjectionExpression"]) }
    }
}

/// The keys that a batch reads from one table.
struct KeysRead: Sendable {
    struct Key: Sendable {
        let node: JSONDocument.Node
        let item: Item
        var storageKey: [UInt8] = []
    }

    /// As the request named the table.
    let tableName: String
    private(set) var keys: [Key]
    /// Nil until it is resolved.
    private(set) var table: CatalogueTable?
    let projection: ProjectionExpression?
    let consistency: CapacityUnits.Read
    /// For UnprocessedKeys.
    private let body: RequestBody

    init(_ body: RequestBody, named tableName: String, _ attributesToGet: [Text]?) throws(WireError) {
        self.body = body
        self.tableName = tableName
        consistency = try body.boolean("ConsistentRead") ?? false ? .strong : .eventual
        var parameters = try ExpressionParameters(body, .get)
        keys = []
        for node in try body.list("Keys") ?? [] {
            keys.append(Key(node: node, item: try Item(inRequest: body.document, node)))
        }
        projection = try parameters.anyProjection(attributesToGet)
        let distinct = Set(keys.map { DuplicateKey($0.item, body.document, $0.node) })
        guard distinct.count == keys.count else { throw .duplicateKeys }
    }

    mutating func resolve(_ table: CatalogueTable) throws(WireError) {
        do throws(KeyFault) {
            for index in keys.indices {
                let key = try table.key(ofExactly: keys[index].item)
                keys[index].storageKey = StorageKeys.item(table.definition.number, key)
            }
            try table.check(projection)
        } catch {
            throw .validation(error.message)
        }
        self.table = table
    }

    /// Appends the table's entry of UnprocessedKeys.
    func appendRequest(forKeysFrom first: Int, to writer: inout JSONWriter) {
        let document = body.document
        writer.beginObject()
        writer.key("Keys")
        writer.beginArray()
        for key in keys[first...] { writer.raw(document.json(key.node)) }
        writer.endArray()
        for name: StaticString in [
            "AttributesToGet", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames",
        ] {
            guard let node = body.member(name) else { continue }
            writer.key(name)
            writer.raw(document.json(node))
        }
        writer.endObject()
    }
}

/// Keys are compared as they are written: `1` and `1.0` are different here.
private struct DuplicateKey: Hashable {
    let item: Item
    let numberTexts: [Text]

    init(_ item: Item, _ document: JSONDocument, _ node: JSONDocument.Node) {
        self.item = item
        var texts: [(name: Text, number: Text)] = []
        document.forEachMember(of: node) { name, value in
            if let number = document.member("N", of: value), document.kind(number) == .string {
                texts.append((document.text(name), document.text(number)))
            }
        }
        numberTexts = texts.sorted { $0.name < $1.name }.map(\.number)
    }
}

/// A batch of point reads over several tables.
struct BatchRead: Sendable {
    /// Bytes of items that one answer returns at most; the item that would cross the line stays unprocessed, with all after it.
    static let responseBytesMax = 16_000_000

    let tables: [KeysRead]
    let capacity: ReturnConsumedCapacity

    var keyCount: Int { tables.reduce(0) { $0 + $1.keys.count } }

    func execute(reading snapshot: some KeyValueReader, _ account: ReadAccount?) throws(StoreError) -> WireResponse {
        var progress = Progress(account: account)
        var unprocessed: [(table: KeysRead, first: Int)] = []
        var writer = JSONWriter(reserving: 4096)
        writer.beginObject()
        writer.key("Responses")
        writer.beginObject()
        for table in tables {
            writer.key(table.tableName)
            writer.beginArray()
            for (position, key) in table.keys.enumerated() {
                guard try append(key, of: table, reading: snapshot, to: &writer, &progress) else {
                    unprocessed.append((table, position))
                    break
                }
            }
            writer.endArray()
        }
        if let throttling = progress.throttling, progress.keyCount == 0 { return WireError(throttling).response }
        writer.endObject()
        writer.key("UnprocessedKeys")
        writer.beginObject()
        for (table, first) in unprocessed {
            writer.key(table.tableName)
            table.appendRequest(forKeysFrom: first, to: &writer)
        }
        writer.endObject()
        progress.consumed.append(to: &writer, capacity)
        writer.endObject()
        return WireResponse(body: writer.bytes)
    }

    private struct Progress {
        let account: ReadAccount?
        var bytes = 0
        var isFull = false
        /// Keys that were read.
        var keyCount = 0
        /// Why a key was not read, if one was not for lack of capacity.
        var throttling: Throttling?
        var consumed = ConsumedCapacities()
    }

    /// False when there is no more room, or no more capacity.
    private func append(
        _ key: KeysRead.Key, of table: KeysRead, reading snapshot: some KeyValueReader, to writer: inout JSONWriter,
        _ progress: inout Progress
    ) throws(StoreError) -> Bool {
        if progress.isFull { return false }
        let resolved = table.table
        if let resolved, let throttling = progress.account?.throttling(table.consistency, of: resolved) {
            progress.throttling = throttling
            return false
        }
        let item = try snapshot.item(at: key.storageKey)
        let size = item?.size ?? 0
        guard progress.bytes + size <= Self.responseBytesMax else {
            progress.isFull = true
            return false
        }
        progress.bytes += size
        progress.keyCount += 1
        if let resolved { progress.account?.charge(item, table.consistency, of: resolved) }
        if let item { (table.projection?.project(item) ?? item).appendJSON(to: &writer) }
        if capacity != .none {
            progress.consumed.add(to: table.tableName) {
                $0.tableUnits += CapacityUnits.read(bytes: size, table.consistency)
            }
        }
        return true
    }
}

extension WireError {
    static let duplicateKeys = validation("Provided list of item keys contains duplicates")
}

extension JSONDocument {
    /// The node as JSON text.
    fileprivate func json(_ node: Node) -> [UInt8] {
        let raw = withRawBytes(of: node) { Array($0) }
        guard kind(node) == .string else { return raw }
        return [UInt8(ascii: "\"")] + raw + [UInt8(ascii: "\"")]
    }
}
