/// Names one sending of a batch. Unique while the engine lives; after a restart counting begins anew.
public struct InvocationID: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt64

    public init(number: UInt64) {
        self.number = number
    }

    public var description: String { String(number) }
}

/// One call of the function that the engine asks for. It must be answered with `EventSourceEngine.completed`.
public struct Invocation: Sendable, Equatable {
    public var id: InvocationID
    /// The group of items that the batch is from, counted from 0. There is one invocation at a time for each.
    public var lane: Int
    public var shardID: String
    /// In order; empty only in the final invocation of a window.
    public var records: [RecordReference]
    /// Counts the sendings of exactly this batch from 1, without those for which the function did not start.
    public var attempt: Int
    /// Nil when the mapping has no tumbling windows.
    public var window: WindowInvocation?

    public init(
        id: InvocationID, lane: Int, shardID: String, records: [RecordReference], attempt: Int,
        window: WindowInvocation?
    ) {
        self.id = id
        self.lane = lane
        self.shardID = shardID
        self.records = records
        self.attempt = attempt
        self.window = window
    }

    /// The place of each record in the batch by its sequence number: they need not ascend.
    var places: [UInt64: Int] {
        Dictionary(zip(records.map(\.sequence), records.indices)) { first, _ in first }
    }
}

/// What a function with tumbling windows is told beside the records (reference `event-source-mapping.md` 3).
public struct WindowInvocation: Sendable, Equatable {
    /// Milliseconds since 1970, a multiple of the window's length.
    public var startMilliseconds: UInt64
    /// One past the window's last millisecond.
    public var endMilliseconds: UInt64
    /// The JSON that the function returned last for this window, at first `{}`.
    public var state: [UInt8]
    public var isFinal: Bool
    public var isTerminatedEarly: Bool

    public init(
        startMilliseconds: UInt64, endMilliseconds: UInt64, state: [UInt8], isFinal: Bool, isTerminatedEarly: Bool
    ) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.state = state
        self.isFinal = isFinal
        self.isTerminatedEarly = isTerminatedEarly
    }
}

/// How an invocation went.
public enum InvocationOutcome: Sendable, Equatable {
    /// All records are done. The state is the JSON of the response's `state`, which mappings with windows require.
    case success(state: [UInt8]?)
    /// Records before `lowest` in the batch are done, it and those behind it are not. Without a record of that number, a failure.
    case partialFailure(lowest: UInt64, state: [UInt8]?)
    /// The function was called, and nothing of the batch is done.
    case failure(InvocationFailure)
    /// Throttled or not to be started: the function has not seen the batch. Does not count as an attempt.
    case notStarted
}

/// Why a call of the function did nothing for the batch.
public enum InvocationFailure: Sendable, Equatable, CaseIterable {
    /// The handler raised an error.
    case unhandled
    case timedOut
    /// The function's process ended.
    case exited
    case responseTooLarge
    /// The function reported the batch's first record as failed.
    case itemsReported
    /// `batchItemFailures` names something that is not in the batch, or the response is not JSON.
    case responseInvalid
    /// A function with tumbling windows did not return its state.
    case windowStateMissing

    /// `functionError` as Lambda shows it; nil when the function itself ended well.
    public var functionErrorText: String? {
        switch self {
        case .unhandled, .timedOut, .exited, .responseTooLarge: "Unhandled"
        case .itemsReported, .responseInvalid, .windowStateMissing: nil
        }
    }
}
