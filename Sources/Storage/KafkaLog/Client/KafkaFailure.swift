import CRdKafka
import RecordLog

/// What librdkafka or a broker answered when a call failed.
struct KafkaFailure: Error {
    let code: rd_kafka_resp_err_t
    let text: String

    init(code: rd_kafka_resp_err_t, text: String? = nil) {
        self.code = code
        self.text = text ?? String(cString: rd_kafka_err2str(code))
    }

    /// Takes over an error object; nil when there is none.
    init?(consuming error: OpaquePointer?) {
        guard let error else { return nil }
        defer { rd_kafka_error_destroy(error) }
        self.init(code: rd_kafka_error_code(error), text: String(cString: rd_kafka_error_string(error)))
    }

    /// Throws unless the code means success.
    static func checkCall(
        _ code: rd_kafka_resp_err_t, topic: String? = nil, partition: Int32? = nil
    ) throws(RecordLogError) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaFailure(code: code).recordLogError(topic: topic, partition: partition)
    }

    /// The error of a call about `topic`, or about one of its partitions.
    func recordLogError(topic: String? = nil, partition: Int32? = nil) -> RecordLogError {
        switch code {
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
            .timedOut(reason: text)
        case _ where Self.unavailableCodes.contains(code.rawValue):
            .unavailable(reason: text)
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
            .producerFailed(reason: text)
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
            .messageTooLarge(reason: text)
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            topic.map { .unknownTopic($0) } ?? .failed(reason: text)
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            unknownPartition(topic, partition)
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            outOfRange(topic, partition)
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
            .authentication(reason: text)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
            .notAllowed(reason: text)
        case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            topic.map { .invalidTopicName($0) } ?? .failed(reason: text)
        case RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
            RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
            .invalidConfiguration(reason: text)
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__DESTROY:
            .closed
        default:
            .failed(reason: text)
        }
    }

    /// They pass by themselves.
    private static let unavailableCodes = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        ].map(\.rawValue))

    private func unknownPartition(_ topic: String?, _ partition: Int32?) -> RecordLogError {
        guard let topic else { return .failed(reason: text) }
        return partition.map { .unknownPartition(TopicPartition(topic, $0)) } ?? .unknownTopic(topic)
    }

    private func outOfRange(_ topic: String?, _ partition: Int32?) -> RecordLogError {
        guard let topic, let partition else { return .failed(reason: text) }
        return .offsetOutOfRange(TopicPartition(topic, partition))
    }
}
