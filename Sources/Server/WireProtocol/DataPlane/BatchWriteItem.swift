import AttributeModel
import JSONBytes
import Partition

/// BatchWriteItem: independent puts and deletes; one faulty of them rejects all (reference `data-plane.md` 9).
enum BatchWriteItem {
    static let requestsMax = 25

    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        var constraints = Constraints()
        let tables = try requestLists(of: body, &constraints)
        let capacity = try body.returnConsumedCapacity(&constraints)
        let metrics = try body.returnItemCollectionMetrics(&constraints)
        try constraints.throwIfViolated()

        var requests: [Request] = []
        for table in tables {
            for element in table.requests {
                guard requests.count < requestsMax else {
                    throw .validation("Too many items requested for the BatchWriteItem call")
                }
                requests.append(try Request(element, tableName: table.name))
            }
        }
        var targets: [(request: Request, table: CatalogueTable)] = []
        for request in requests { targets.append((request, try context.servedTable(request.tableName))) }
        let answer = Answer(
            capacity: capacity, requests: requests,
            metrics: metrics == .size ? targets.map { CollectionMetrics(of: $0.request.item, in: $0.table) } : [])
        return .write(.writeEach(try writes(targets))) { answer.response(to: $0) }
    }

    private static func requestLists(
        of body: RequestBody, _ constraints: inout Constraints
    ) throws(WireError) -> [(name: String, requests: [RequestBody])] {
        let document = body.document
        var lists: [(name: String, requests: [RequestBody])] = []
        for table in try body.tableRequests(of: .batchWriteItem, &constraints) {
            guard document.kind(table.node) == .array else { throw RequestBody.unexpectedType }
            var requests: [RequestBody] = []
            try document.forEachElement(of: table.node) { (element) throws(WireError) in
                requests.append(try body.object(at: element))
            }
            for (position, request) in requests.enumerated() {
                try request.checkRequired("PutRequest", "Item", at: table.name, position, &constraints)
                try request.checkRequired("DeleteRequest", "Key", at: table.name, position, &constraints)
            }
            lists.append((table.name, requests))
        }
        if !lists.allSatisfy({ 1...requestsMax ~= $0.requests.count }), let member = body.member("RequestItems") {
            constraints.violate(
                ShownValue.text(document, member), at: "requestItems",
                "Map value must satisfy constraint: [Member must have length less than or equal to \(requestsMax), "
                    + "Member must have length greater than or equal to 1]")
        }
        return lists
    }

    /// Checks all requests against their tables.
    private static func writes(
        _ targets: [(request: Request, table: CatalogueTable)]
    ) throws(WireError) -> [ItemWrite] {
        var writes: [ItemWrite] = []
        var keys: Set<ItemAddress> = []
        for target in targets {
            let write = try target.request.write(target.table)
            guard keys.insert(ItemAddress(table: write.table, key: write.key)).inserted else { throw .duplicateKeys }
            writes.append(write)
        }
        return writes
    }

    /// One put or delete.
    private struct Request: Sendable {
        /// As the request named the table.
        let tableName: String
        /// The item, or the key.
        let item: Item
        let isPut: Bool

        init(_ body: RequestBody, tableName: String) throws(WireError) {
            self.tableName = tableName
            switch (try body.object("PutRequest"), try body.object("DeleteRequest")) {
            case (let put?, nil):
                item = try put.item("Item") ?? .empty
                isPut = true
                try item.checkPutSize()
            case (nil, let delete?):
                item = try delete.item("Key") ?? .empty
                isPut = false
            default: throw WireError(AttributeValueError.severalTypes)
            }
        }

        func append(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.key(isPut ? "PutRequest" : "DeleteRequest")
            writer.beginObject()
            writer.key(isPut ? "Item" : "Key")
            item.appendJSON(to: &writer)
            writer.endObject()
            writer.endObject()
        }

        func write(_ table: CatalogueTable) throws(WireError) -> ItemWrite {
            do throws(KeyFault) {
                if !isPut {
                    let key = try table.key(ofExactly: item)
                    return ItemWrite(
                        table: table.definition.number, key: key, keyItem: item, change: .delete, condition: nil)
                }
                let key = try table.key(ofBatchPut: item)
                try table.checkIndexKeys(ofPut: item)
                return ItemWrite(
                    table: table.definition.number, key: key, keyItem: .empty, change: .put(item), condition: nil)
            } catch {
                throw .validation(error.message)
            }
        }
    }

    private struct Answer: Sendable {
        let capacity: ReturnConsumedCapacity
        let requests: [Request]
        /// By request; empty when they are not wanted.
        let metrics: [CollectionMetrics?]

        func response(to reply: Reply) -> WireResponse {
            switch reply {
            case .writtenEach(let outcomes): success(outcomes)
            case .writtenSome(let outcomes): success(outcomes)
            case .eachFailed(_, let failure), .failed(let failure): WireError(failure).response
            default: WireError.internalError.response
            }
        }

        /// - Parameter outcomes: by request; nil for those that were not made.
        private func success(_ outcomes: [WriteOutcome?]) -> WireResponse {
            var writer = JSONWriter()
            writer.beginObject()
            appendUnprocessed(zip(requests, outcomes).filter { $0.1 == nil }.map(\.0), to: &writer)
            let measured = zip(zip(requests, outcomes).map { $0.0.tableName }, zip(outcomes, metrics))
            CollectionMetrics.append(
                measured.compactMap { name, pair in pair.0 == nil ? nil : pair.1.map { (name, $0) } }, to: &writer)
            if capacity != .none {
                var consumed = ConsumedCapacities()
                for case (let request, let outcome?) in zip(requests, outcomes) {
                    consumed.add(to: request.tableName) { $0.add(outcome) }
                }
                consumed.append(to: &writer, capacity)
            }
            writer.endObject()
            return WireResponse(body: writer.bytes)
        }

        /// As the client sent them, so that it can send them again.
        private func appendUnprocessed(_ requests: [Request], to writer: inout JSONWriter) {
            writer.key("UnprocessedItems")
            writer.beginObject()
            var tableName: String?
            // Requests on one table follow each other.
            for request in requests {
                if request.tableName != tableName {
                    if tableName != nil { writer.endArray() }
                    writer.key(request.tableName)
                    writer.beginArray()
                    tableName = request.tableName
                }
                request.append(to: &writer)
            }
            if tableName != nil { writer.endArray() }
            writer.endObject()
        }
    }
}

/// Which item a write is about, over all tables of a region.
struct ItemAddress: Hashable {
    let table: TableDefinition.Number
    let key: EncodedKey
}

extension RequestBody {
    /// A put without item, or a delete without key.
    fileprivate func checkRequired(
        _ name: StaticString, _ member: StaticString, at tableName: String, _ position: Int,
        _ constraints: inout Constraints
    ) throws(WireError) {
        guard let request = try object(name) else { return }
        constraints.require(
            request.member(member) != nil,
            at: "requestItems.\(tableName).member.\(position + 1).member."
                + "\(name.description.lowerFirst).\(member.description.lowerFirst)")
    }
}
