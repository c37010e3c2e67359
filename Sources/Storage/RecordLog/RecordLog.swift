/// A log of topics with topic partitions, each an ordered, append-only sequence of records numbered by offsets: what streams are published
/// to, and what appliers, handlers and other programs read.
///
/// Implementations: `MemoryRecordLog` (tests, simulation) and `KafkaLog`. One conformance suite runs over both (`Tests/RecordLogTests`).
/// Every call is synchronous and may wait for the network, so they belong on threads of their own. The log itself may be used from any
/// thread; producers and consumers say what they allow.
public protocol RecordLog: Sendable {
    /// Creates the topics that do not exist and compares the settings of those that do; an existing topic is never changed.
    ///
    /// The outcomes are in the order of the specifications. It throws only when the log cannot be asked at all.
    func ensureTopics(_ topics: [TopicSpecification]) throws(RecordLogError) -> [TopicOutcome]

    /// The topics whose names begin with `prefix`, in the order of their names.
    func topics(withPrefix prefix: String) throws(RecordLogError) -> [TopicDescription]

    /// The offsets that can be read now, in the order of `partitions`; all partitions are asked together.
    ///
    /// Errors: `unknownTopic` and `unknownPartition` for one that does not exist, and all that an unreachable log throws.
    func offsets(of partitions: [TopicPartition]) throws(RecordLogError) -> [OffsetRange]

    /// The offsets that a consumer group would go on with, in the order of `partitions`; nil where it has committed none.
    func committedOffsets(
        ofGroup group: String, in partitions: [TopicPartition]
    ) throws(RecordLogError) -> [Int64?]

    /// A new producer. `onDeliveries` is called on one thread of the producer's own, never inside `append`, with every message exactly
    /// once. It must not block for long and must not call the producer's `flush` or `close`.
    func makeProducer(
        _ settings: ProducerSettings, onDeliveries: @escaping @Sendable ([Delivery]) -> Void
    ) throws(RecordLogError) -> any LogProducer

    /// A new reader without a consumer group; it reads nothing until it is assigned.
    func makeReader(_ settings: ReaderSettings) throws(RecordLogError) -> any LogReader

    /// A new member of the consumer group `group` that shares the topics' partitions with the group's other members.
    func makeGroupConsumer(
        group: String, topics: [String], _ settings: GroupSettings
    ) throws(RecordLogError) -> any GroupConsumer
}

/// The offsets of a topic partition from `start` (the oldest record kept) to `end` (the next record's offset), which is not included.
public struct OffsetRange: Sendable, Equatable {
    public var start: Int64
    public var end: Int64

    public init(start: Int64, end: Int64) {
        self.start = start
        self.end = end
    }
}
