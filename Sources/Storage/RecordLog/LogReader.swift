/// Reads topic partitions from given offsets; no consumer group, nothing is committed. Used by one thread, except `wakeUp`.
public protocol LogReader: AnyObject, Sendable {
    /// From now on reads exactly these topic partitions, from these positions; what was fetched before is dropped.
    ///
    /// Topics that do not exist yet are read as soon as they do.
    func assign(_ positions: [TopicPartition: LogPosition]) throws(RecordLogError)

    /// The next records, grouped by topic partition: waits up to `waitMilliseconds` for the first one. An empty answer says that there
    /// are none, that the log cannot be reached at present (`trouble`), or that it was woken up.
    ///
    /// `bytesMax` ends the batch after the record that reaches it, so that one record always comes, however large.
    /// Errors: `offsetOutOfRange` for a partition whose position has left the log, once; the other partitions go on.
    /// Authentication and permission errors are thrown too.
    func poll(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> [RecordBatch]

    /// What keeps records from coming at present; nil when all is well. It goes by itself.
    var trouble: RecordLogError? { get }

    /// Makes a `poll` that waits, or the next one, return at once. From any thread.
    func wakeUp()

    /// Frees everything; calling it again does nothing.
    func close()
}

/// Where reading begins.
public enum LogPosition: Sendable, Hashable {
    /// This record, or the first one after it that is still there.
    case offset(Int64)
    /// The oldest record that is kept.
    case start
    /// The first record that is appended after the assignment.
    case end
}

public struct ReaderSettings: Sendable, Equatable {
    /// How long a broker holds a fetch that finds nothing. On the mock cluster this is the delay of every record, because it does not
    /// wake up when one comes.
    public var fetchWaitMilliseconds = 10
    /// Fetched and not yet polled, for all topic partitions together.
    public var prefetchBytesMax = 16 << 20

    public init() {}
}
