import EventSource
import TestSupport
import Testing

/// Random transactions that arrive item by item in any order that keeps each item's, some of whose writes lose, beside a model.
@Suite struct TransactionDeliveryPropertyTests {
    @Test("transactions come whole, items in order, positions pass nothing, and all ends", arguments: seeds)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for run in 0..<60 {
            var arrival = ArrivalSimulation(seed: random.next())
            for _ in 0..<300 { arrival.step() }
            arrival.heal()
            #expect(arrival.failures.prefix(5) == [], "run \(run)")
            let matching = Set(arrival.log.filter(\.matches).map(\.sequence))
            #expect(arrival.finished == matching, "run \(run)")
            #expect(arrival.engine.positions.checkpoint == arrival.lastSequence, "run \(run)")
            #expect(!arrival.engine.isHoldingTransactions, "run \(run)")
        }
    }
}

private struct ArrivalSimulation {
    /// A write of a home region on its way.
    private struct Write {
        let key: UInt64
        let transaction: String?
        let size: Int
    }

    private var random: SeededRandom
    var engine: EventSourceEngine
    private let settings: MappingSettings
    private var onTheWay: [Write] = []
    private var transactionsCount = 0
    /// How many items of each transaction have not arrived, of those of which some have.
    private var missing: [String: Int] = [:]
    private var now: UInt64 = 1_000_000
    private(set) var log: [RecordReference] = []
    private var stored = EventSourcePositions(finished: [0])
    private var inFlight: Invocation?
    private(set) var finished: Set<UInt64> = []
    private(set) var failures: [String] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        settings = MappingSettings(
            batchSize: random.pick([40, 100]), batchingWindowMilliseconds: random.pick([0, 0, 500]),
            bisectsBatchOnError: random.below(2) == 0, reportsBatchItemFailures: random.below(2) == 0,
            transactionDelivery: .complete, transactionWaitMaxMilliseconds: 86_400_000)
        engine = EventSourceEngine(settings: settings, shards: [Conversation.openShard], positions: stored)
    }

    var lastSequence: UInt64 { UInt64(log.count) }

    mutating func step() {
        switch random.below(20) {
        case 0..<3: commit()
        case 3..<10: arrive()
        case 10..<14: read(random.below(2) == 0 ? .max : 1 + random.below(4))
        case 14..<18: answer()
        case 18: pass(UInt64(random.below(1000)))
        default: if random.below(5) == 0 { restart() }
        }
    }

    mutating func heal() {
        for _ in 0..<20_000 {
            if !onTheWay.isEmpty {
                arrive()
            } else if let request = engine.readRequest, request.after < lastSequence {
                read(.max)
            } else if inFlight != nil {
                answer(.success(state: nil))
            } else if engine.isHoldingTransactions {
                obey(engine.transactionsSeen(arriving, at: now))
                if inFlight == nil, engine.timerMilliseconds == nil { break }
                pass(1000)
            } else if let timer = engine.timerMilliseconds {
                pass(timer - min(timer, now))
            } else {
                return
            }
        }
    }

    private mutating func commit() {
        guard random.below(3) > 0 else {
            onTheWay.append(Write(key: UInt64(random.below(6)), transaction: nil, size: 1))
            return
        }
        transactionsCount += 1
        let size = 2 + random.below(3)
        var keys = Set<UInt64>()
        while keys.count < size { keys.insert(UInt64(random.below(6))) }
        for key in keys.sorted() { onTheWay.append(Write(key: key, transaction: "t\(transactionsCount)", size: size)) }
    }

    /// One write arrives, not before an earlier one of its item; some leave no record.
    private mutating func arrive() {
        guard !onTheWay.isEmpty else { return }
        let chosen = random.below(min(12, onTheWay.count))
        let key = onTheWay[chosen].key
        let index = onTheWay.firstIndex { $0.key == key } ?? chosen
        let write = onTheWay.remove(at: index)
        if let id = write.transaction {
            let rest = missing[id, default: write.size] - 1
            missing[id] = rest > 0 ? rest : nil
        }
        guard random.below(6) > 0 else { return }
        log.append(
            RecordReference(
                sequence: lastSequence + 1, keyHash: write.key, approximateMilliseconds: now, payloadBytes: 100,
                transaction: write.transaction.map {
                    TransactionMembership(id: $0, recordsMax: write.size, isLocal: false)
                }, matches: random.below(5) > 0))
    }

    private var arriving: ArrivingTransactions {
        ArrivingTransactions(incomplete: Set(missing.keys), nextSequence: lastSequence + 1)
    }

    private mutating func read(_ countMax: Int) {
        guard let request = engine.readRequest, request.after < lastSequence else { return }
        let upTo = countMax == .max ? lastSequence : min(lastSequence, request.after + UInt64(countMax))
        let found = log[Int(request.after)..<Int(upTo)].filter { $0.matches || $0.transaction != nil }
        obey(engine.transactionsSeen(arriving, at: now))
        obey(engine.recordsRead(found, after: request.after, upTo: upTo, at: now))
    }

    private mutating func answer() {
        guard let sequences = inFlight?.records.map(\.sequence) else { return }
        switch random.below(6) {
        case 0: answer(.failure(.unhandled))
        case 1: answer(.partialFailure(lowest: random.pick(sequences), state: nil))
        default: answer(.success(state: nil))
        }
    }

    private mutating func answer(_ outcome: InvocationOutcome) {
        guard let invocation = inFlight else { return }
        inFlight = nil
        let before = stored
        if case .success = outcome { finished.formUnion(invocation.records.map(\.sequence)) }
        if case .partialFailure(let lowest, _) = outcome {
            // A transaction whose later part failed comes again as a whole: only what lies before it is done.
            let failed = invocation.records.firstIndex { $0.sequence == lowest } ?? 0
            let id = invocation.records[failed].transaction?.id
            let end = invocation.records.firstIndex { id != nil && $0.transaction?.id == id } ?? failed
            doneAtLeast(Array(invocation.records[..<min(end, failed)]))
        }
        obey(engine.completed(invocation.id, outcome, at: now))
        if random.below(2) == 0 { stored = before }
    }

    /// Interlocking transactions may come again together; what the engine counts as done shows in what it sends next.
    private mutating func doneAtLeast(_ records: [RecordReference]) {
        partlyDone = Set(records.map(\.sequence))
    }

    private var partlyDone: Set<UInt64> = []

    private mutating func pass(_ milliseconds: UInt64) {
        now += milliseconds
        obey(engine.tick(lastSequence: lastSequence, at: now))
    }

    private mutating func restart() {
        inFlight = nil
        partlyDone = []
        stored = engine.positions
        engine = EventSourceEngine(settings: settings, shards: [Conversation.openShard], positions: stored)
    }

    private mutating func obey(_ effects: [EventSourceEffect]) {
        for effect in effects {
            switch effect {
            case .invoke(let invocation):
                check(invocation)
                inFlight = invocation
            case .positionsChanged(let positions):
                for record in log where record.matches && record.sequence <= positions.checkpoint {
                    if partlyDone.contains(record.sequence) { finished.insert(record.sequence) }
                    require(finished.contains(record.sequence), "the position passed \(record.sequence)")
                }
            case .discard, .recordsLost: require(false, "nothing was to be given up")
            case .transactionInParts(let parts): require(false, "\(parts.id) came in parts: \(parts.reason)")
            }
        }
    }

    private mutating func check(_ invocation: Invocation) {
        require(inFlight == nil, "two at a time")
        let sequences = invocation.records.map(\.sequence)
        // What a partial failure finished is not sent again, and everything else of the batch is.
        finished.formUnion(partlyDone.subtracting(sequences))
        partlyDone = []
        var inBatch: Set<UInt64> = []
        for record in invocation.records {
            require(record.matches, "a record that does not match")
            for earlier in log where earlier.keyHash == record.keyHash && earlier.sequence < record.sequence {
                require(
                    !earlier.matches || inBatch.contains(earlier.sequence) || finished.contains(earlier.sequence),
                    "\(record.sequence) overtook \(earlier.sequence) of its item")
            }
            inBatch.insert(record.sequence)
            guard let id = record.transaction?.id else { continue }
            require(missing[id] == nil, "\(id) has not arrived")
            let whole = log.filter { $0.transaction?.id == id && $0.matches }.map(\.sequence)
            require(whole.allSatisfy { sequences.contains($0) }, "\(id) is torn: \(whole) in \(sequences)")
        }
    }

    private mutating func require(_ holds: Bool, _ failure: @autoclosure () -> String) {
        if !holds { failures.append(failure()) }
    }
}
