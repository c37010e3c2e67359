import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore

/// TransactWriteItems: every action is decided before the first is made, and all land in one commit.
extension RegionEngine {
    mutating func applyTransaction(
        _ transaction: Transaction, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        if let token = transaction.token, let known = idempotency[Text(token.token)],
            !known.isExpired(wallMilliseconds: wallMilliseconds)
        {
            guard known.digest == token.digest else { return .tokenMismatch }
            return .transacted(.replayed(try currentItems(of: transaction.writes, reading: group)))
        }
        guard transaction.writes.allSatisfy({ maintenance(servingItemsOf: $0.table) != nil }) else {
            return .failed(.tableNotFound)
        }
        var planned: [PlannedWrite] = []
        var reasons: [CancellationReason] = []
        var costs: [WriteCost] = []
        for (index, write) in transaction.writes.enumerated() {
            switch try plan(write, reading: group) {
            case .success(let plan):
                planned.append(plan)
                reasons.append(.none)
                costs.append(WriteCost(of: plan, isTransactional: true))
            case .failure(.conditionFailed(let item)):
                reasons.append(.conditionFailed(item))
                costs.append(WriteCost(ofRefused: item, in: write.table, isTransactional: true))
            case .failure(.invalid(let message)):
                // The first faulty action is the only one that is reported.
                reasons = transaction.writes.map { _ in .none }
                reasons[index] = .invalid(message)
                return .cancelled(reasons)
            case .failure(let failure):
                return .failed(failure)
            }
        }
        for (index, throttling) in payAll(costs, wallMilliseconds: wallMilliseconds) {
            reasons[index] = .throttled(throttling)
        }
        guard reasons.allSatisfy({ $0 == .none }) else { return .cancelled(reasons) }
        let outcomes = stage(planned, of: transaction, wallMilliseconds: wallMilliseconds, group: &group)
        if let token = transaction.token {
            remember(token, wallMilliseconds: wallMilliseconds, group: &group)
        }
        return .transacted(.committed(outcomes))
    }

    private mutating func stage(
        _ planned: [PlannedWrite], of transaction: Transaction, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) -> [WriteOutcome] {
        let size = planned.count { $0.changesItem }
        let shares = shares(of: planned)
        var index = 0
        let memberships = planned.map { plan in
            defer { if plan.changesItem { index += 1 } }
            return ChangeRecord.Transaction(id: transaction.id, index: index, size: size, shares: shares)
        }
        // Before everything that travels, so that those records are neighbours in the log.
        let versions = zip(planned, memberships).map { plan, membership in
            plan.isStamped
                ? logUnstamped(plan, wallMilliseconds: wallMilliseconds, transaction: membership, group: &group) : nil
        }
        var outcomes: [WriteOutcome] = []
        for (position, plan) in planned.enumerated() {
            if let version = versions[position] {
                stageStamped(
                    plan, version: version, wallMilliseconds: wallMilliseconds, transaction: memberships[position],
                    group: &group)
                outcomes.append(plan.outcome)
            } else {
                outcomes.append(
                    stage(
                        plan, wallMilliseconds: wallMilliseconds, cause: .user, transaction: memberships[position],
                        group: &group))
            }
        }
        return outcomes
    }

    /// Where the records of each global table will lie, for the other regions: they see only what arrives there. None when all records are
    /// neighbours in one log.
    private func shares(of planned: [PlannedWrite]) -> [ChangeRecord.Transaction.Share] {
        let changed = planned.filter(\.changesItem)
        guard let first = changed.first, changed.contains(where: { $0.table != first.table }) else { return [] }
        var numbers: [TableDefinition.Number] = []
        var shares: [ChangeRecord.Transaction.Share] = []
        for plan in changed {
            if let index = numbers.firstIndex(of: plan.table) {
                shares[index].count += 1
            } else if let partition = tables[plan.table], partition.maintenance.isGlobal {
                numbers.append(plan.table)
                let unstamped = planned.count { $0.table == plan.table && $0.isStamped }
                shares.append(
                    .init(
                        table: partition.definition.name, first: partition.counters.nextSequence + UInt64(unstamped),
                        count: 1))
            }
        }
        return shares
    }

    private func currentItems(
        of writes: [ItemWrite], reading group: WriteGroup
    ) throws(StoreError) -> [Item?] {
        var items: [Item?] = []
        for write in writes {
            items.append(try group.storedItem(at: StorageKeys.item(write.table, write.key))?.item)
        }
        return items
    }

    private mutating func remember(
        _ token: IdempotencyToken, wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        let record = IdempotencyRecord(digest: token.digest, completedMilliseconds: wallMilliseconds)
        idempotency[Text(token.token)] = record
        group.put(StorageKeys.idempotencyToken(Text(token.token)), CatalogueCodec.encode(record), in: .metadata)
    }
}
