import EventSource
import RecordLog

/// A topic partition that the group has given to this process, for as long as it has it.
struct AssignedPartition {
    /// How long an offset waits to be committed after a batch was finished, so that short batches share a commit; in milliseconds.
    static let commitDelayMilliseconds: UInt64 = 100
    /// The same when the offset moved only over messages that nobody was called for.
    static let idleCommitDelayMilliseconds: UInt64 = 1_000

    /// Unique in the member: answers to calls of an earlier assignment do not count.
    let run: UInt64
    let partition: TopicPartition
    var source: PartitionSource
    /// What Kafka holds; nil when the group never committed here and its beginning must be kept.
    var committedOffset: Int64?
    var hasFinishedBatch = false
    var commitMilliseconds: UInt64 = 0
    var isPaused = false
    /// One past the last offset when it was asked for last.
    var end: Int64
    /// Request ids of calls that are under way and of the last one for each lane, as failures name them.
    var requestIDs: [InvocationID: String] = [:]

    /// When its offset is to be committed; nil when there is nothing new.
    var commitDueMilliseconds: UInt64? {
        guard let committedOffset else { return commitMilliseconds + Self.commitDelayMilliseconds }
        guard committedOffset != source.committableOffset else { return nil }
        return commitMilliseconds
            + (hasFinishedBatch ? Self.commitDelayMilliseconds : Self.idleCommitDelayMilliseconds)
    }

    var lag: Int64 { max(0, end - (committedOffset ?? source.committableOffset)) }
}
