/// What Lambda's poller does between a DynamoDB stream and a function, for one mapping: batches, retries, checkpoints.
///
/// Values in, effects out; no clock, no log, no function. Whoever drives it
/// 1. obeys the effects that each call returns, in their order,
/// 2. reads the log as `readRequest` says, filters, and hands references to what matches to `recordsRead`,
/// 3. calls `tick` at `timerMilliseconds`.
///
/// Both properties change with every call. Times are milliseconds since 1970 by a clock that does not go back.
///
/// Items are spread over `parallelizationFactor` lanes by the hash of their key. A lane has one invocation in flight
/// and keeps the order of its records; shards follow one another within each lane, so that a record that fails holds up
/// its lane alone.
///
/// Delivery is at least once: `EventSourcePositions` never pass a record that is neither handled nor given up
/// (reference `reliability.md` I17), and a new engine that begins with stored positions repeats what they do not cover.
/// Retry counts begin anew then.
public struct EventSourceEngine: Sendable {
    /// The largest payload of an invocation, in bytes.
    public static let payloadBytesMax = 6 * 1024 * 1024
    /// What of it is kept free for everything but records and state.
    public static let envelopeBytesMax = 4 * 1024
    /// The largest state that goes from one invocation of a window to the next; a larger one ends the window.
    public static let windowStateBytesMax = 1024 * 1024
    /// A lane has room for so many records beside those of the batch being sent, or for two batches if that is more.
    public static let recordsWaitingMin = 1_000
    static let recordsBytesMax = payloadBytesMax - envelopeBytesMax

    public private(set) var settings: MappingSettings
    public private(set) var isEnabled: Bool
    public private(set) var lastProcessingResult = LastProcessingResult.noRecordsProcessed
    /// How many sequence numbers the log lost before every lane had read them.
    public private(set) var lostRecordsCount: UInt64 = 0

    private let recordsWaitingMin: Int
    private var shards: ShardList
    private var lanes: [Lane]
    /// Settings that need all lanes to be settled first.
    private var pendingSettings: MappingSettings?
    private var trimmedBefore: UInt64 = 0
    private var caughtUpMilliseconds: UInt64 = 0
    /// The end that the log had at some time, until reading has reached it.
    private var logEnd: (sequence: UInt64, milliseconds: UInt64)?
    private var lastMilliseconds: UInt64 = 0
    private var invocationsCount: UInt64 = 0
    private var discardsCount: UInt64 = 0
    private var reportedFinished: [UInt64]
    private var reportedWindowRevision: UInt64 = 0

    /// - Parameters:
    ///   - settings: without violations.
    ///   - shards: those of the stream that are not forgotten, in order; at least one.
    ///   - positions: as stored, or of a new mapping. For another number of lanes, all begin at the checkpoint.
    ///   - recordsWaitingMin: less than usual saves memory and costs readings.
    public init(
        settings: MappingSettings, shards: [ShardStretch], positions: EventSourcePositions, isEnabled: Bool = true,
        recordsWaitingMin: Int = Self.recordsWaitingMin
    ) {
        precondition(settings.violations.isEmpty, "settings are checked where they come in")
        self.settings = settings
        self.isEnabled = isEnabled
        self.recordsWaitingMin = recordsWaitingMin
        self.shards = ShardList(shards)
        lanes = Self.lanes(settings, positions)
        reportedFinished = positions.finished
    }

    private static func lanes(_ settings: MappingSettings, _ positions: EventSourcePositions) -> [Lane] {
        let positions = positions.spread(over: settings.parallelizationFactor)
        let gate = settings.deliversCompleteTransactions ? TransactionGate() : nil
        var lanes = positions.finished.map { Lane(finished: $0, gate: gate) }
        guard var window = positions.window else { return lanes }
        // The function's settings changed while nothing ran.
        let length = window.endMilliseconds - window.startMilliseconds
        if lanes.count > 1 || length != settings.tumblingWindowMilliseconds { window.endsEarly = true }
        lanes[0] = Lane(finished: positions.finished[0], window: window, gate: gate)
        return lanes
    }
}

// MARK: - What can be seen

extension EventSourceEngine {
    public var positions: EventSourcePositions {
        let window = lanes[0].window.flatMap { $0.isUsed ? $0.open : nil }
        return EventSourcePositions(finished: lanes.map(\.finished), window: window)
    }

    /// Whether nothing is owed: no answer of the function and none of a destination.
    public var isSettled: Bool { lanes.allSatisfy(\.isSettled) }

    /// Whether new settings wait for invocations, destinations or the end of a window.
    public var isUpdating: Bool { pendingSettings != nil }

    /// How many records a lane holds beside those of the batch being sent.
    public var recordsWaitingMax: Int { max(2 * settings.batchSize, recordsWaitingMin) }

