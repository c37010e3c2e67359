import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Replication

/// What clients may be told. All that a region does to a key is a sequence of states; each answer must fit a state that the key had between
/// request and answer, so the history of each key is linearizable with the log as its order (I2).
extension Auditor {
    func read(_ item: Item?, of key: EncodedKey, in table: TableDefinition.Number, _ region: Int) {
        let state = regions[region].replicas[table]?.keys[ByteKey(key.bytes)]?.last
        require(state?.item == item, "I2", "a read in \(names[region]) shows what is not the state")
    }

    /// A write was answered as made.
    func acknowledged(_ write: ClientWrite, _ outcome: WriteOutcome, in region: Int, since began: Int) {
        guard let replica = regions[region].replicas[write.table] else { return }
        var name: String { "\(names[region]) \(replica.name)" }
        require(
            write.demand.holds(outcome.oldItem), "I2",
            "\(name): a write was made although its condition did not hold: \(write.demand)")
        if write.isUpdate {
            let before = Workload.number("v", of: outcome.oldItem) ?? 0
            require(
                Workload.number("v", of: outcome.newItem) == before + 1, "I2", "\(name): an increment was lost")
        }
        guard outcome.oldItem != outcome.newItem else { return }
        guard let sequence = sequence(of: write, outcome, in: replica, since: began) else {
            return violate("I1", "\(name): write \(write.unique ?? 0) was acknowledged and is not in the log")
        }
        replica.records[Int(sequence) - 1].isAcknowledged = true
        let record = replica.records[Int(sequence) - 1]
        require(
            record.record.oldImage == outcome.oldItem && record.record.newImage == outcome.newItem, "I2",
            "\(name): the answer to write \(write.unique ?? 0) is not what was logged")
        require(record.step >= began, "I2", "\(name): write \(write.unique ?? 0) was made before it was asked for")
    }

    private func sequence(
        of write: ClientWrite, _ outcome: WriteOutcome, in replica: ReplicaAudit, since began: Int
    ) -> UInt64? {
        if let unique = write.unique { return replica.byUnique[unique] }
        for record in replica.records.reversed() {
            guard record.step >= began else { return nil }
            let isOfKey = record.key.bytes == write.key.bytes
            if isOfKey, record.record.newImage == nil, record.record.oldImage == outcome.oldItem {
                return record.record.sequence
            }
        }
        return nil
    }

    /// A write was answered as not made, because of what it found.
    func refused(_ write: ClientWrite, _ found: Item?, in region: Int, since began: Int) {
        guard let replica = regions[region].replicas[write.table] else { return }
        var name: String { "\(names[region]) \(replica.name)" }
        require(!write.demand.holds(found), "I2", "\(name): a write was refused although its condition held")
        let states = replica.keys[ByteKey(write.key.bytes)] ?? []
        var wasThere = states.isEmpty && found == nil
        for state in states.reversed() {
            if state.item == found { wasThere = true }
            if wasThere || state.step <= began { break }
        }
        if states.first.map({ $0.step > began }) ?? false, found == nil { wasThere = true }
        require(wasThere, "I2", "\(name): a write was refused for what was not there")
    }

    func cancelled(_ writes: [ClientWrite], _ reasons: [CancellationReason], in region: Int, since began: Int) {
        require(reasons.contains { $0 != .none }, "I2", "a transaction was cancelled without a reason")
        for (write, reason) in zip(writes, reasons) {
            if case .conditionFailed(let item) = reason { refused(write, item, in: region, since: began) }
        }
    }

    // MARK: Transactions

    func sent(_ transaction: Transaction, in region: Int) {
        transactions[transaction.id] = TransactionAudit(region: region, token: transaction.token?.token)
    }

    /// A transaction was answered as made; one that changed nothing leaves no records.
    func transacted(_ id: String, in region: Int) {
        guard let transaction = transactions[id] else { return }
        require(transaction.region == region, "I13", "transaction \(id) was made in \(names[region])")
    }

