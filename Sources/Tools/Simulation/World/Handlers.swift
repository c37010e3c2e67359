import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import EventSource
import KeyValueStore
import Partition
import Replication

/// A mapping from a table's stream to a function that is drawn instead of run.
final class SimulatedMapping {
    let index: Int
    let name: String
    let tableName: String
    let filter: Filter
    /// Unique over all lives: answers to an earlier one do not count.
    let run: Int
    let table: TableDefinition.Number
    let stream: Stream
    var shards: [Shard]
    /// The table as of when its shards were compared with `shards`.
    var comparedTable: HeldTable?
    private(set) var engine: EventSourceEngine
    /// What the engine wants next, as of its last step.
    private(set) var timerMilliseconds: UInt64?
    private(set) var readRequest: ReadRequest?
    var matcher: PatternMatcher?
    let context: RecordContext
    var unsavedPositions: EventSourcePositions?
    var hasFinishedBatch = false
    var savedMilliseconds: UInt64 = 0

    enum Filter: Int, CaseIterable {
        case everything, local, removals, groupA

        var pattern: String? {
            switch self {
            case .everything: nil
            case .local: #"{"tributary":{"replicated":[false]}}"#
            case .removals: #"{"eventName":["REMOVE"]}"#
            case .groupA: #"{"dynamodb":{"NewImage":{"g":{"S":["a"]}}}}"#
            }
        }

        /// Compiled once: that takes as long as matching hundreds of records.
        private static let matchers = allCases.map { filter in
            filter.pattern.flatMap { try? FilterPattern($0) }.map { PatternMatcher(PatternSet($0)) }
        }

        var matcher: PatternMatcher? { Self.matchers[rawValue] }

        /// What the pattern means, said without patterns.
        func takes(_ record: ChangeRecord, in region: RegionName) -> Bool {
            switch self {
            case .everything: true
            case .local: record.version.region == region
            case .removals: record.kind == .remove
            case .groupA: record.newImage?.value(of: "g") == .string("a")
            }
        }
    }

    init(
        index: Int, name: String, filter: Filter, run: Int, table: TableDefinition, stream: Stream,
        engine: EventSourceEngine
    ) {
        self.index = index
        self.name = name
        tableName = table.name
        self.filter = filter
        self.run = run
        self.table = table.number
        self.stream = stream
        shards = stream.shards
        self.engine = engine
        timerMilliseconds = engine.timerMilliseconds
        readRequest = engine.readRequest
        matcher = filter.matcher
        context = RecordContext(
            region: table.region, tableID: table.tableID, keySchema: table.keySchema, viewType: stream.viewType)
    }

    var checkpointName: String { "checkpoint/\(name)" }

    func step(_ body: (inout EventSourceEngine) -> [EventSourceEffect]) -> [EventSourceEffect] {
        let stepped = engine.step(body)
        timerMilliseconds = stepped.timerMilliseconds
        readRequest = stepped.readRequest
        return stepped.effects
    }

    static func stretches(_ shards: [Shard]) -> [ShardStretch] {
        shards.map { ShardStretch(id: $0.id, first: $0.first, end: $0.end) }
    }
}

extension EventSourceEngine {
    /// Asks for what it wants within the mutation: through a reference to its holder the whole engine would be copied.
    fileprivate mutating func step(
        _ body: (inout Self) -> [EventSourceEffect]
    ) -> (effects: [EventSourceEffect], timerMilliseconds: UInt64?, readRequest: ReadRequest?) {
        let effects = body(&self)
        return (effects, timerMilliseconds, readRequest)
    }
}

/// A call of a function under way. A reference: events are moved around.
final class SimulatedCall {
    let mapping: Int
    let run: Int
    let invocation: Invocation
    let outcome: InvocationOutcome

    init(mapping: Int, run: Int, invocation: Invocation, outcome: InvocationOutcome) {
        self.mapping = mapping
        self.run = run
        self.invocation = invocation
        self.outcome = outcome
    }
}

/// Records that a mapping has given up, on their way to its destination. A reference: events are moved around.
final class SimulatedDiscard {
    let run: Int
    let discard: Discard

    init(run: Int, discard: Discard) {
        self.run = run
        self.discard = discard
    }
}

