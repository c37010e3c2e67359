import CRdKafka
import Logging
public import RecordLog

/// librdkafka's mock cluster: brokers inside this process that any Kafka client on this machine can use. For tests, and for trying out
/// without Kafka.
///
/// Limits (`reference/reliability.md` 2.10): all is in memory; a topic partition keeps 5 MiB and at most 100,000 batches, and loses what
/// is older in silence; it does not compact, fence, authenticate or encrypt; it listens on 127.0.0.1 only, on ports of its choosing;
/// readers are not woken up by a new record, so that it is late by up to their fetch wait. Topics that nobody created have
/// `autoCreatedPartitions` partitions.
public final class MockKafkaCluster: @unchecked Sendable {
    // @unchecked: librdkafka's mock cluster may be used from any thread, and the pointers never change.
    private let cluster: OpaquePointer
    private let host: KafkaClient

    /// Where clients find it: `host:port`, separated by commas.
    public let bootstrapServers: String
    public let brokerCount: Int

    /// Partitions of a topic that comes to be because a client asked for it: fixed in librdkafka.
    public static let autoCreatedPartitions: Int32 = 4

    public init(brokers: Int = 1) throws(RecordLogError) {
        host = try KafkaClient(.producer, KafkaProperties(), logger: Logger(label: "tributary.mock-kafka")) {
            _ throws(KafkaFailure) in
        }
        guard let cluster = rd_kafka_mock_cluster_new(host.handle, CInt(brokers)),
            let servers = rd_kafka_mock_cluster_bootstraps(cluster)
        else {
            throw .failed(reason: "the mock cluster does not start: no free ports on 127.0.0.1?")
        }
        self.cluster = cluster
        brokerCount = brokers
        bootstrapServers = String(cString: servers)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
    }

    public func createTopic(_ name: String, partitions: Int32) throws(RecordLogError) {
        try KafkaFailure.checkCall(
            rd_kafka_mock_topic_create(cluster, name, partitions, CInt(min(brokerCount, 3))), topic: name)
    }

    // MARK: Faults. Brokers are counted from 1.

    /// Closes the broker's connections and refuses new ones, until `setBroker(up:)`.
    public func setBroker(down broker: Int32) throws(RecordLogError) {
        try KafkaFailure.checkCall(rd_kafka_mock_broker_set_down(cluster, broker))
    }

    public func setBroker(up broker: Int32) throws(RecordLogError) {
        try KafkaFailure.checkCall(rd_kafka_mock_broker_set_up(cluster, broker))
    }

    /// Delays every answer of the broker.
    public func setRoundTrip(milliseconds: Int32, ofBroker broker: Int32) throws(RecordLogError) {
        try KafkaFailure.checkCall(rd_kafka_mock_broker_set_rtt(cluster, broker, milliseconds))
    }

    public func setLeader(of partition: TopicPartition, toBroker broker: Int32) throws(RecordLogError) {
        try KafkaFailure.checkCall(
            rd_kafka_mock_partition_set_leader(cluster, partition.topic, partition.partition, broker))
    }

    /// Each of the next requests of this kind is answered with the next of these errors.
    public func inject(_ errors: [MockKafkaError], into kind: MockKafkaRequest) {
        rd_kafka_mock_push_request_errors_array(cluster, kind.rawValue, errors.count, errors.map(\.code))
    }

    public func clearErrors(of kind: MockKafkaRequest) {
        rd_kafka_mock_clear_request_errors(cluster, kind.rawValue)
    }
}

/// The kinds of requests that can be made to fail; the raw values are the protocol's.
public enum MockKafkaRequest: Int16, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case initProducerID = 22
}

/// What a failing request is answered with.
public enum MockKafkaError: Sendable {
    /// The connection breaks instead of an answer.
    case disconnect
    case notLeader
    case notEnoughReplicas
    case requestTimedOut
    case messageTooLarge
    case outOfOrderSequence
    case offsetOutOfRange
    case topicNotAllowed
    case coordinatorNotAvailable

    fileprivate var code: rd_kafka_resp_err_t {
        switch self {
        case .disconnect: RD_KAFKA_RESP_ERR__TRANSPORT
        case .notLeader: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
        case .notEnoughReplicas: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS
        case .requestTimedOut: RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT
        case .messageTooLarge: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
        case .outOfOrderSequence: RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER
        case .offsetOutOfRange: RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
        case .topicNotAllowed: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
        case .coordinatorNotAvailable: RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE
        }
    }
}
