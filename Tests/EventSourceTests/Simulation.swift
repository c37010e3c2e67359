import EventSource
import TestSupport
import Testing

/// A mapping under random settings, records, answers, crashes and interventions, with a model that knows what must
/// hold.
struct Simulation {
    struct Entry {
        var reference: RecordReference
        var matches: Bool
    }

    var random: SeededRandom
    var engine: EventSourceEngine
    var settings: MappingSettings
    let roomMin: Int
    var shards = [ShardStretch(id: "shard-0", first: 1, end: nil)]
    var now: UInt64 = 1_000_000_000
    /// The record of sequence number n is at n - 1.
    var log: [Entry] = []
    var trimmedBefore: UInt64 = 0
    /// What a crash leaves.
    var stored: EventSourcePositions
    var latest: EventSourcePositions
    var inFlight: [Int: Invocation] = [:]
    var discards: [Int: Discard] = [:]
    /// A reading that has not been handed over yet.
    var heldReading: (records: [RecordReference], after: UInt64, upTo: UInt64)?

    /// How far the engine wanted to read, at most; nil once a crash or other settings made it read anew.
    var readUpTo: UInt64? = 0

    /// Handled, given up by the rules, or lost by the log.
    var finished: Set<UInt64> = []
    /// Matching sequence numbers by key, from the first that is not finished.
    var openByKey: [UInt64: [UInt64]] = [:]
    /// Records of windows that were handled, and those that final invocations accounted for.
    var handledInWindows = 0
    var toldAtWindowEnds = 0
    var hasCrashed = false
    /// Batches may be from older settings.
    var hasChanged = false
    var seen: Set<String> = []
    var failures: [String] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        settings = Self.randomSettings(&random)
        roomMin = random.pick([1, 1, 4, 1000])
        stored = EventSourcePositions(finished: Array(repeating: 0, count: settings.parallelizationFactor))
        latest = stored
        engine = EventSourceEngine(settings: settings, shards: shards, positions: stored, recordsWaitingMin: roomMin)
    }

    static func randomSettings(_ random: inout SeededRandom) -> MappingSettings {
        let hasWindows = random.below(4) == 0
        return MappingSettings(
            batchSize: random.pick([1, 1, 2, 5, 100]), batchingWindowMilliseconds: random.pick([0, 0, 500, 20_000]),
            parallelizationFactor: hasWindows ? 1 : random.pick([1, 1, 2, 3, 10]),
            retryAttemptsMax: random.pick([nil, 0, 1, 3]), recordAgeMaxMilliseconds: random.pick([nil, nil, 60_000]),
            bisectsBatchOnError: random.below(2) == 0, reportsBatchItemFailures: random.below(2) == 0,
            tumblingWindowMilliseconds: hasWindows ? random.pick([1000, 30_000, 900_000]) : 0)
    }

    var lastSequence: UInt64 { UInt64(log.count) }

    // MARK: - What happens

    mutating func step(canCrash: Bool) {
        switch random.below(100) {
        case 0..<25: write()
        case 25..<50: read()
        case 50..<80: answer()
        case 80..<86: settle()
        case 86..<92: pass(UInt64(random.below(random.pick([100, 2000, 30_000]))))
        case 92..<94: stored = latest
        case 94: if canCrash { crash() }
        case 95: rollShard()
        case 96: random.below(8) == 0 ? trim() : pass(10)
        case 97: obey(random.below(2) == 0 ? engine.disable(at: now) : engine.enable(at: now))
        case 98: changeSettings()
        default: obey(engine.completed(InvocationID(number: 0), .notStarted, at: now))
        }
    }

    private mutating func write() {
        for _ in 0...random.below(6) {
            let key = UInt64(random.below(8)) &* 0x9E37_79B9
            let record = RecordReference(
                sequence: lastSequence + 1, keyHash: key, approximateMilliseconds: now - UInt64(random.below(1500)),
                payloadBytes: random.pick([10, 200, 3_000_000, 7_000_000]))
            let matches = random.below(3) > 0
            log.append(Entry(reference: record, matches: matches))
            if matches { openByKey[key, default: []].append(record.sequence) }
        }
    }

    mutating func read() {
        if let reading = heldReading {
            heldReading = nil
            obey(engine.recordsRead(reading.records, after: reading.after, upTo: reading.upTo, at: now))
        }
        guard let request = engine.readRequest else { return }
        if let readUpTo, request.after < readUpTo { seen.insert("read again") }
        readUpTo = readUpTo.map { max($0, request.after) }
        let end = min(lastSequence, request.through ?? .max)
        guard request.after < end else { return }
        let upTo = request.after + 1 + UInt64(random.below(Int(end - request.after)))
        let found = log[Int(request.after)..<Int(upTo)].filter {
            $0.matches && $0.reference.sequence >= trimmedBefore
        }.map(\.reference).prefix(request.recordsMax)
        let last = found.count == request.recordsMax ? found.last?.sequence ?? upTo : upTo
        if random.below(5) == 0 {
            heldReading = (Array(found), request.after, last)
        } else {
            obey(engine.recordsRead(Array(found), after: request.after, upTo: last, at: now))
        }
    }

    private mutating func answer() {
        guard let lane = inFlight.keys.sorted().first(where: { _ in random.below(2) == 0 }) else { return }
        switch random.below(10) {
        case 0..<5: answer(lane, .success(state: nil))
        case 5, 6: answer(lane, .failure(random.pick(InvocationFailure.allCases)))
        case 7: answer(lane, .notStarted)
        default:
            let sequences = inFlight[lane]?.records.map(\.sequence) ?? []
            let lowest = sequences.isEmpty ? 1 : random.pick(sequences) + (random.below(8) == 0 ? 1 : 0)
            answer(lane, .partialFailure(lowest: lowest, state: nil))
        }
    }

    /// Answers with the outcome, to which the count of the window's records is added as state.
    mutating func answer(_ lane: Int, _ outcome: InvocationOutcome) {
        guard let invocation = inFlight.removeValue(forKey: lane) else { return }
        var done: [RecordReference] = []
        switch outcome {
        case .success: done = invocation.records
        case .partialFailure(let lowest, _) where invocation.records.contains { $0.sequence == lowest }:
            done = invocation.records.filter { $0.sequence < lowest }
        default: break
        }
        finish(done.map(\.sequence))
        guard let window = invocation.window else { return obey(engine.completed(invocation.id, outcome, at: now)) }
        let before = Int(String(decoding: window.state, as: UTF8.self).filter(\.isNumber)) ?? 0
        let state = Array("{\"n\":\(before + done.count)}".utf8)
        handledInWindows += done.count
        switch outcome {
        case .success:
            if window.isFinal { toldAtWindowEnds += before }
            obey(engine.completed(invocation.id, .success(state: state), at: now))
        case .partialFailure(let lowest, _):
            obey(engine.completed(invocation.id, .partialFailure(lowest: lowest, state: state), at: now))
        default:
            obey(engine.completed(invocation.id, outcome, at: now))
        }
    }

    mutating func settle() {
        for lane in discards.keys.sorted() {
            guard let discard = discards.removeValue(forKey: lane) else { continue }
            finish(discard.records.map(\.sequence))
            obey(engine.destinationSettled(discard.id, at: now))
        }
    }

    mutating func pass(_ milliseconds: UInt64) {
        now += milliseconds
        obey(engine.tick(lastSequence: lastSequence, at: now))
        require(engine.timerMilliseconds.map { $0 > now } ?? true, "a timer in the past would spin")
    }

    private mutating func crash() {
        hasCrashed = true
        if random.below(3) == 0 { settings = Self.randomSettings(&random) }
        inFlight = [:]
        discards = [:]
        heldReading = nil
        latest = stored
        engine = EventSourceEngine(settings: settings, shards: shards, positions: stored, recordsWaitingMin: roomMin)
        hasChanged = true
        readUpTo = nil
        obey(engine.tick(lastSequence: lastSequence, at: now))
        if trimmedBefore > 0 { obey(engine.trimmed(before: trimmedBefore, at: now)) }
    }

    private mutating func rollShard() {
        shards[shards.count - 1].end = lastSequence + 1
        shards.append(ShardStretch(id: "shard-\(shards.count)", first: lastSequence + 1, end: nil))
        obey(engine.shardsChanged(shards, at: now))
    }

    private mutating func trim() {
        trimmedBefore = max(trimmedBefore, UInt64(random.below(log.count + 1)))
        obey(engine.trimmed(before: trimmedBefore, at: now))
    }

    private mutating func changeSettings() {
        hasChanged = true
        readUpTo = nil
        settings = Self.randomSettings(&random)
        obey(engine.update(settings, at: now))
    }

    private mutating func finish(_ sequences: [UInt64]) {
        for sequence in sequences {
            finished.insert(sequence)
            let key = log[Int(sequence) - 1].reference.keyHash
            while let first = openByKey[key]?.first, finished.contains(first) { openByKey[key]?.removeFirst() }
        }
    }

    // MARK: - What must hold

    mutating func obey(_ effects: [EventSourceEffect]) {
        for effect in effects {
            switch effect {
            case .invoke(let invocation):
                check(invocation)
                inFlight[invocation.lane] = invocation
                seen.insert(invocation.window?.isFinal == true ? "end of a window" : "invoke")
                if invocation.attempt > 1 { seen.insert("retry") }
            case .discard(let discard):
                check(discard)
                seen.insert(discard.condition.rawValue)
                discards[discard.lane] = discard
            case .positionsChanged(let positions):
                check(positions)
                latest = positions
                if Set(positions.finished).count > 1 { seen.insert("lanes apart") }
            case .recordsLost(let lost):
                seen.insert("lost")
                require(lost.first < lost.end && lost.end <= trimmedBefore, "lost what the log still has: \(lost)")
                finish((lost.first..<lost.end).filter { log[Int($0) - 1].matches })
            case .transactionInParts(let parts):
                require(false, "no transaction was to be complete: \(parts)")
            }
        }
        require(engine.positions.finished == latest.finished, "positions were not reported")
    }

    private mutating func check(_ invocation: Invocation) {
        let obeyed = engine.settings
        require(engine.isEnabled, "sent while disabled")
        require(inFlight[invocation.lane] == nil && discards[invocation.lane] == nil, "two at a time in a lane")
        require(invocation.records.count <= obeyed.batchSize || hasChanged, "a batch too large: \(invocation)")
        require(invocation.records.isEmpty == (invocation.window?.isFinal ?? false), "an empty batch")
        let bytes = invocation.records.reduce(0) { $0 + $1.payloadBytes + 1 }
        require(invocation.records.count <= 1 || bytes < EventSourceEngine.payloadBytesMax, "a payload too large")
        var inBatch: Set<UInt64> = []
        var last: UInt64 = 0
        for record in invocation.records {
            require(record == log[Int(record.sequence) - 1].reference, "not the record that was read")
            require(log[Int(record.sequence) - 1].matches, "a record that does not match")
            require(record.sequence > last, "a batch out of order")
            require(shard(of: record.sequence) == invocation.shardID, "a batch over two shards")
            require(!isExpired(record), "a record too old: \(record)")
            let earlier = openByKey[record.keyHash, default: []].prefix { $0 < record.sequence }
            require(
                earlier.allSatisfy { inBatch.contains($0) || finished.contains($0) },
                "\(record.sequence) overtook a record of its key")
            inBatch.insert(record.sequence)
            last = record.sequence
        }
    }

    private mutating func check(_ discard: Discard) {
        require(!discard.records.isEmpty, "nothing given up")
        require(Set(discard.records.map { shard(of: $0.sequence) }) == [discard.shardID], "given up over two shards")
        switch discard.condition {
        case .retryAttemptsExhausted:
            let retries = engine.settings.retryAttemptsMax ?? .max
            require(discard.invokeCount > retries, "given up too early: \(discard)")
            if engine.settings.bisectsBatchOnError, discard.failure != .itemsReported {
                require(discard.records.count == 1, "given up without halving: \(discard)")
            }
        case .recordAgeExceeded:
            require(discard.records.allSatisfy(isExpired), "given up too young: \(discard)")
        }
    }

    private mutating func check(_ positions: EventSourcePositions) {
        let lanes = UInt64(positions.finished.count)
        require(positions.finished.allSatisfy { $0 <= lastSequence }, "a position beyond the log")
        for open in openByKey.values {
            for sequence in open where !finished.contains(sequence) {
                let lane = Int(log[Int(sequence) - 1].reference.keyHash % lanes)
                require(positions.finished[lane] < sequence, "the position passed \(sequence): \(positions)")
            }
        }
    }

    private func isExpired(_ record: RecordReference) -> Bool {
        if record.sequence < trimmedBefore { return true }
        guard let ageMax = engine.settings.recordAgeMaxMilliseconds else { return false }
        return now > record.approximateMilliseconds + ageMax
    }

    private func shard(of sequence: UInt64) -> String? { shards.last { $0.first <= sequence }?.id }

    private mutating func require(_ holds: Bool, _ failure: @autoclosure () -> String) {
        if !holds { failures.append(failure()) }
    }
}
