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