    /// Records of a transaction were committed at home in one batch: they must be all there are (I13), and its token must be new (I19).
    func settle(_ id: String, _ count: Int, _ region: Int, _ wallMilliseconds: UInt64) {
        guard var transaction = transactions[id] else { return violate("I13", "nobody sent transaction \(id)") }
        let records = regions[region].replicas.values.flatMap { replica in
            replica.records.reversed().prefix { $0.step == step }
        }.filter { $0.record.transaction?.id == id && $0.record.version.region == names[region] }
        require(
            transaction.committedMilliseconds == nil && records.count == count
                && records.allSatisfy { $0.record.transaction?.size == count },
            "I13", "\(names[region]): transaction \(id) was made in parts: \(count) of its records came together")
        if let token = transaction.token {
            let name = "\(region)/\(token)"
            for other in tokens[name] ?? [] where other != id {
                guard let made = transactions[other]?.committedMilliseconds else { continue }
                // A clock that ran ahead has made the region forget the token, though it was put back since.
                require(
                    regions[region].latestMilliseconds > made + IdempotencyToken.lifetimeMilliseconds, "I19",
                    "\(names[region]): \(token) was taken twice")
            }
            tokens[name, default: []].append(id)
        }
        transaction.committedMilliseconds = wallMilliseconds
        transaction.size = count
        transactions[id] = transaction
    }

    // MARK: Events

    func putEvent(_ value: [UInt8], _ region: Int, _ batch: Int) throws(StoreError) {
        guard let kind = value.first.flatMap(ControlEvent.Kind.init(rawValue:)) else { return }
        switch kind {
        case .transactionArriving, .transactionArrived:
            guard let event = try? JSONDocument(parsing: Array(value.dropFirst())),
                let subject = event.member("subject", of: event.root), let data = event.member("data", of: event.root),
                let arrived = event.member("arrived", of: data)
            else { throw .corrupted(path: "changes", reason: "an event is no JSON") }
            let count = event.withRawBytes(of: arrived) { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
            noteArrival(event.string(subject), kind == .transactionArrived, count, region, batch)
        case .conflictResolved: try checkConflict(value, region)
        default: break
        }
    }

    private func noteArrival(_ id: String, _ isWhole: Bool, _ arrived: Int, _ region: Int, _ batch: Int) {
        defer { regions[region].arrivals.append((id, isWhole, arrived, batch)) }
        guard !refilled.contains(region), let home = transactions[id]?.region, !refilled.contains(home) else { return }
        let earlier = regions[region].arrivals.filter { $0.id == id }
        require(
            !earlier.contains { $0.isWhole } && earlier.allSatisfy { $0.arrived < arrived }, "I14",
            "\(names[region]): transaction \(id) is said to arrive (\(arrived) items) after it has")
    }

    /// The loser had not been seen by the winner's writer, as far as the replaced versions tell.
    private func checkConflict(_ value: [UInt8], _ region: Int) throws(StoreError) {
        guard let event = try? JSONDocument(parsing: Array(value.dropFirst())),
            let data = event.member("data", of: event.root), let table = event.member("table", of: data),
            let winner = event.member("winner", of: data), let loser = event.member("loser", of: data),
            let winning = event.member("version", of: winner), let losing = event.member("version", of: loser),
            let key = event.member("key", of: data).flatMap({ event.member("pk", of: $0) })
                .flatMap({ event.member("S", of: $0) }),
            let encoded = try? Workload.keySchema.key(of: Workload.keyItem(named: event.text(key)))
        else { throw .corrupted(path: "changes", reason: "an event is no JSON") }
        let (high, low) = (event.string(winning), event.string(losing))
        require(high != low, "conflict", "a write is said to conflict with itself")
        // A snapshot holds later writes than the cursors that were read before it: what has been written over them meets them again.
        guard filledTables[region]?.contains(event.string(table)) != true else { return }
        // The winner's own region says what it replaced. A version is unique for an item only.
        let itemKey = ByteKey(encoded.bytes)
        guard let home = names.firstIndex(where: { high.hasSuffix("@\($0)") }),
            let replica = replica(of: event.string(table), in: home),
            let record = replica.records.last(where: {
                $0.key == itemKey && $0.record.version.region == names[home] && "\($0.record.version)" == high
            })?.record,
            let base = record.baseVersion
        else { return }
        require(
            "\(base)" != low, "conflict",
            "\(names[region]): \(high) is said to conflict with \(low), which it replaced")
    }
}
