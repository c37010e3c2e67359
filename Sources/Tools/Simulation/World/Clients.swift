import AttributeModel
import Bytes
import KeyValueStore
import Partition
import Replication

/// One client: it waits for each answer before it asks again, and remembers what it saw.
final class SimulatedClient {
    let index: Int
    var region: Int
    /// By table and key: the number of the write that made the item it saw last; nil for none.
    var seen: [Int?]
    var isBusy = false
    /// The last transaction with a token, to be sent again.
    var lastTransaction: (transaction: Transaction, region: Int)?

    init(index: Int, region: Int, slots: Int) {
        self.index = index
        self.region = region
        seen = Array(repeating: nil, count: slots)
    }
}

/// One write of a client, as the auditor remembers it until the answer comes.
struct ClientWrite {
    let table: TableDefinition.Number
    let key: EncodedKey
    let slot: Int
    /// Nil for a delete.
    let unique: Int?
    let isUpdate: Bool
    let demand: Workload.Demand
}

/// Requests of clients and what they make of the answers.
extension Simulation {
    func act(_ client: SimulatedClient) throws(StoreError) {
        guard operationsLeft > 0, !client.isBusy else { return }
        operationsLeft -= 1
        statistics.requests += 1
        if random.isTrue(percent: 3) { client.region = random.below(regions.count) }
        let region = regions[client.region]
        guard region.isServing else {
            client.region = random.below(regions.count)
            return next(client, after: 20)
        }
        switch random.below(100) {
        case ..<22: try read(client, in: region)
        case ..<28: sendBatch(client, in: region)
        case ..<45 where options.hasTransactions: sendTransaction(client, in: region)
        case ..<48 where options.hasTransactions && options.hasTokens: repeatTransaction(client)
        default: sendWrite(client, in: region)
        }
    }

    private func next(_ client: SimulatedClient, after milliseconds: UInt64 = 0) {
        client.isBusy = false
        plan(.clientActs(client.index), in: milliseconds + random.upTo(options.thinkMillisecondsMax))
    }

    // MARK: Reads

    private func read(_ client: SimulatedClient, in region: SimulatedRegion) throws(StoreError) {
        let table = random.below(Workload.tables.count)
        let key = random.below(options.keysCount)
        if let held = region.held(Workload.tables[table]), held.servesItems {
            let encoded = workload.keys[key].encoded
            let item = try region.state(of: encoded, in: held.number)?.item
            client.seen[slot(table, key)] = Workload.unique(item)
            auditor.read(item, of: encoded, in: held.number, region.index)
        }
        next(client)
    }

    private func slot(_ table: Int, _ key: Int) -> Int { table * options.keysCount + key }

    // MARK: Writes

    private func makeWrite(
        _ client: SimulatedClient, _ number: TableDefinition.Number, table: Int, key: Int
    ) -> (write: ItemWrite, memory: ClientWrite)? {
        let (_, encoded, keyItem) = workload.keys[key]
        let seen = client.seen[slot(table, key)]
        var demand = Workload.Demand.nothing
        if options.hasConditions, random.isTrue(percent: 55) { demand = seen.map { .unique($0) } ?? .missing }
        auditor.uniqueCount += 1
        var unique: Int? = auditor.uniqueCount
        var isUpdate = false
        let change: ItemWrite.Change
        switch random.below(10) {
        case ..<2:
            change = .delete
            unique = nil
        case ..<5:
            guard let update = workload.update(unique: auditor.uniqueCount) else { return nil }
            change = .update(update)
            isUpdate = true
        default:
            change = .put(
                workload.item(key, unique: auditor.uniqueCount, &random, expirySeconds: drawExpiry()))
        }
        let write = ItemWrite(
            table: number, key: encoded, keyItem: keyItem, change: change,
            condition: workload.condition(demand))
        return (
            write,
            ClientWrite(
                table: number, key: encoded, slot: slot(table, key), unique: unique, isUpdate: isUpdate,
                demand: demand)
        )
    }

    private func drawExpiry() -> UInt64? {
        guard options.hasTimeToLive, random.isTrue(percent: 40) else { return nil }
        return nowMilliseconds / 1000 + UInt64(random.pick([0, 1, 2, 5, 60, 7200]))
    }

    private func sendWrite(_ client: SimulatedClient, in region: SimulatedRegion) {
        let table = random.below(Workload.tables.count)
        let key = random.below(options.keysCount)
        guard let held = region.held(Workload.tables[table]),
            let (write, memory) = makeWrite(client, held.number, table: table, key: key)
        else { return next(client) }
        client.isBusy = true
        let began = auditor.step
        submit(.write(write), to: region) { [unowned self] reply in
            switch reply {
            case .written(let outcome):
                auditor.acknowledged(memory, outcome, in: region.index, since: began)
                client.seen[memory.slot] = Workload.unique(outcome.newItem)
            case .failed(.conditionFailed(let item)):
                auditor.refused(memory, item, in: region.index, since: began)
                client.seen[memory.slot] = Workload.unique(item)
            case .failed(.invalid(let text)): auditor.violate("API", "a legal write was refused: \(text)")
            default: break
            }
            next(client, after: isUnknown(reply) ? 30 : 0)
        }
    }

