/// A member of a consumer group. Used by one thread, except `wakeUp`.
///
/// At least once: after a crash or a change of the membership, records that were read and not committed come again, perhaps elsewhere.
public protocol GroupConsumer: AnyObject, Sendable {
    /// The next thing that happened. Must be called at least every few minutes, or the group takes the partitions away.
    func poll(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> GroupEvent

    /// Reads these partitions, which must be assigned, from other positions.
    func seek(_ positions: [TopicPartition: LogPosition]) throws(RecordLogError)

    /// `poll` gives no records of these partitions until they are resumed; it goes on with the others and keeps the membership alive.
    /// Partitions that are not assigned are ignored, and a new assignment begins unpaused.
    func pause(_ partitions: Set<TopicPartition>) throws(RecordLogError)

    /// `poll` goes on right behind the last record that it gave of each partition.
    func resume(_ partitions: Set<TopicPartition>) throws(RecordLogError)

    /// Stores, for the group, the offset of the next record to read of each partition; returns when the log has it.
    func commit(_ offsets: [TopicPartition: Int64]) throws(RecordLogError)

    /// What keeps records from coming at present; nil when all is well. It goes by itself.
    var trouble: RecordLogError? { get }

    /// Makes a `poll` that waits, or the next one, return at once. From any thread.
    func wakeUp()

    /// Leaves the group, so that the others take over at once, and frees everything; calling it again does nothing.
    func close()
}

public enum GroupEvent: Sendable, Equatable {
    /// Nothing came within the time.
    case idle
    case records([RecordBatch])
    /// These partitions are this member's from now on. They start at the group's committed offsets; `seek` before the next `poll` starts
    /// them elsewhere.
    case assigned([TopicPartition])
    /// These partitions are no longer this member's. What it has finished must be committed before the next `poll`, which gives them away.
    case revoked([TopicPartition])
    /// As `revoked`, but someone else may have them already: a commit would fail.
    case lost([TopicPartition])
}

public struct GroupSettings: Sendable, Equatable {
    /// Where a partition begins that the group has never committed.
    public var startsAtEnd = false
    /// After this time without a sign of life the group takes a member's partitions away.
    public var sessionTimeoutMilliseconds = 10_000
    public var reader = ReaderSettings()

    public init() {}
}
