import CRdKafka
public import Logging
public import RecordLog

/// The record log on a Kafka cluster.
///
/// It keeps one connection of its own for questions; every producer, reader and group member has its own.
public final class KafkaLog: RecordLog {
    private let properties: KafkaProperties
    private let logger: Logger
    private let admin: KafkaClient
    private let kafkaTopics: KafkaTopics
    private let kafkaOffsets: KafkaOffsets
    /// Kept alive for as long as this log uses it.
    private let mockCluster: MockKafkaCluster?

    /// The log of the cluster that the properties name. It does not wait for the cluster to be there; questions to it wait up to the
    /// request timeout.
    ///
    /// Errors: `invalidConfiguration`, when properties do not fit each other or name files that cannot be read.
    public convenience init(
        _ properties: KafkaProperties, requestTimeoutMilliseconds: Int = 10_000, logger: Logger
    ) throws(RecordLogError) {
        guard properties.bootstrapServers != nil else {
            throw .invalidConfiguration(reason: "no Kafka brokers are named (bootstrap.servers)")
        }
        try self.init(
            properties, mockCluster: nil, requestTimeoutMilliseconds: requestTimeoutMilliseconds, logger: logger)
    }

    /// The log of a mock cluster of this process.
    public convenience init(
        _ mockCluster: MockKafkaCluster, _ properties: KafkaProperties = KafkaProperties(),
        requestTimeoutMilliseconds: Int = 10_000, logger: Logger
    ) throws(RecordLogError) {
        let servers = try KafkaProperties(bootstrapServers: mockCluster.bootstrapServers)
        try self.init(
            properties.merging(servers), mockCluster: mockCluster,
            requestTimeoutMilliseconds: requestTimeoutMilliseconds, logger: logger)
    }

    private init(
        _ properties: KafkaProperties, mockCluster: MockKafkaCluster?, requestTimeoutMilliseconds: Int, logger: Logger
    ) throws(RecordLogError) {
        self.properties = properties
        self.mockCluster = mockCluster
        self.logger = logger
        admin = try KafkaClient(
            .producer, properties, requestTimeoutMilliseconds: requestTimeoutMilliseconds, logger: logger
        ) { _ throws(KafkaFailure) in }
        kafkaTopics = KafkaTopics(client: admin, mockCluster: mockCluster)
        kafkaOffsets = KafkaOffsets(client: admin)
    }

    /// The version of librdkafka, as in `2.0.2`.
    public static var clientVersion: String { String(cString: rd_kafka_version_str()) }

    public func ensureTopics(_ topics: [TopicSpecification]) throws(RecordLogError) -> [TopicOutcome] {
        try kafkaTopics.ensure(topics)
    }

    public func topics(withPrefix prefix: String) throws(RecordLogError) -> [TopicDescription] {
        try kafkaTopics.list().filter { $0.name.hasPrefix(prefix) }
            .map { TopicDescription(name: $0.name, partitions: $0.partitions) }
            .sorted { $0.name < $1.name }
    }

    public func offsets(of partitions: [TopicPartition]) throws(RecordLogError) -> [OffsetRange] {
        try kafkaOffsets.ranges(of: partitions)
    }

    public func committedOffsets(
        ofGroup group: String, in partitions: [TopicPartition]
    ) throws(RecordLogError) -> [Int64?] {
        try kafkaOffsets.committed(ofGroup: group, in: partitions)
    }

    public func makeProducer(
        _ settings: ProducerSettings, onDeliveries: @escaping @Sendable ([Delivery]) -> Void
    ) throws(RecordLogError) -> any LogProducer {
        try KafkaProducer(properties, settings, logger: logger, onDeliveries: onDeliveries)
    }

    public func makeReader(_ settings: ReaderSettings) throws(RecordLogError) -> any LogReader {
        try KafkaReader(properties, settings, offsets: kafkaOffsets, logger: logger)
    }

    public func makeGroupConsumer(
        group: String, topics: [String], _ settings: GroupSettings
    ) throws(RecordLogError) -> any GroupConsumer {
        try KafkaGroupConsumer(
            group: group, topics: topics, properties, settings, offsets: kafkaOffsets, logger: logger)
    }
}
