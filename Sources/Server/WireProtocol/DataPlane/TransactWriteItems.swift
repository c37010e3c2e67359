import AttributeModel
import Capacity
import JSONBytes
import Partition

/// TransactWriteItems: all actions or none (reference `data-plane.md` 10).
enum TransactWriteItems {
    static let actionsMax = 100
    /// Items, keys and expression values of one request, in bytes as items count them.
    static let requestBytesMax = 4 << 20
    private static let tokenLength = 1...36

    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        var constraints = Constraints()
        let token = try body.string("ClientRequestToken")
        constraints.checkLength(token, at: "clientRequestToken", tokenLength)
        let capacity = try body.returnConsumedCapacity(&constraints)
        let metrics = try body.returnItemCollectionMetrics(&constraints)
        let elements = try body.transactItems(&constraints)
        var members: [TransactionAction.Member?] = []
        for (position, element) in elements.enumerated() {
            members.append(try TransactionAction.Member.only(in: element, position: position + 1, &constraints))
        }
        try constraints.throwIfViolated()

        var actions: [TransactionAction] = []
        for member in members {
            guard let member else {
                throw .validation("TransactItems can only contain one of Check, Put, Update or Delete")
            }
            actions.append(try TransactionAction(member))
        }
        guard actions.reduce(0, { $0 + $1.bytes }) <= requestBytesMax else {
            throw .validation("Transaction request size cannot exceed \(requestBytesMax) bytes")
        }
        var targets: [(action: TransactionAction, table: CatalogueTable)] = []
        for action in actions { targets.append((action, try context.servedTable(action.tableName))) }
        let transaction = Transaction(
            id: context.makeID(), writes: try writes(targets),
            token: token.map { IdempotencyToken(token: $0, digest: RequestDigest.digest(of: body, "TransactItems")) })
        let answer = Answer(
            actions: actions, capacity: capacity,
            metrics: metrics == .size
                ? targets.map { $0.action.isCheck ? nil : CollectionMetrics(of: $0.action.item, in: $0.table) } : [])
        return .write(.transact(transaction)) { answer.response(to: $0) }
    }

    /// Checks all actions against their tables. Faults of the whole request come before those that cancel it.
    private static func writes(
        _ targets: [(action: TransactionAction, table: CatalogueTable)]
    ) throws(WireError) -> [ItemWrite] {
        var writes: [ItemWrite] = []
        var addresses: Set<ItemAddress> = []
        var hasDuplicates = false
        var faulty: (position: Int, message: String)?
        for (position, target) in targets.enumerated() {
            do throws(KeyFault) {
                let key = try target.action.key(in: target.table)
                let address = ItemAddress(table: target.table.definition.number, key: key)
                if !addresses.insert(address).inserted { hasDuplicates = true }
                try target.action.check(in: target.table)
                writes.append(target.action.write(key, in: target.table))
            } catch {
                if error.isEmptyValue { throw .validation(error.message) }
                faulty = faulty ?? (position, error.message)
            }
        }
        if hasDuplicates { throw .severalOperationsOnItem }
        if let faulty { throw .cancelled(count: targets.count, faulty: faulty.position, faulty.message) }
        return writes
    }

    private struct Answer: Sendable {
        let actions: [TransactionAction]
        let capacity: ReturnConsumedCapacity
        /// By action; empty when they are not wanted.
        let metrics: [CollectionMetrics?]

        func response(to reply: Reply) -> WireResponse {
            switch reply {
            case .transacted(let outcome): success(outcome)
            case .cancelled(let reasons):
                WireError.cancelled(reasons, returnsItem: actions.map(\.returnsItemOnFailure)).response
            case .tokenMismatch: WireError.tokenMismatch.response
            case .failed(let failure): WireError(failure).response
            default: WireError.internalError.response
            }
        }

        private func success(_ outcome: TransactionOutcome) -> WireResponse {
            if capacity == .none, metrics.isEmpty { return .emptyObject }
            var writer = JSONWriter()
            writer.beginObject()
            consumed(by: outcome).append(to: &writer, capacity)
            CollectionMetrics.append(
                zip(actions, metrics).compactMap { action, metrics in metrics.map { (action.tableName, $0) } },
                to: &writer)
            writer.endObject()
            return WireResponse(body: writer.bytes)
        }

        /// A request that was done before only reads its items.
        private func consumed(by outcome: TransactionOutcome) -> ConsumedCapacities {
            switch outcome {
            case .committed(let outcomes):
                var consumed = ConsumedCapacities(split: .write)
                for (action, outcome) in zip(actions, outcomes) {
                    consumed.add(to: action.tableName) { $0.add(outcome) }
                }
                return consumed
            case .replayed(let items):
                var consumed = ConsumedCapacities(split: .read)
                for (action, item) in zip(actions, items) {
                    consumed.add(to: action.tableName) {
                        $0.tableUnits += CapacityUnits.read(bytes: item?.size ?? 0, .transactional)
                    }
                }
                return consumed
            }
        }
    }
}

extension RequestBody {
    /// The elements of TransactItems, as far as there are not too many.
    func transactItems(_ constraints: inout Constraints) throws(WireError) -> [RequestBody] {
        guard let member = member("TransactItems"), let elements = try objects("TransactItems") else {
            constraints.require(false, at: "transactItems")
            return []
        }
        let bounds = 1...TransactWriteItems.actionsMax
        guard bounds.contains(elements.count) else {
            constraints.checkCount(
                elements.count, shown: ShownValue.text(document, member), at: "transactItems", bounds)
            return []
        }
        return elements
    }
}

extension WireError {
    static let severalOperationsOnItem = validation(
        "Transaction request cannot include multiple operations on one item")
    static let tokenMismatch = WireError(
        .idempotentParameterMismatch,
        "The request has the client token of an earlier request, but different parameters.")
}
