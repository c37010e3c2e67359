import CRdKafka
import Dispatch
import Logging
import RecordLog
import Synchronization

/// The idempotent producer: acks=all, up to five requests on their way, retries in order by librdkafka.
///
/// Messages are copied once, into librdkafka's queue. Their tokens travel as librdkafka's opaque values, so that nothing is kept for
/// them here and nothing can leak.
final class KafkaProducer: LogProducer {
    private let client: KafkaClient
    private let settings: ProducerSettings
    private let topics = Mutex<[String: TopicHandle]>([:])
    private let reports: DeliveryReports

    init(
        _ properties: KafkaProperties, _ settings: ProducerSettings, logger: Logger,
        onDeliveries: @escaping @Sendable ([Delivery]) -> Void
    ) throws(RecordLogError) {
        self.settings = settings
        client = try KafkaClient(.producer, properties, logger: logger) { configuration throws(KafkaFailure) in
            try Self.configure(configuration, settings, logger: logger)
        }
        reports = DeliveryReports(client: client, onDeliveries: onDeliveries)
        reports.start()
    }

    deinit {
        reports.stop()
    }

    /// Room in a message for what Kafka adds to key, value and headers.
    private static let messageOverheadBytes = 64 << 10

    private static func configure(
        _ configuration: borrowing ClientConfiguration, _ settings: ProducerSettings, logger: Logger
    ) throws(KafkaFailure) {
        try configuration.set("enable.idempotence", to: "true")
        try configuration.set("linger.ms", to: settings.lingerMilliseconds)
        try configuration.set("message.max.bytes", to: settings.messageBytesMax + messageOverheadBytes)
        try configuration.set("message.timeout.ms", to: settings.deliveryTimeoutMilliseconds ?? 0)
        // The limits here are looser than ours, which count before librdkafka does.
        try configuration.set("queue.buffering.max.messages", to: settings.queueMessagesMax + 1)
        let kilobytes = (settings.queueBytesMax + 2 * (settings.messageBytesMax + messageOverheadBytes)) >> 10
        try configuration.set("queue.buffering.max.kbytes", to: 2 * kilobytes)
        try setCompression(configuration, settings.compression, logger: logger)
        configuration.setEvents(RD_KAFKA_EVENT_DR)
    }

    /// Builds of librdkafka may lack a codec.
    private static func setCompression(
        _ configuration: borrowing ClientConfiguration, _ compression: Compression, logger: Logger
    ) throws(KafkaFailure) {
        do {
            try configuration.set("compression.codec", to: compression.rawValue)
        } catch {
            logger.warning("this librdkafka cannot compress with \(compression.rawValue): \(error.text); lz4 instead")
            try configuration.set("compression.codec", to: Compression.lz4.rawValue)
        }
    }

    func append(_ messages: ArraySlice<LogMessage>, to topic: String) throws(RecordLogError) -> Int {
        if let failure { throw failure }
        let topic = try handle(of: topic)
        var taken = 0
        for message in messages {
            guard hasRoom else { break }
            guard message.byteCount <= settings.messageBytesMax else {
                reports.reject(message, Self.tooLarge(message, max: settings.messageBytesMax))
                taken += 1
                continue
            }
            reports.willSend(message)
            let code = topic.send(message)
            switch code {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                taken += 1
            case RD_KAFKA_RESP_ERR__QUEUE_FULL:
                reports.didNotSend(message)
                return taken
            case RD_KAFKA_RESP_ERR__FATAL:
                reports.didNotSend(message)
                guard taken == 0 else { return taken }
                throw failure ?? .producerFailed(reason: KafkaFailure(code: code).text)
            default:
                reports.didNotSend(message)
                let error = KafkaFailure(code: code).recordLogError(topic: topic.name, partition: message.partition)
                reports.reject(message, error)
                taken += 1
            }
        }
        return taken
    }

    private static func tooLarge(_ message: LogMessage, max: Int) -> RecordLogError {
        .messageTooLarge(reason: "\(message.byteCount) bytes, at most \(max) are allowed")
    }

    private func handle(of name: String) throws(RecordLogError) -> TopicHandle {
        try topics.withLock { topics throws(RecordLogError) in
            if let known = topics[name] { return known }
            let handle = try TopicHandle(name, of: client)
            topics[name] = handle
            return handle
        }
    }

    var pendingCount: Int { reports.pendingCount }

    var hasRoom: Bool {
        reports.pendingCount < settings.queueMessagesMax && reports.pendingBytes < settings.queueBytesMax
    }

    func flush(timeoutMilliseconds: Int) throws(RecordLogError) {
        try reports.waitForAll(timeoutMilliseconds: timeoutMilliseconds)
    }

    var failure: RecordLogError? { reports.isStopped ? .closed : client.fatalError }

    var trouble: RecordLogError? { pendingCount > 0 ? client.context.trouble : nil }

    func close() {
        reports.stop()
        topics.withLock { $0 = [:] }
    }
}