    /// What to read next; nil while there is enough to send, nothing may be sent, or the stream has been read to its
    /// end.
    ///
    /// May lie before what was read already: when a lane had no room, its records are read again later, and the other
    /// lanes skip them.
    public var readRequest: ReadRequest? {
        guard isEnabled, !isUpdating else { return nil }
        let through = shards.lastSequence
        var request: ReadRequest?
        for lane in lanes {
            guard lane.waitingCount <= recordsWaitingMax / 2, lane.takenUpTo < through ?? .max else { continue }
            let room = recordsWaitingMax - lane.waitingCount
            if let found = request, found.after < lane.takenUpTo { continue }
            if let found = request, found.after == lane.takenUpTo {
                request?.recordsMax = max(found.recordsMax, room)
            } else {
                request = ReadRequest(after: lane.takenUpTo, through: through, recordsMax: room)
            }
        }
        return request
    }

    /// When `tick` is due; nil when only an answer or a record can lead to something.
    public var timerMilliseconds: UInt64? {
        guard isEnabled else { return nil }
        let context = context(at: lastMilliseconds)
        var earliest: UInt64?
        for lane in lanes {
            guard let timer = lane.timerMilliseconds(context) else { continue }
            earliest = min(timer, earliest ?? .max)
        }
        return earliest
    }
}

// MARK: - What happens

extension EventSourceEngine {
    /// Takes records that match the filters, and the news that nothing else up to `upTo` does.
    ///
    /// A reading that an earlier call has made superfluous does no harm.
    /// - Parameters:
    ///   - records: those that match, in order, all behind `after` and up to `upTo`.
    ///   - after: as in the `readRequest` that was obeyed.
    ///   - upTo: the last sequence number that was looked at, not below `after`.
    public mutating func recordsRead(
        _ records: [RecordReference], after: UInt64, upTo: UInt64, at milliseconds: UInt64
    ) -> [EventSourceEffect] {
        let streamEnd = shards.lastSequence ?? .max
        for index in lanes.indices { lanes[index].isTaking = lanes[index].takenUpTo >= after }
        for record in records where record.sequence <= streamEnd {
            let index = Int(record.keyHash % UInt64(lanes.count))
            guard lanes[index].isTaking, record.sequence > lanes[index].takenUpTo else { continue }
            if lanes[index].waitingCount < recordsWaitingMax {
                lanes[index].take(record, settings: settings, nowMilliseconds: milliseconds)
            } else {
                lanes[index].takenUpTo = record.sequence - 1
                lanes[index].isTaking = false
            }
        }
        for index in lanes.indices where lanes[index].isTaking {
            lanes[index].takenUpTo = max(lanes[index].takenUpTo, min(upTo, streamEnd))
        }
        return proceed(at: milliseconds)
    }

    /// Whether records wait for transactions, so that `transactionsSeen` may let them go on.
    public var isHoldingTransactions: Bool { lanes.contains { $0.gate?.isHolding ?? false } }

    /// Takes which transactions have arrived in part. For mappings that deliver complete ones: at least as new as the reading that
    /// follows, and whenever it changes while `isHoldingTransactions`.
    public mutating func transactionsSeen(
        _ arriving: ArrivingTransactions, at milliseconds: UInt64
    ) -> [EventSourceEffect] {
        for index in lanes.indices { lanes[index].gate?.see(arriving) }
        return proceed(at: milliseconds)
    }

    /// Takes the answer of the function. An invocation that is not in flight is ignored.
    public mutating func completed(
        _ id: InvocationID, _ outcome: InvocationOutcome, at milliseconds: UInt64
    ) -> [EventSourceEffect] {
        guard let index = lanes.firstIndex(where: { $0.inFlight == id }) else { return [] }
        let step = lanes[index].complete(id, outcome, context(at: milliseconds))
        lastProcessingResult = lanes[index].lastResult
        var effects: [EventSourceEffect] = []
        if let step { effects.append(begin(step, lane: index)) }
        return proceed(effects, at: milliseconds)
    }

    /// The OnFailure destination took the records, or did not: Lambda goes on in both cases.
    public mutating func destinationSettled(_ id: DiscardID, at milliseconds: UInt64) -> [EventSourceEffect] {
        guard let index = lanes.firstIndex(where: { $0.discard == id }) else { return [] }
        lanes[index].discard = nil
        lanes[index].finishStretch(nowMilliseconds: milliseconds)
        return proceed(at: milliseconds)
    }

    /// Time has passed.
    /// - Parameter lastSequence: the last sequence number that the log holds now.
    public mutating func tick(lastSequence: UInt64, at milliseconds: UInt64) -> [EventSourceEffect] {
        noteCaughtUp()
        if logEnd == nil { logEnd = (lastSequence, milliseconds) }
        return proceed(at: milliseconds)
    }

    /// The stream's shards changed. The engine must know the shards of records before it reads them.
    public mutating func shardsChanged(
        _ stretches: [ShardStretch], at milliseconds: UInt64
    ) -> [EventSourceEffect] {
        shards = ShardList(stretches)
        gatherAnew()
        return proceed(at: milliseconds)
    }

    /// The log holds nothing below `sequence` any more. What was not read is lost; what was not sent is given up.
    public mutating func trimmed(before sequence: UInt64, at milliseconds: UInt64) -> [EventSourceEffect] {
        trimmedBefore = max(trimmedBefore, sequence)
        var effects: [EventSourceEffect] = []
        passTrimmed(&effects)
        return proceed(effects, at: milliseconds)
    }