    private func isUnknown(_ reply: Reply) -> Bool {
        if case .failed(.unknownOutcome) = reply { true } else { false }
    }

    /// Different keys of one table, each write for itself.
    private func sendBatch(_ client: SimulatedClient, in region: SimulatedRegion) {
        let table = random.below(Workload.tables.count)
        guard let held = region.held(Workload.tables[table]) else { return next(client) }
        let writes = drawKeys(2).compactMap { makeWrite(client, held.number, table: table, key: $0) }
        let plain = writes.filter { $0.memory.demand == .nothing && !$0.memory.isUpdate }
        guard !plain.isEmpty else { return next(client) }
        client.isBusy = true
        let began = auditor.step
        submit(.writeEach(plain.map(\.write)), to: region) { [unowned self] reply in
            if case .writtenEach(let outcomes) = reply {
                for (write, outcome) in zip(plain, outcomes) {
                    auditor.acknowledged(write.memory, outcome, in: region.index, since: began)
                    client.seen[write.memory.slot] = Workload.unique(outcome.newItem)
                }
            }
            next(client, after: isUnknown(reply) ? 30 : 0)
        }
    }

    private func drawKeys(_ count: Int) -> [Int] {
        let first = random.below(options.keysCount)
        return (0..<min(count, options.keysCount)).map { (first + $0) % options.keysCount }
    }

    // MARK: Transactions

    private func sendTransaction(_ client: SimulatedClient, in region: SimulatedRegion) {
        var writes: [(write: ItemWrite, memory: ClientWrite)] = []
        for key in drawKeys(1 + random.below(3)) {
            let tables = random.isTrue(percent: 40) ? [0, 1] : [random.below(2)]
            for table in tables {
                guard let held = region.held(Workload.tables[table]),
                    let write = makeWrite(client, held.number, table: table, key: key)
                else { return next(client) }
                writes.append(write)
            }
        }
        auditor.transactionsCount += 1
        var token: IdempotencyToken?
        if options.hasTokens, random.isTrue(percent: 50) {
            token = IdempotencyToken(
                token: "token-\(auditor.transactionsCount)", digest: [UInt8(auditor.transactionsCount & 0xFF)])
        }
        let transaction = Transaction(
            id: "t\(auditor.transactionsCount)", writes: writes.map(\.write), token: token)
        if token != nil { client.lastTransaction = (transaction, region.index) }
        client.isBusy = true
        let began = auditor.step
        submit(.transact(mutated(transaction)), to: region) { [unowned self] reply in
            switch reply {
            case .transacted(.committed(let outcomes)):
                auditor.transacted(transaction.id, in: region.index)
                for (write, outcome) in zip(writes, outcomes) {
                    auditor.acknowledged(write.memory, outcome, in: region.index, since: began)
                    client.seen[write.memory.slot] = Workload.unique(outcome.newItem)
                }
            case .transacted(.replayed): auditor.violate("I19", "a new token was taken for an old one")
            case .cancelled(let reasons):
                auditor.cancelled(writes.map(\.memory), reasons, in: region.index, since: began)
                for (write, reason) in zip(writes, reasons) {
                    if case .conditionFailed(let item) = reason {
                        client.seen[write.memory.slot] = Workload.unique(item)
                    }
                }
            default: break
            }
            next(client, after: isUnknown(reply) ? 30 : 0)
        }
        auditor.sent(transaction, in: region.index)
    }

    /// The same request with its token once more, as a client does that got no answer.
    private func repeatTransaction(_ client: SimulatedClient) {
        guard let (last, index) = client.lastTransaction, let token = last.token,
            last.writes.allSatisfy({ write in regions[index].catalogue.contains { $0.number == write.table } })
        else { return next(client) }
        auditor.transactionsCount += 1
        let isChanged = random.isTrue(percent: 20)
        let again = Transaction(
            id: "t\(auditor.transactionsCount)", writes: last.writes,
            token: isChanged ? IdempotencyToken(token: token.token, digest: token.digest + [1]) : token)
        client.isBusy = true
        auditor.sent(again, in: index)
        submit(.transact(mutated(again)), to: regions[index]) { [unowned self] reply in
            if case .transacted(.committed) = reply { auditor.transacted(again.id, in: index) }
            next(client, after: isUnknown(reply) ? 30 : 0)
        }
    }

    private func mutated(_ transaction: Transaction) -> Transaction {
        guard mutation == .tokenIgnored else { return transaction }
        return Transaction(id: transaction.id, writes: transaction.writes, token: nil)
    }
}
