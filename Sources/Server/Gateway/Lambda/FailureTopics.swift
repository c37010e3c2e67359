import ChangeMessage
import Dispatch
import EventSources
import Functions
import LogTransport
import Logging
import RecordLog
import Synchronization
import WireProtocol

/// Writes batches that were given up to Kafka topics of the user's: AWS's failure record as the value, the function's name as the key.
///
/// A topic that does not exist is made, with one partition and the broker's settings.
final class FailureTopics: Sendable {
    /// How long a message may wait for Kafka before the records count as refused, in milliseconds.
    private static let deliveryTimeoutMilliseconds = 30_000
    /// How long the end of the process may wait for messages under way, in milliseconds.
    private static let flushMilliseconds = 3_000

    typealias Completion = @Sendable (String?) -> Void

    private struct State {
        var producer: (any LogProducer)?
        var partitions: [String: Int32] = [:]
        var waiting: [UInt64: Completion] = [:]
        var messagesCount: UInt64 = 0
    }

    private let topics: RegionTopics
    private let logger: Logger
    /// Everything that asks Kafka, which may take its time.
    private let queue: DispatchQueue
    private let state = Mutex(State())

    init(_ topics: RegionTopics, logger: Logger) {
        self.topics = topics
        self.logger = logger
        queue = DispatchQueue(label: "failure-topics.\(topics.region)")
    }

    /// Why a topic cannot take what is given up.
    var refusals: MappingFacts.RefusalOfTopic { Self.refusals(prefix: topics.names.prefix) }

    static func refusals(_ kafka: TransportConfiguration?) -> MappingFacts.RefusalOfTopic {
        guard let kafka else { return MappingFacts.noKafka }
        return refusals(prefix: kafka.names.prefix)
    }

    private static func refusals(prefix: String) -> MappingFacts.RefusalOfTopic {
        { topic in refusal(of: topic, prefix: prefix) }
    }

    private static func refusal(of topic: String, prefix: String) -> String? {
        guard TopicSpecification.isValidName(topic) else { return "Kafka does not take it as a topic's name" }
        let own = [".changes", ".state", ".control"]
        guard !topic.hasPrefix(prefix + ".") || !own.contains(where: topic.hasSuffix) else {
            return "it is a topic of Tributary's own"
        }
        return nil
    }

    /// - Parameter completion: gets why Kafka did not take the message, or nil.
    func publish(_ topic: String, key: [UInt8], value: [UInt8], completion: @escaping Completion) {
        queue.async { [self] in
            do throws(RecordLogError) {
                try append(topic, key: key, value: value, completion)
            } catch {
                completion("\(error)")
            }
        }
    }

    private func append(
        _ topic: String, key: [UInt8], value: [UInt8], _ completion: @escaping Completion
    ) throws(RecordLogError) {
        let partitions = try partitions(of: topic)
        let producer = try producer()
        let token = state.withLock { state in
            state.messagesCount += 1
            state.waiting[state.messagesCount] = completion
            return state.messagesCount
        }
        var headers = LogHeaders()
        headers.append("content-type", "application/json")
        let message = LogMessage(
            partition: MessageKey.partition(of: key, among: partitions), key: key, value: value, headers: headers,
            timestampMilliseconds: Int64(FunctionClock.system.wallMilliseconds()), token: token)
        let taken: Int
        do throws(RecordLogError) {
            taken = try producer.append([message], to: topic)
        } catch {
            _ = state.withLock { $0.waiting.removeValue(forKey: token) }
            throw error
        }
        if taken == 0 { settle(token, "too many failed batches wait for Kafka") }
    }

    private func partitions(of topic: String) throws(RecordLogError) -> Int32 {
        if let known = state.withLock({ $0.partitions[topic] }) { return known }
        func found() throws(RecordLogError) -> Int32? {
            try topics.log.topics(withPrefix: topic).first { $0.name == topic }?.partitions
        }
        var count = try found()
        if count == nil {
            let specification = TopicSpecification(name: topic, settings: TopicSettings(partitions: 1))
            if case .failed(let error)? = try topics.log.ensureTopics([specification]).first { throw error }
            logger.notice("a topic for failed batches was made", metadata: ["topic": "\(topic)"])
            count = try found() ?? 1
        }
        let partitions = count ?? 1
        state.withLock { $0.partitions[topic] = partitions }
        return partitions
    }

    private func producer() throws(RecordLogError) -> any LogProducer {
        if let producer = state.withLock({ $0.producer }), producer.failure == nil { return producer }
        var settings = ProducerSettings()
        settings.deliveryTimeoutMilliseconds = Self.deliveryTimeoutMilliseconds
        // A batch's payload, escaped once more.
        settings.messageBytesMax = 16 << 20
        let new = try topics.log.makeProducer(settings) { [weak self] deliveries in
            for delivery in deliveries {
                switch delivery.outcome {
                case .delivered: self?.settle(delivery.token, nil)
                case .failed(let error): self?.settle(delivery.token, "\(error)")
                }
            }
        }
        let old = state.withLock { state in
            defer { state.producer = new }
            return state.producer
        }
        old?.close()
        return new
    }

    private func settle(_ token: UInt64, _ refusal: String?) {
        state.withLock { $0.waiting.removeValue(forKey: token) }?(refusal)
    }

    func stop() {
        queue.sync {
            guard let producer = state.withLock({ $0.producer }) else { return }
            // What does not arrive in time is delivered again after a restart: its offset is not committed.
            try? producer.flush(timeoutMilliseconds: Self.flushMilliseconds)
            producer.close()
        }
    }
}

extension FunctionCalls {
    /// The functions of a region, and where its failed batches go.
    init(_ functions: FunctionRegistry, _ posts: FailurePosts, _ topics: FailureTopics?) {
        self.init(
            invoke: { functions.invoke($0, $1, completion: $2) },
            enqueue: { name, payload in
                functions.invokeLater(name, Functions.Invocation(requestID: RandomUUID.make(), payload: payload))
                    .map { "\($0)" }
            },
            post: { posts.post($1, to: $0, completion: $2) },
            publish: { topic, key, value, completion in
                guard let topics else { return completion(MappingFacts.noKafka(topic)) }
                topics.publish(topic, key: key, value: value, completion: completion)
            })
    }
}
