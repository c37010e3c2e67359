import AttributeModel
import Capacity
import Expressions
import JSONBytes
import KeyValueStore
import Partition

/// TransactGetItems: items of one moment (reference `data-plane.md` 10).
enum TransactGetItems {
    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        var constraints = Constraints()
        let capacity = try body.returnConsumedCapacity(&constraints)
        let elements = try body.transactItems(&constraints)
        var gets: [(tableName: String, body: RequestBody)] = []
        for (position, element) in elements.enumerated() {
            let path = "transactItems.\(position + 1).member.get"
            guard let get = try element.object("Get") else {
                constraints.require(false, at: path)
                continue
            }
            constraints.require(get.member("Key") != nil, at: "\(path).key")
            let name = try get.string("TableName")
            constraints.checkTable(name, at: "\(path).tableName")
            gets.append((name ?? "", get))
        }
        try constraints.throwIfViolated()

        var parsed: [(projection: ProjectionExpression?, key: Item)] = []
        for get in gets {
            var parameters = try ExpressionParameters(get.body, .get)
            parsed.append((try parameters.anyProjection(nil), try get.body.item("Key") ?? .empty))
        }
        var targets: [Target] = []
        for (get, parsed) in zip(gets, parsed) {
            targets.append(
                Target(
                    tableName: get.tableName, table: try context.servedTable(get.tableName), keyItem: parsed.key,
                    projection: parsed.projection))
        }
        return .read(
            DataRead(.transaction(TransactionRead(reads: try reads(targets), capacity: capacity))))
    }

    private struct Target {
        let tableName: String
        let table: CatalogueTable
        let keyItem: Item
        let projection: ProjectionExpression?
    }

    /// Checks all reads against their tables. Faults of the whole request come before those that cancel it.
    private static func reads(_ targets: [Target]) throws(WireError) -> [TransactionRead.Read] {
        var reads: [TransactionRead.Read] = []
        var addresses: Set<ItemAddress> = []
        var hasDuplicates = false
        var faulty: (position: Int, message: String)?
        for (position, target) in targets.enumerated() {
            do throws(KeyFault) {
                let key = try target.table.key(ofExactly: target.keyItem)
                let number = target.table.definition.number
                if !addresses.insert(ItemAddress(table: number, key: key)).inserted { hasDuplicates = true }
                try target.table.check(target.projection)
                reads.append(
                    TransactionRead.Read(
                        tableName: target.tableName, table: target.table, storageKey: StorageKeys.item(number, key),
                        projection: target.projection))
            } catch {
                if error.isEmptyValue { throw .validation(error.message) }
                faulty = faulty ?? (position, error.message)
            }
        }
        if hasDuplicates { throw .severalOperationsOnItem }
        if let faulty { throw .cancelled(count: targets.count, faulty: faulty.position, faulty.message) }
        return reads
    }
}

/// Point reads of one moment, answered in their order.
struct TransactionRead: Sendable {
    /// Sizes of all items of one answer together, in bytes.
    static let itemBytesMax = 4 << 20

    struct Read: Sendable {
        /// As the request named the table.
        let tableName: String
        let table: CatalogueTable
        let storageKey: [UInt8]
        let projection: ProjectionExpression?
    }

    let reads: [Read]
    let capacity: ReturnConsumedCapacity

    func execute(reading snapshot: some KeyValueReader, _ account: ReadAccount?) throws(StoreError) -> WireResponse {
        if let cancellation = throttling(account) { return cancellation.response }
        var bytes = 0
        var consumed = ConsumedCapacities(split: .read)
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key("Responses")
        writer.beginArray()
        for read in reads {
            let item = try snapshot.item(at: read.storageKey)
            let size = item?.size ?? 0
            bytes += size
            account?.charge(item, .transactional, of: read.table)
            guard bytes <= Self.itemBytesMax else { return WireError.tooMuchRead.response }
            writer.beginObject()
            if let item {
                writer.key("Item")
                (read.projection?.project(item) ?? item).appendJSON(to: &writer)
            }
            writer.endObject()
            if capacity != .none {
                consumed.add(to: read.tableName) { $0.tableUnits += CapacityUnits.read(bytes: size, .transactional) }
            }
        }
        writer.endArray()
        consumed.append(to: &writer, capacity)
        writer.endObject()
        return WireResponse(body: writer.bytes)
    }

    /// Reads that find no capacity left cancel all.
    private func throttling(_ account: ReadAccount?) -> WireError? {
        guard let account else { return nil }
        var isThrottled = false
        var reasons: [CancellationReason] = []
        for read in reads {
            let throttling = account.throttling(.transactional, of: read.table)
            if throttling != nil { isThrottled = true }
            reasons.append(throttling.map { CancellationReason.throttled($0) } ?? CancellationReason.none)
        }
        return isThrottled ? .cancelled(reasons, returnsItem: reasons.map { _ in false }) : nil
    }
}

extension WireError {
    fileprivate static let tooMuchRead = validation(
        "The aggregate size of the items in the transaction cannot exceed \(TransactionRead.itemBytesMax) bytes")
}
