/// Appends messages: in order per topic partition, each once as long as the producer lives (idempotent), confirmed by all replicas.
///
/// One thread appends; everything else may be called from any thread. Failures of the network are retried for as long as it takes, in
/// order, unless `ProducerSettings.deliveryTimeoutMilliseconds` says otherwise.
public protocol LogProducer: AnyObject, Sendable {
    /// Queues the messages in their order and returns how many were taken: fewer than given when the queue is full.
    ///
    /// Bytes are copied before it returns. What is wrong with one message (too large, unknown topic partition) is told by its delivery,
    /// and the others go on. Errors: `producerFailed` and `closed`, and then none was taken.
    func append(_ messages: ArraySlice<LogMessage>, to topic: String) throws(RecordLogError) -> Int

    /// Whether the queue has room for another message.
    var hasRoom: Bool { get }

    /// Messages taken whose delivery has not been reported.
    var pendingCount: Int { get }

    /// Waits until every message taken so far has been delivered or has failed, and `onDeliveries` has seen it. Error: `timedOut`.
    func flush(timeoutMilliseconds: Int) throws(RecordLogError)

    /// The error after which only a new producer helps; nil while this one works.
    var failure: RecordLogError? { get }

    /// What keeps messages from being delivered at present; nil when all is well. It goes by itself.
    var trouble: RecordLogError? { get }

    /// Drops what is still queued (reported as failed with `closed`; what was on its way may be in the log all the same) and frees
    /// everything. After it returns `onDeliveries` is not called any more. Calling it again does nothing.
    func close()
}

extension LogProducer {
    /// Queues the messages in their order and returns how many were taken.
    public func append(_ messages: [LogMessage], to topic: String) throws(RecordLogError) -> Int {
        try append(messages[...], to: topic)
    }
}

public struct ProducerSettings: Sendable, Equatable {
    /// Messages queued and on their way, at most.
    public var queueMessagesMax = 4_000
    /// Their bytes, at most; a single larger message is taken by an empty queue.
    public var queueBytesMax = 32 << 20
    /// How long a message waits for others to share its request.
    public var lingerMilliseconds = 0
    public var compression = Compression.zstd
    /// The largest message, with key and headers, before compression.
    public var messageBytesMax = 4 << 20
    /// After this a message fails with `timedOut`; nil retries for ever.
    public var deliveryTimeoutMilliseconds: Int?

    public init() {}
}

/// What became of one message.
public struct Delivery: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case delivered(offset: Int64)
        case failed(RecordLogError)
    }

    /// The message's own.
    public var token: UInt64
    public var partition: Int32
    public var outcome: Outcome

    public init(token: UInt64, partition: Int32, outcome: Outcome) {
        self.token = token
        self.partition = partition
        self.outcome = outcome
    }
}