/// Streams are read, filtered and handed to the engines as `EventSourceLoop` does.
extension Simulation {
    private static let roundMilliseconds: UInt64 = 100
    private static let pollMilliseconds: UInt64 = 1000
    private static let recordsPerTurnMax: UInt64 = 512
    private static let checkpointDelayMilliseconds: UInt64 = 1000

    func wakeHandlers(of region: SimulatedRegion, in milliseconds: UInt64 = 0) {
        guard options.mappingsPerRegion > 0 else { return }
        let time = nowMilliseconds + milliseconds
        if let planned = plannedHandlers[region.index], planned <= time { return }
        plannedHandlers[region.index] = time
        plan(.handlersLook(region.index, life: region.life), in: milliseconds)
    }

    /// The mappings that a region's tables let exist, each from where its checkpoint says.
    func beginReading(in region: SimulatedRegion) throws(StoreError) {
        plannedHandlers[region.index] = nil
        try adoptMappings(of: region)
        wakeHandlers(of: region)
    }

    private func adoptMappings(of region: SimulatedRegion) throws(StoreError) {
        for index in 0..<options.mappingsPerRegion where !region.mappings.contains(where: { $0.index == index }) {
            let name = Workload.tables[index % 2]
            guard let table = region.table(name), let stream = table.enabledStream else { continue }
            try adopt(index, table, stream, in: region)
        }
    }

    private func adopt(
        _ index: Int, _ table: TableDefinition, _ stream: Stream, in region: SimulatedRegion
    ) throws(StoreError) {
        runsCount += 1
        let settings = mappingSettings(index)
        let name = "m\(index)"
        let prefix = "checkpoint/\(name)"
        let stored = try KeptValue.values(withPrefix: prefix, reading: region.store).first { $0.name == prefix }
        var positions = stored.flatMap { Self.positions($0.value, streamARN: table.streamARN(stream)) }
        let isStored = positions != nil
        if !isStored {
            let counters = region.published.tables[table.number]?.counters ?? TableCounters()
            let oldest = try LogRetention.firstNeededChange(
                of: table, counters, peerCursors: [], wallMilliseconds: wallMilliseconds(region),
                reading: region.store)
            positions = EventSourcePositions(
                starting: .trimHorizon, oldestSequence: max(oldest, stream.shards.first?.first ?? 1),
                nextSequence: counters.nextSequence, lanes: settings.parallelizationFactor)
        }
        guard let positions else { return }
        let mapping = SimulatedMapping(
            index: index, name: name,
            filter: SimulatedMapping.Filter.allCases[Int((options.seed &+ UInt64(index)) % 4)], run: runsCount,
            table: table, stream: stream,
            engine: EventSourceEngine(
                settings: settings, shards: SimulatedMapping.stretches(stream.shards), positions: positions,
                recordsWaitingMin: 20))
        region.mappings.append(mapping)
        if !isStored { mapping.unsavedPositions = positions }
        auditor.adopted(mapping, in: region.index, from: positions.checkpoint, isStored: isStored)
    }

    private func mappingSettings(_ index: Int) -> MappingSettings {
        var random = SplitMix(seed: options.seed &* 31 &+ UInt64(index))
        return MappingSettings(
            batchSize: random.pick([1, 3, 10, 100]), batchingWindowMilliseconds: UInt64(random.pick([0, 0, 300])),
            parallelizationFactor: random.pick([1, 1, 2, 4]), retryAttemptsMax: random.pick([nil, nil, 0, 2]),
            bisectsBatchOnError: random.isTrue(percent: 50), reportsBatchItemFailures: random.isTrue(percent: 50))
    }

