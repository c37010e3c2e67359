/// What the engine wants done. Effects of one call are in the order in which they must be begun.
public enum EventSourceEffect: Sendable, Equatable {
    /// Call the function and answer with `EventSourceEngine.completed`.
    case invoke(Invocation)
    /// Tell the OnFailure destination, if there is one, and answer with `EventSourceEngine.destinationSettled`.
    case discard(Discard)
    /// Store these positions, replacing all earlier ones. Only the newest matter; a stale store repeats deliveries.
    case positionsChanged(EventSourcePositions)
    /// Report that the log lost records before the mapping read them.
    case recordsLost(LostRecords)
    /// Report that the function does not get a transaction as a whole.
    case transactionInParts(TransactionInParts)
}

/// Names a group of discarded records until their destination is settled.
public struct DiscardID: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt64

    public init(number: UInt64) {
        self.number = number
    }

    public var description: String { String(number) }
}

/// Records that the mapping gives up: neighbours of one lane and shard.
public struct Discard: Sendable, Equatable {
    public enum Condition: String, Sendable, CaseIterable {
        case retryAttemptsExhausted = "RetryAttemptsExhausted"
        /// Too old by the mapping's settings, or no longer in the log.
        case recordAgeExceeded = "RecordAgeExceeded"
    }

    public var id: DiscardID
    public var lane: Int
    public var shardID: String
    /// In order, never empty.
    public var records: [RecordReference]
    public var condition: Condition
    /// How often the function was called for exactly this batch; 0 when the records grew too old before.
    public var invokeCount: Int
    /// Why the last call failed; nil when there was none.
    public var failure: InvocationFailure?
    /// The last call; nil when there was none.
    public var lastInvocation: InvocationID?

    public init(
        id: DiscardID, lane: Int, shardID: String, records: [RecordReference], condition: Condition, invokeCount: Int,
        failure: InvocationFailure?, lastInvocation: InvocationID?
    ) {
        self.id = id
        self.lane = lane
        self.shardID = shardID
        self.records = records
        self.condition = condition
        self.invokeCount = invokeCount
        self.failure = failure
        self.lastInvocation = lastInvocation
    }
}

/// A stretch of the log that was trimmed before every lane had read it. Not all of it need have matched the filters.
public struct LostRecords: Sendable, Equatable {
    public var first: UInt64
    /// One past the last.
    public var end: UInt64

    public init(first: UInt64, end: UInt64) {
        self.first = first
        self.end = end
    }

    public var count: UInt64 { end - first }
}

/// What the engine wants to read of the log.
public struct ReadRequest: Sendable, Equatable {
    /// Read what follows this sequence number.
    public var after: UInt64
    /// The last sequence number of a stream that has ended; nil while it goes on.
    public var through: UInt64?
    /// Stop after this many matching records.
    public var recordsMax: Int

    public init(after: UInt64, through: UInt64?, recordsMax: Int) {
        self.after = after
        self.through = through
        self.recordsMax = recordsMax
    }
}
