import CRdKafka
import RecordLog

/// Creates, lists and compares topics, through a client that neither produces nor consumes.
final class KafkaTopics: Sendable {
    private let client: KafkaClient
    /// The cluster, when it is a mock cluster of this process: it cannot be asked to create topics by its protocol.
    private let mockCluster: MockKafkaCluster?

    init(client: KafkaClient, mockCluster: MockKafkaCluster?) {
        self.client = client
        self.mockCluster = mockCluster
    }

    // MARK: Listing

    struct Listed {
        let name: String
        let partitions: Int32
        let replicationFactor: Int16
    }

    /// All topics. (Asking for one by name might create it.)
    func list() throws(RecordLogError) -> [Listed] {
        try metadata(of: nil)
    }

    private func metadata(of topic: OpaquePointer?) throws(RecordLogError) -> [Listed] {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(
            client.handle, topic == nil ? 1 : 0, topic, &answer, client.requestTimeoutMilliseconds)
        try KafkaFailure.checkCall(code)
        guard let answer else { return [] }
        defer { rd_kafka_metadata_destroy(answer) }
        return (0..<Int(answer.pointee.topic_cnt)).map { index in
            let topic = answer.pointee.topics[index]
            let replicas = topic.partition_cnt > 0 ? topic.partitions[0].replica_cnt : 0
            return Listed(
                name: String(cString: topic.topic), partitions: Int32(topic.partition_cnt),
                replicationFactor: Int16(clamping: replicas))
        }
    }

    // MARK: Creating

    func ensure(_ topics: [TopicSpecification]) throws(RecordLogError) -> [TopicOutcome] {
        guard !topics.isEmpty else { return [] }
        if let mockCluster { return try ensure(topics, on: mockCluster) }
        if try isMockCluster() { return try ensureByAsking(topics) }
        let created: [String: KafkaFailure?]
        do throws(KafkaFailure) {
            created = try create(topics.filter { TopicSpecification.isValidName($0.name) })
        } catch {
            throw error.recordLogError()
        }
        let existing = topics.filter { created[$0.name]??.code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS }
        let compared = try compare(existing)
        return topics.map { topic in
            guard let result = created[topic.name] else { return .failed(.invalidTopicName(topic.name)) }
            guard let failure = result else { return .created }
            return compared[topic.name] ?? .failed(failure.recordLogError(topic: topic.name))
        }
    }

    /// For each topic nil when it was created, and why not otherwise.
    private func create(_ topics: [TopicSpecification]) throws(KafkaFailure) -> [String: KafkaFailure?] {
        guard !topics.isEmpty else { return [:] }
        var requests: [OpaquePointer?] = []
        defer { rd_kafka_NewTopic_destroy_array(&requests, requests.count) }
        for topic in topics {
            let request = try Self.request(topic)
            requests.append(request)
        }
        let answer = try AdminAnswer(from: client, RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
            rd_kafka_CreateTopics(client.handle, &requests, requests.count, options, queue)
        }
        return answer.withEvent(Self.creations)
    }

    private static func creations(in event: OpaquePointer) -> [String: KafkaFailure?] {
        var results: [String: KafkaFailure?] = [:]
        var count = 0
        guard let result = rd_kafka_event_CreateTopics_result(event),
            let found = rd_kafka_CreateTopics_result_topics(result, &count)
        else { return [:] }
        for case let topic? in UnsafeBufferPointer(start: found, count: count) {
            let code = rd_kafka_topic_result_error(topic)
            let text = rd_kafka_topic_result_error_string(topic).map { String(cString: $0) }
            let failure = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaFailure(code: code, text: text)
            results[String(cString: rd_kafka_topic_result_name(topic))] = .some(failure)
        }
        return results
    }

    /// The receiver owns it.
    private static func request(_ topic: TopicSpecification) throws(KafkaFailure) -> OpaquePointer {
        var text = ErrorText()
        let replicationFactor = CInt(topic.settings.replicationFactor ?? -1)
        let request = text.write {
            rd_kafka_NewTopic_new(topic.name, topic.settings.partitions, replicationFactor, $0, $1)
        }
        guard let request else { throw KafkaFailure(code: RD_KAFKA_RESP_ERR__INVALID_ARG, text: text.string) }
        for (name, value) in topic.settings.byBrokerName {
            rd_kafka_NewTopic_set_config(request, name, value)
        }
        return request
    }

    // MARK: Comparing

