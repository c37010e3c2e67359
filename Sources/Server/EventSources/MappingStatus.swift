public import EventSource

/// What a mapping is doing, for descriptions, lists and metrics.
public struct MappingStatus: Sendable, Equatable {
    public var state: MappingState
    public var lastProcessingResult: LastProcessingResult
    /// Everything up to this sequence number is handled or given up.
    public var checkpoint: UInt64
    /// Sequence numbers of the stream behind the checkpoint; not all need match the filters.
    public var backlog: UInt64
    /// Calls of the function, records they carried, and failures, since the process started.
    public var invocationsCount: UInt64
    public var recordsCount: UInt64
    public var failuresCount: UInt64
    /// Records that were given up.
    public var discardedRecordsCount: UInt64
    /// What went wrong last; nil after a success.
    public var problem: String?
    /// The part of its consumer group that this process has; nil for mappings that read the store's log.
    public var membership: GroupMembership?

    init(state: MappingState) {
        self.state = state
        lastProcessingResult = .noRecordsProcessed
        checkpoint = 0
        backlog = 0
        invocationsCount = 0
        recordsCount = 0
        failuresCount = 0
        discardedRecordsCount = 0
    }
}

/// What a mapping's consumer group has given to this process.
public struct GroupMembership: Sendable, Equatable {
    public var group: String
    public var topic: String
    /// Of each assigned topic partition, the messages behind the committed offset.
    public var lag: [Int32: Int64] = [:]
    /// When the oldest record was made that was read and is not handled, in milliseconds since 1970; nil when there is none.
    public var oldestMilliseconds: UInt64?

    init(group: String, topic: String) {
        self.group = group
        self.topic = topic
    }
}

extension MappingStatus {
    /// When a handler's trouble begins or ends: what people are told, once.
    enum Turn: Sendable, Equatable {
        case fails(reason: String)
        case worksAgain
    }

    /// Counts a call that begins.
    mutating func noteStart(records: Int) {
        invocationsCount += 1
        recordsCount += UInt64(records)
    }

    /// Keeps what is known of a call that has ended. Answers what there is to tell.
    mutating func noteEnd(_ outcome: InvocationOutcome, problem text: String?) -> Turn? {
        let hadProblem = problem != nil
        switch outcome {
        case .success:
            problem = nil
            return hadProblem ? .worksAgain : nil
        case .notStarted: break
        case .failure, .partialFailure: failuresCount += 1
        }
        let reason = text ?? "the function reported failed records"
        problem = reason
        return hadProblem ? nil : .fails(reason: reason)
    }
}