    /// Sends nothing more until `enable`; keeps its place. Answers that are owed still count.
    public mutating func disable(at milliseconds: UInt64) -> [EventSourceEffect] {
        isEnabled = false
        return proceed(at: milliseconds)
    }

    public mutating func enable(at milliseconds: UInt64) -> [EventSourceEffect] {
        isEnabled = true
        return proceed(at: milliseconds)
    }

    /// New settings, without violations. Another number of lanes, length of windows or delivery of transactions waits until all lanes are settled
    /// (`isUpdating`) and windows have ended early; then reading begins again at the checkpoint, which may repeat
    /// deliveries.
    public mutating func update(_ new: MappingSettings, at milliseconds: UInt64) -> [EventSourceEffect] {
        precondition(new.violations.isEmpty, "settings are checked where they come in")
        if new.parallelizationFactor == settings.parallelizationFactor,
            new.transactionDelivery == settings.transactionDelivery,
            new.tumblingWindowMilliseconds == settings.tumblingWindowMilliseconds
        {
            settings = new
            pendingSettings = nil
            gatherAnew()
        } else {
            pendingSettings = new
            for index in lanes.indices { lanes[index].endWindowEarly() }
        }
        return proceed(at: milliseconds)
    }
}

// MARK: - What follows

extension EventSourceEngine {
    /// Everything that can be done now.
    private mutating func proceed(
        _ begun: [EventSourceEffect] = [], at milliseconds: UInt64
    ) -> [EventSourceEffect] {
        var effects = begun
        lastMilliseconds = milliseconds
        noteCaughtUp()
        if isEnabled {
            let context = context(at: milliseconds)
            for index in lanes.indices {
                effects += lanes[index].releaseTransactions(context).map { .transactionInParts($0) }
                guard let step = lanes[index].nextStep(context) else { continue }
                effects.append(begin(step, lane: index))
            }
        }
        applyPendingSettings(&effects)
        reportPositions(&effects)
        return effects
    }

    private func context(at milliseconds: UInt64) -> LaneContext {
        LaneContext(
            settings: settings, shards: shards, nowMilliseconds: milliseconds, trimmedBefore: trimmedBefore,
            caughtUpMilliseconds: caughtUpMilliseconds, isReadingBehind: logEnd != nil, isDraining: isUpdating)
    }

    private mutating func begin(_ step: LaneStep, lane index: Int) -> EventSourceEffect {
        switch step {
        case .invoke(let shardID, let records, let attempt, let window):
            invocationsCount += 1
            let id = InvocationID(number: invocationsCount)
            lanes[index].inFlight = id
            lanes[index].isFinalInFlight = window?.isFinal ?? false
            return .invoke(
                Invocation(
                    id: id, lane: index, shardID: shardID, records: records, attempt: attempt, window: window))
        case .discard(let shardID, let records, let condition, let stretch):
            discardsCount += 1
            let id = DiscardID(number: discardsCount)
            lanes[index].discard = id
            return .discard(
                Discard(
                    id: id, lane: index, shardID: shardID, records: records, condition: condition,
                    invokeCount: stretch.invokeCount, failure: stretch.failure,
                    lastInvocation: stretch.lastInvocation))
        }
    }

    private mutating func noteCaughtUp() {
        guard let end = logEnd, lanes.allSatisfy({ $0.takenUpTo >= end.sequence }) else { return }
        caughtUpMilliseconds = end.milliseconds
        logEnd = nil
    }

    private mutating func gatherAnew() {
        for index in lanes.indices { lanes[index].gathering = Lane.Gathering() }
    }

    private mutating func applyPendingSettings(_ effects: inout [EventSourceEffect]) {
        guard let pending = pendingSettings, isSettled, positions.window == nil else { return }
        settings = pending
        pendingSettings = nil
        lanes = Self.lanes(
            pending,
            EventSourcePositions(finished: Array(repeating: positions.checkpoint, count: pending.parallelizationFactor))
        )
        reportedWindowRevision = 0
        passTrimmed(&effects)
    }

    /// Gives up reading what is gone from the log.
    private mutating func passTrimmed(_ effects: inout [EventSourceEffect]) {
        let end = shards.lastSequence.map { min(trimmedBefore, $0 + 1) } ?? trimmedBefore
        let first = lanes.reduce(UInt64.max) { min($0, $1.takenUpTo) } + 1
        guard first < end else { return }
        let lost = LostRecords(first: first, end: end)
        lostRecordsCount += lost.count
        effects.append(.recordsLost(lost))
        for index in lanes.indices { lanes[index].takenUpTo = max(lanes[index].takenUpTo, end - 1) }
    }

    private mutating func reportPositions(_ effects: inout [EventSourceEffect]) {
        let revision = lanes[0].windowRevision
        let isSame =
            lanes.count == reportedFinished.count && revision == reportedWindowRevision
            && lanes.indices.allSatisfy { lanes[$0].finished == reportedFinished[$0] }
        guard !isSame else { return }
        let positions = positions
        reportedFinished = positions.finished
        reportedWindowRevision = revision
        effects.append(.positionsChanged(positions))
    }
}