    private func compare(_ topics: [TopicSpecification]) throws(RecordLogError) -> [String: TopicOutcome] {
        guard !topics.isEmpty else { return [:] }
        let listed = Dictionary(try list().map { ($0.name, $0) }) { first, _ in first }
        let settings: [String: [String: String]]
        do throws(KafkaFailure) {
            settings = try describe(topics.map(\.name))
        } catch {
            return Self.unchecked(topics, listed, reason: error.text)
        }
        var outcomes: [String: TopicOutcome] = [:]
        for topic in topics {
            guard let found = listed[topic.name], let settings = settings[topic.name] else {
                outcomes.merge(Self.unchecked([topic], listed, reason: "the broker does not tell its settings")) { $1 }
                continue
            }
            let differences = topic.settings.differences(
                found: settings, partitions: found.partitions, replicationFactor: found.replicationFactor)
            outcomes[topic.name] = differences.isEmpty ? .existed : .existedWithOtherSettings(differences)
        }
        return outcomes
    }

    private static func unchecked(
        _ topics: [TopicSpecification], _ listed: [String: Listed], reason: String
    ) -> [String: TopicOutcome] {
        var outcomes: [String: TopicOutcome] = [:]
        for topic in topics {
            guard let found = listed[topic.name] else {
                outcomes[topic.name] = .failed(.unknownTopic(topic.name))
                continue
            }
            let wanted = String(topic.settings.partitions)
            let difference = SettingDifference(name: "partitions", wanted: wanted, found: String(found.partitions))
            outcomes[topic.name] =
                found.partitions == topic.settings.partitions
                ? .existedUnchecked(reason: reason) : .existedWithOtherSettings([difference])
        }
        return outcomes
    }

    /// The settings of the topics that the broker describes, by the broker's names.
    private func describe(_ topics: [String]) throws(KafkaFailure) -> [String: [String: String]] {
        var requests = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { rd_kafka_ConfigResource_destroy_array(&requests, requests.count) }
        let answer = try AdminAnswer(from: client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
            rd_kafka_DescribeConfigs(client.handle, &requests, requests.count, options, queue)
        }
        return answer.withEvent(Self.descriptions)
    }

    private static func descriptions(in event: OpaquePointer) -> [String: [String: String]] {
        var count = 0
        guard let result = rd_kafka_event_DescribeConfigs_result(event),
            let resources = rd_kafka_DescribeConfigs_result_resources(result, &count)
        else { return [:] }
        var settings: [String: [String: String]] = [:]
        for case let resource? in UnsafeBufferPointer(start: resources, count: count)
        where rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR {
            settings[String(cString: rd_kafka_ConfigResource_name(resource))] = entries(of: resource)
        }
        return settings
    }

    private static func entries(of resource: OpaquePointer) -> [String: String] {
        var count = 0
        guard let entries = rd_kafka_ConfigResource_configs(resource, &count) else { return [:] }
        var found: [String: String] = [:]
        for case let entry? in UnsafeBufferPointer(start: entries, count: count) {
            guard let value = rd_kafka_ConfigEntry_value(entry) else { continue }
            found[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
        }
        return found
    }

    // MARK: Mock clusters

    private static let mockReason = "a mock cluster has no settings"

    private func ensure(
        _ topics: [TopicSpecification], on mockCluster: MockKafkaCluster
    ) throws(RecordLogError) -> [TopicOutcome] {
        let listed = Dictionary(try list().map { ($0.name, $0) }) { first, _ in first }
        return topics.map { topic in
            guard TopicSpecification.isValidName(topic.name) else { return .failed(.invalidTopicName(topic.name)) }
            if listed[topic.name] != nil {
                return Self.unchecked([topic], listed, reason: Self.mockReason)[topic.name] ?? .existed
            }
            do throws(RecordLogError) {
                try mockCluster.createTopic(topic.name, partitions: topic.settings.partitions)
                return .created
            } catch {
                return .failed(error)
            }
        }
    }

    /// Whether it is a mock cluster, by the name that those give themselves. It would leave a request to create topics unanswered.
    private func isMockCluster() throws(RecordLogError) -> Bool {
        _ = try list()
        guard let name = rd_kafka_clusterid(client.handle, client.requestTimeoutMilliseconds) else { return false }
        defer { rd_kafka_mem_free(client.handle, name) }
        return String(cString: name).hasPrefix("mockCluster")
    }

    /// A mock cluster of another process creates a topic when it is asked for it, with a number of partitions of its own.
    private func ensureByAsking(_ topics: [TopicSpecification]) throws(RecordLogError) -> [TopicOutcome] {
        var outcomes: [TopicOutcome] = []
        for topic in topics {
            guard TopicSpecification.isValidName(topic.name) else {
                outcomes.append(.failed(.invalidTopicName(topic.name)))
                continue
            }
            let handle = rd_kafka_topic_new(client.handle, topic.name, nil)
            defer { if let handle { rd_kafka_topic_destroy(handle) } }
            let listed = Dictionary(try metadata(of: handle).map { ($0.name, $0) }) { first, _ in first }
            outcomes.append(Self.unchecked([topic], listed, reason: Self.mockReason)[topic.name] ?? .existed)
        }
        return outcomes
    }
}
