import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore

/// TransactWriteItems: every action is decided before the first is made, and all land in one commit.
extension RegionEngine {
    mutating func applyTransaction<Reader: KeyValueReader>(
        _ transaction: Transaction, wallMilliseconds: UInt64, group: inout WriteGroup<Reader>
    ) throws(StoreError) -> Reply {
        if let token = transaction.token, let known = idempotency[Text(token.token)],
            !known.isExpired(wallMilliseconds: wallMilliseconds)
        {
            guard known.digest == token.digest else { return .tokenMismatch }
            return .transacted(.replayed(try currentItems(of: transaction.writes, reading: group)))
        }
        guard transaction.writes.allSatisfy({ partition(servingItemsOf: $0.table) != nil }) else {
            return .failed(.tableNotFound)
        }
        var planned: [PlannedWrite] = []
        var reasons: [CancellationReason] = []
        for (index, write) in transaction.writes.enumerated() {
            switch try plan(write, reading: group) {
            case .success(let plan):
                planned.append(plan)
                reasons.append(.none)
            case .failure(.conditionFailed(let item)):
                reasons.append(.conditionFailed(item))
            case .failure(.invalid(let message)):
                // The first faulty action is the only one that is reported.
                reasons = transaction.writes.map { _ in .none }
                reasons[index] = .invalid(message)
                return .cancelled(reasons)
            case .failure(let failure):
                return .failed(failure)
            }
        }
        guard reasons.allSatisfy({ $0 == .none }) else { return .cancelled(reasons) }
        let outcomes = stage(planned, of: transaction, wallMilliseconds: wallMilliseconds, group: &group)
        if let token = transaction.token {
            remember(token, wallMilliseconds: wallMilliseconds, group: &group)
        }
        return .transacted(.committed(outcomes))
    }

    private mutating func stage<Reader: KeyValueReader>(
        _ planned: [PlannedWrite], of transaction: Transaction, wallMilliseconds: UInt64,
        group: inout WriteGroup<Reader>
    ) -> [WriteOutcome] {
        let size = planned.count { $0.changesItem }
        var index = 0
        var outcomes: [WriteOutcome] = []
        for plan in planned {
            let membership = ChangeRecord.Transaction(id: transaction.id, index: index, size: size)
            if plan.changesItem { index += 1 }
            outcomes.append(
                stage(
                    plan, wallMilliseconds: wallMilliseconds, cause: .user, transaction: membership, group: &group))
        }
        return outcomes
    }

    private func currentItems<Reader: KeyValueReader>(
        of writes: [ItemWrite], reading group: WriteGroup<Reader>
    ) throws(StoreError) -> [Item?] {
        var items: [Item?] = []
        for write in writes {
            items.append(try group.storedItem(at: StorageKeys.item(write.table, write.key))?.item)
        }
        return items
    }

    private mutating func remember<Reader: KeyValueReader>(
        _ token: IdempotencyToken, wallMilliseconds: UInt64, group: inout WriteGroup<Reader>
    ) {
        let record = IdempotencyRecord(digest: token.digest, completedMilliseconds: wallMilliseconds)
        idempotency[Text(token.token)] = record
        group.put(StorageKeys.idempotencyToken(Text(token.token)), CatalogueCodec.encode(record), in: .metadata)
    }
}
