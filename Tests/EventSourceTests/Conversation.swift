import EventSource

/// A mapping with its log, written down as a conversation: what happens goes in, what the engine wants comes out as
/// text.
///
/// * `invoke 1,2,3 #1`: the function is called with these records, for the first time.
/// * `discard 2 RetryAttemptsExhausted after 4 Unhandled`: given up after four calls.
/// * `finished 3`: the lanes' positions. With more than one lane, `1:` before an effect is its lane.
struct Conversation {
    var engine: EventSourceEngine
    var now: UInt64
    var log: [RecordReference] = []
    /// The last sequence number of the log, matching or not.
    private(set) var lastSequence: UInt64
    private(set) var lastInvocation: Invocation?
    private(set) var inFlight: [Int: Invocation] = [:]
    private(set) var discards: [Int: Discard] = [:]
    private(set) var positions: EventSourcePositions
    var showsPositions = true
    /// Transactions of other regions that have not arrived whole, and those that nobody follows any more.
    var incomplete: Set<String> = []
    var forgotten: Set<String> = []

    init(
        _ settings: MappingSettings = MappingSettings(), shards: [ShardStretch] = [openShard],
        positions: EventSourcePositions? = nil, now: UInt64 = 1_000_000
    ) {
        self.now = now
        self.positions =
            positions ?? EventSourcePositions(finished: Array(repeating: 0, count: settings.parallelizationFactor))
        lastSequence = self.positions.checkpoint
        engine = EventSourceEngine(settings: settings, shards: shards, positions: self.positions)
    }

    static let openShard = ShardStretch(id: "shard-a", first: 1, end: nil)

    /// Appends matching records with keys and creation times, and lets the engine read them.
    mutating func write(keys: [UInt64], at milliseconds: UInt64? = nil, payloadBytes: Int = 100) -> [String] {
        append(keys: keys, at: milliseconds, payloadBytes: payloadBytes)
        return read()
    }

    /// Appends records of one key each.
    mutating func write(_ count: Int, at milliseconds: UInt64? = nil, payloadBytes: Int = 100) -> [String] {
        write(keys: Array(repeating: 0, count: count), at: milliseconds, payloadBytes: payloadBytes)
    }

    mutating func append(keys: [UInt64], at milliseconds: UInt64? = nil, payloadBytes: Int = 100) {
        for key in keys {
            lastSequence += 1
            log.append(
                RecordReference(
                    sequence: lastSequence, keyHash: key, approximateMilliseconds: milliseconds ?? now,
                    payloadBytes: payloadBytes))
        }
    }

    /// Appends records as `key`, `key:transaction`, or `-:transaction` for one that the filters refuse, and lets the engine read them.
    ///
    /// - Parameter sizes: how many records the stream may have of a transaction, in place of those that are written here. A transaction whose
    ///   name begins with `l` was made by this region.
    mutating func write(_ records: String, sizes: [String: Int] = [:]) -> [String] {
        let words = records.split(separator: " ").map { $0.split(separator: ":") }
        for word in words {
            lastSequence += 1
            let name = word.count > 1 ? String(word[1]) : nil
            let membership = name.map { name in
                TransactionMembership(
                    id: name, recordsMax: sizes[name] ?? words.count { $0.count > 1 && $0[1] == name },
                    isLocal: name.hasPrefix("l"))
            }
            log.append(
                RecordReference(
                    sequence: lastSequence, keyHash: UInt64(word[0]) ?? 0, approximateMilliseconds: now,
                    payloadBytes: 100, transaction: membership, matches: word[0] != "-"))
        }
        return read()
    }

    /// Lets the engine know which transactions are whole.
    mutating func look() -> [String] { note(engine.transactionsSeen(arriving, at: now)) }

    private var arriving: ArrivingTransactions {
        ArrivingTransactions(incomplete: incomplete, forgotten: forgotten, nextSequence: lastSequence + 1)
    }

    /// Appends records that do not match.
    mutating func writeOthers(_ count: UInt64) -> [String] {
        lastSequence += count
        return read()
    }

    /// Obeys the engine's wish to read, once.
    mutating func read() -> [String] {
        guard let request = engine.readRequest else { return [] }
        let seen = engine.settings.deliversCompleteTransactions ? look() : []
        let upTo = min(lastSequence, request.through ?? .max)
        let found = log.filter { $0.sequence > request.after && $0.sequence <= upTo }.prefix(request.recordsMax)
        let end = found.count == request.recordsMax ? found.last?.sequence ?? upTo : max(upTo, request.after)
        return seen + note(engine.recordsRead(Array(found), after: request.after, upTo: end, at: now))
    }

