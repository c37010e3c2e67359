/// The records of one group of items on their way to the function: one invocation at a time, in order.
///
/// The records of a batch stay in `queue` until they are finished. `stretches` cuts its front into what is to be sent:
/// the last element is next and covers the very front. More than one is there after a batch was halved.
struct Lane: Sendable {
    /// A batch or a part of one that is sent as a whole.
    struct Stretch: Sendable {
        var count: Int
        /// How often the function was called for exactly this stretch.
        var invokeCount = 0
        var failure: InvocationFailure?
        var lastInvocation: InvocationID?
    }

    /// The batch that is being gathered at the front of the queue.
    struct Gathering: Sendable {
        var count = 0
        var payloadBytes = 0
        /// The next record does not fit, whatever comes.
        var isClosed = false
    }

    /// A window and what need not survive a restart.
    struct Window: Sendable {
        var open: OpenWindow
        /// The function was called for it, so that it must be told the end.
        var isUsed: Bool
        /// The function was called for its end; nothing more goes into it.
        var isEnding = false
        var finalInvokeCount = 0
    }

    /// Everything of the lane up to here was taken into the queue or is finished.
    var takenUpTo: UInt64
    var queue = RecordQueue()
    /// Records on their way to the queue, when the mapping delivers complete transactions.
    var gate: TransactionGate?
    /// Finished units that a later position must not cut.
    var finishedUnits = FinishedUnits()
    var stretches: [Stretch] = []
    /// How many records the stretches cover.
    var stretchedCount = 0
    var gathering = Gathering()

    /// Takes part in the reading that is being handed over.
    var isTaking = false

    var inFlight: InvocationID?
    var isFinalInFlight = false
    /// The front stretch waits for its OnFailure destination.
    var discard: DiscardID?

    /// Nothing is sent before: the back-off after a failure.
    var wakeMilliseconds: UInt64 = 0
    /// Failed calls since something was finished.
    var functionErrors = 0
    /// Vain attempts to call since a call.
    var startFailures = 0
    var lastResult = LastProcessingResult.noRecordsProcessed

    /// When the batching window began: with the end of the last invocation, or with the first record after an empty
    /// window.
    var batchingSinceMilliseconds: UInt64?
    var window: Window?
    /// Windows begin no earlier than this: those before have ended.
    var windowFloorMilliseconds: UInt64 = 0
    /// Raised with each change of what `positions` show of the window.
    var windowRevision: UInt64 = 0

    init(finished: UInt64, window: OpenWindow? = nil, gate: TransactionGate? = nil) {
        takenUpTo = finished
        self.gate = gate
        guard let window else { return }
        self.window = Window(open: window, isUsed: true)
        windowFloorMilliseconds = window.startMilliseconds
    }

    /// Everything up to here is finished.
    var finished: UInt64 {
        let queued = queue.lowestSequence.map { $0 - 1 } ?? takenUpTo
        guard let gate else { return queued }
        return finishedUnits.uncut(min(queued, gate.lowestSequence.map { $0 - 1 } ?? takenUpTo))
    }

    /// Records that no stretch covers yet.
    var waitingCount: Int { queue.count - stretchedCount }
    /// Neither the function nor a destination owes an answer.
    var isSettled: Bool { inFlight == nil && discard == nil }

    mutating func take(_ record: RecordReference, settings: MappingSettings, nowMilliseconds: UInt64) {
        if gate == nil {
            enqueue(record, settings: settings, nowMilliseconds: nowMilliseconds)
        } else {
            gate?.take(record, nowMilliseconds: nowMilliseconds)
        }
    }

    /// Lets those go on that have waited for their transactions. Answers which of these come in parts.
    mutating func releaseTransactions(_ context: LaneContext) -> [TransactionInParts] {
        guard let release = gate?.release(readUpTo: takenUpTo, context) else { return [] }
        for record in release.records {
            enqueue(record, settings: context.settings, nowMilliseconds: context.nowMilliseconds)
        }
        return release.inParts
    }

    private mutating func enqueue(_ record: RecordReference, settings: MappingSettings, nowMilliseconds: UInt64) {
        if queue.isEmpty, isSettled {
            let since = batchingSinceMilliseconds ?? 0
            if batchingSinceMilliseconds == nil || nowMilliseconds >= since + settings.batchingWindowMilliseconds {
                batchingSinceMilliseconds = nowMilliseconds
            }
        }
        queue.append(record)
    }

    /// The front stretch is finished.
    mutating func finishStretch(nowMilliseconds: UInt64) {
        finishRecords(stretches[stretches.count - 1].count, nowMilliseconds: nowMilliseconds)
        functionErrors = 0
        wakeMilliseconds = 0
    }

    /// The first records of the front stretch are finished; what remains of it is a new batch.
    mutating func finishRecords(_ count: Int, nowMilliseconds: UInt64) {
        let remaining = stretches.removeLast().count - count
        if gate != nil { finishedUnits.note(queue.prefix(count)) }
        queue.removeFirst(count)
        stretchedCount -= count
        finishedUnits.forget(upTo: finished)
        if remaining > 0 { stretches.append(Stretch(count: remaining)) }
        if stretches.isEmpty {
            gathering = Gathering()
            batchingSinceMilliseconds = nowMilliseconds
        }
    }

    /// Cuts the front stretch behind `count` records; the parts keep its history.
    mutating func cutStretch(at count: Int) {
        let top = stretches.count - 1
        var front = stretches[top]
        guard count < front.count else { return }
        stretches[top].count -= count
        front.count = count
        stretches.append(front)
    }
}

/// What lanes must know of the mapping to decide.
struct LaneContext: Sendable {
    var settings: MappingSettings
    var shards: ShardList
    var nowMilliseconds: UInt64
    /// Records below are gone from the log.
    var trimmedBefore: UInt64
    /// Whatever was created before this time has been read; 0 when unknown.
    var caughtUpMilliseconds: UInt64
    /// Reading has not reached the end that the log had at the last look.
    var isReadingBehind: Bool
    /// New settings wait: no batch is begun, but windows end.
    var isDraining: Bool
}

/// What a lane wants done next.
enum LaneStep: Sendable {
    case invoke(shardID: String, records: [RecordReference], attempt: Int, window: WindowInvocation?)
    case discard(
        shardID: String, records: [RecordReference], condition: Discard.Condition, stretch: Lane.Stretch)
}