    private static func positions(_ value: [UInt8], streamARN: String) -> EventSourcePositions? {
        value.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            guard let arn = try? reader.readLengthPrefixed(), arn.elementsEqual(streamARN.utf8) else { return nil }
            return try? EventSourcePositions(decoding: &reader)
        }
    }

    /// A region's wall clock that never goes back.
    private func steadyMilliseconds(_ region: SimulatedRegion) -> UInt64 {
        let elapsed = nowMilliseconds - steady[region.index].atMilliseconds
        let value = max(steady[region.index].milliseconds + elapsed, wallMilliseconds(region))
        steady[region.index] = (value, nowMilliseconds)
        return value
    }

    // MARK: Reading

    func lookAtStreams(_ region: SimulatedRegion, _ life: Int) throws(StoreError) {
        guard region.life == life, let planned = plannedHandlers[region.index], planned <= nowMilliseconds else {
            return
        }
        plannedHandlers[region.index] = nil
        let gone = region.mappings.filter { mapping in
            !region.tables.contains { $0.number == mapping.table }
        }
        for mapping in gone { auditor.removed(mapping, in: region.index) }
        region.mappings.removeAll { mapping in gone.contains { $0 === mapping } }
        if region.mappings.count < options.mappingsPerRegion { try adoptMappings(of: region) }
        let now = steadyMilliseconds(region)
        var rest = Self.pollMilliseconds
        for mapping in region.mappings {
            if try readTurn(mapping, in: region, at: now) { rest = 0 }
            if let timer = mapping.timerMilliseconds, timer <= now {
                let next = region.published.tables[mapping.table]?.counters.nextSequence ?? 1
                perform(mapping.step { $0.tick(lastSequence: next - 1, at: now) }, of: mapping, in: region)
            }
            save(mapping, in: region, at: now)
            if mapping.unsavedPositions != nil { rest = min(rest, Self.roundMilliseconds) }
            if let timer = mapping.timerMilliseconds { rest = min(rest, timer > now ? timer - now : 1) }
        }
        if rest < Self.pollMilliseconds { wakeHandlers(of: region, in: max(1, rest)) }
    }

    /// Streams are looked at now and then without news.
    func pollStreams(_ region: SimulatedRegion) {
        plan(.handlersPoll(region.index), in: Self.pollMilliseconds)
        if !region.isDown { wakeHandlers(of: region) }
    }

    /// Answers whether there is more to read at once.
    private func readTurn(
        _ mapping: SimulatedMapping, in region: SimulatedRegion, at now: UInt64
    ) throws(StoreError) -> Bool {
        guard let table = region.tables.first(where: { $0.number == mapping.table }),
            let counters = region.published.tables[mapping.table]?.counters
        else { return false }
        if mapping.comparedTable !== table {
            guard let stream = table.definition.streams.first(where: { $0.label == mapping.stream.label })
            else { return false }
            mapping.comparedTable = table
            if stream.shards != mapping.shards {
                mapping.shards = stream.shards
                perform(
                    mapping.step { $0.shardsChanged(SimulatedMapping.stretches(stream.shards), at: now) },
                    of: mapping, in: region)
            }
        }
        guard let request = mapping.readRequest else { return false }
        if request.after + 1 < counters.firstSequence {
            perform(mapping.step { $0.trimmed(before: counters.firstSequence, at: now) }, of: mapping, in: region)
            return true
        }
        let end = min(counters.nextSequence - 1, request.through ?? .max)
        guard request.after < end else { return false }
        var upTo = min(end, request.after + Self.recordsPerTurnMax)
        var records: [RecordReference] = []
        var failure: StoreError?
        region.store.scan(
            StorageKeys.changes(mapping.table, from: request.after + 1), in: .changes, reverse: false
        ) { key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key),
                let record = try? ChangeRecord(sequence: sequence, decoding: value)
            else {
                failure = .corrupted(path: "changes", reason: "a record cannot be decoded")
                return .stop
            }
            guard sequence <= upTo else { return .stop }
            mapping.matcher?.match(record, in: mapping.context)
            guard mapping.matcher.map({ !$0.matches.isEmpty }) ?? true else { return .next }
            guard records.count < request.recordsMax else {
                upTo = sequence - 1
                return .stop
            }
            records.append(Self.reference(to: record, bytes: value.count))
            return .next
        }
        if let failure { throw failure }
        if mutation == .filterOffByOne, upTo < end { upTo += 1 }
        if mutation == .filterOffByOne, upTo == end, records.last?.sequence == upTo { records.removeLast() }
        perform(
            mapping.step { $0.recordsRead(records, after: request.after, upTo: upTo, at: now) }, of: mapping, in: region
        )
        return upTo < end
    }

    static func reference(to record: ChangeRecord, bytes: Int) -> RecordReference {
        let key = try? Workload.keySchema.key(of: record.newImage ?? record.oldImage ?? .empty)
        return RecordReference(
            sequence: record.sequence, keyHash: keyHash(key?.bytes ?? []),
            approximateMilliseconds: record.commitMilliseconds, payloadBytes: bytes)
    }

    /// FNV-1a.
    static func keyHash(_ key: [UInt8]) -> UInt64 {
        key.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    // MARK: Effects

    private func perform(_ effects: [EventSourceEffect], of mapping: SimulatedMapping, in region: SimulatedRegion) {
        for effect in effects {
            switch effect {
            case .invoke(let invocation): invoke(invocation, of: mapping, in: region)
            case .discard(let discard):
                auditor.gaveUp(discard, of: mapping, in: region.index)
                let discarded = SimulatedDiscard(run: mapping.run, discard: discard)
                plan(.destinationSettles(region.index, life: region.life, discarded), in: random.upTo(10))
            case .positionsChanged(let positions): mapping.unsavedPositions = positions
            case .recordsLost(let lost):
                auditor.lostToRetention(
                    lost, of: mapping, in: region.index, steadyMilliseconds: steadyMilliseconds(region))
            // No mapping of the simulation asks for whole transactions.
            case .transactionInParts: break
            }
        }
    }

    private func invoke(_ invocation: Invocation, of mapping: SimulatedMapping, in region: SimulatedRegion) {
        statistics.deliveredRecords += invocation.records.count
        trace.add(invocation.records.first?.sequence ?? 0)
        auditor.invoked(invocation, of: mapping, in: region.index)
        if mutation == .checkpointAhead, let last = invocation.records.last {
            var finished = mapping.engine.positions.finished
            finished[invocation.lane] = last.sequence
            mapping.unsavedPositions = EventSourcePositions(finished: finished)
            mapping.hasFinishedBatch = true
        }
        var duration = random.upTo(options.handlerMillisecondsMax)
        if areHandlersSlow { duration += random.upTo(5000) }
        let call = SimulatedCall(
            mapping: mapping.index, run: mapping.run, invocation: invocation, outcome: drawOutcome(invocation))
        plan(.handlerAnswers(region.index, life: region.life, call), in: duration)
    }

    private func drawOutcome(_ invocation: Invocation) -> InvocationOutcome {
        guard !isHealing, random.isTrue(percent: options.handlerFailuresPercent) else { return .success(state: nil) }
        switch random.below(6) {
        case 0: return .notStarted
        case 1, 2:
            let failed = random.pick(invocation.records.map(\.sequence))
            return .partialFailure(lowest: failed, state: nil)
        default: return .failure(random.pick([.unhandled, .timedOut, .exited, .responseInvalid]))
        }
    }

    func answer(_ call: SimulatedCall, in region: SimulatedRegion, _ life: Int) throws(StoreError) {
        guard region.life == life, let mapping = region.mappings.first(where: { $0.run == call.run }) else { return }
        auditor.answered(call, of: mapping, in: region.index)
        mapping.hasFinishedBatch = true
        var outcome = call.outcome
        if mutation == .failureCountsAsSuccess, case .failure = outcome { outcome = .success(state: nil) }
        let now = steadyMilliseconds(region)
        perform(mapping.step { $0.completed(call.invocation.id, outcome, at: now) }, of: mapping, in: region)
        save(mapping, in: region, at: now)
        wakeHandlers(of: region)
    }

    func settle(
        _ discarded: SimulatedDiscard, in region: SimulatedRegion, _ life: Int
    ) throws(StoreError) {
        guard region.life == life, let mapping = region.mappings.first(where: { $0.run == discarded.run })
        else { return }
        let discard = discarded.discard
        auditor.finished(discard.records.map(\.sequence), of: mapping, in: region.index)
        let now = steadyMilliseconds(region)
        perform(mapping.step { $0.destinationSettled(discard.id, at: now) }, of: mapping, in: region)
        wakeHandlers(of: region)
    }

    private func save(_ mapping: SimulatedMapping, in region: SimulatedRegion, at now: UInt64) {
        guard let positions = mapping.unsavedPositions, region.isServing else { return }
        let delay = mapping.hasFinishedBatch ? 0 : Self.checkpointDelayMilliseconds
        guard now >= mapping.savedMilliseconds + delay else { return }
        auditor.saves(positions, of: mapping, in: region.index)
        var bytes: [UInt8] = []
        guard let table = region.published.tables[mapping.table]?.definition else { return }
        bytes.appendLengthPrefixed(Array(table.streamARN(mapping.stream).utf8))
        bytes.append(contentsOf: positions.encoded)
        submit(.keep(KeptValue(name: mapping.checkpointName, value: bytes, isDurable: false)), to: region) { _ in }
        mapping.unsavedPositions = nil
        mapping.hasFinishedBatch = false
        mapping.savedMilliseconds = now
    }
}