    mutating func answer(_ outcome: InvocationOutcome, lane: Int = 0) -> [String] {
        guard let invocation = inFlight.removeValue(forKey: lane) else { return ["nothing in flight"] }
        return note(engine.completed(invocation.id, outcome, at: now))
    }

    mutating func succeed(state: String? = nil, lane: Int = 0) -> [String] {
        answer(.success(state: state.map { Array($0.utf8) }), lane: lane)
    }

    mutating func fail(_ failure: InvocationFailure = .unhandled, lane: Int = 0) -> [String] {
        answer(.failure(failure), lane: lane)
    }

    mutating func report(_ lowest: UInt64, state: String? = nil, lane: Int = 0) -> [String] {
        answer(.partialFailure(lowest: lowest, state: state.map { Array($0.utf8) }), lane: lane)
    }

    mutating func settle(lane: Int = 0) -> [String] {
        guard let discard = discards.removeValue(forKey: lane) else { return ["nothing given up"] }
        return note(engine.destinationSettled(discard.id, at: now))
    }

    /// Lets time pass up to the engine's next timer.
    mutating func wait() -> [String] {
        guard let timer = engine.timerMilliseconds else { return ["no timer"] }
        now = max(now, timer)
        return note(engine.tick(lastSequence: lastSequence, at: now))
    }

    mutating func pass(_ milliseconds: UInt64) -> [String] {
        now += milliseconds
        return note(engine.tick(lastSequence: lastSequence, at: now))
    }

    mutating func update(_ settings: MappingSettings) -> [String] { note(engine.update(settings, at: now)) }
    mutating func enable() -> [String] { note(engine.enable(at: now)) }
    mutating func disable() -> [String] { note(engine.disable(at: now)) }
    mutating func trim(before sequence: UInt64) -> [String] { note(engine.trimmed(before: sequence, at: now)) }
    mutating func shards(_ shards: [ShardStretch]) -> [String] { note(engine.shardsChanged(shards, at: now)) }

    /// The process ends and another begins with what was stored.
    mutating func restart(_ settings: MappingSettings? = nil, shards: [ShardStretch] = [openShard]) {
        inFlight = [:]
        discards = [:]
        engine = EventSourceEngine(settings: settings ?? engine.settings, shards: shards, positions: positions)
    }

    private mutating func note(_ effects: [EventSourceEffect]) -> [String] {
        var lines: [String] = []
        for effect in effects {
            switch effect {
            case .invoke(let invocation):
                inFlight[invocation.lane] = invocation
                lastInvocation = invocation
                lines.append(prefix(invocation.lane) + text(invocation))
            case .discard(let discard):
                discards[discard.lane] = discard
                lines.append(prefix(discard.lane) + text(discard))
            case .positionsChanged(let changed):
                positions = changed
                if showsPositions { lines.append("finished " + list(changed.finished)) }
            case .recordsLost(let lost):
                lines.append("lost \(lost.first)..<\(lost.end)")
            case .transactionInParts(let parts):
                lines.append("\(parts.id) in parts \(list(parts.records)): \(parts.reason)")
            }
        }
        return lines
    }

    private func prefix(_ lane: Int) -> String {
        engine.settings.parallelizationFactor > 1 ? "\(lane): " : ""
    }

    private func text(_ invocation: Invocation) -> String {
        var text = "invoke \(list(invocation.records.map(\.sequence))) #\(invocation.attempt)"
        if let window = invocation.window {
            let state = String(decoding: window.state.prefix(40), as: UTF8.self)
            text += " \(window.startMilliseconds)-\(window.endMilliseconds) \(state)"
            if window.isFinal { text += " final" }
            if window.isTerminatedEarly { text += " early" }
        }
        return text
    }

    private func text(_ discard: Discard) -> String {
        "discard \(list(discard.records.map(\.sequence))) \(discard.condition.rawValue) after \(discard.invokeCount)"
            + (discard.invokeCount > 0 ? " \(discard.failure?.functionErrorText ?? "null")" : "")
    }

    private func list(_ numbers: [UInt64]) -> String {
        numbers.isEmpty ? "nothing" : numbers.map(String.init).joined(separator: ",")
    }
}
