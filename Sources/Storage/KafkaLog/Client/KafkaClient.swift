import CRdKafka
import Logging
import RecordLog

/// The owner of a librdkafka client and of the context of its callbacks.
///
/// It destroys both when it goes, after everything that holds a reference to it: topic handles, queues, lists.
final class KafkaClient: @unchecked Sendable {
    // @unchecked: librdkafka's clients may be used from any thread, and the pointers never change.
    let handle: OpaquePointer
    let context: ClientContext
    private let retainedContext: Unmanaged<ClientContext>
    private let kind: Kind

    static let defaultRequestTimeoutMilliseconds = 10_000

    /// How long a call waits for a broker's answer.
    let requestTimeoutMilliseconds: CInt

    var isReader: Bool { kind == .reader }

    enum Kind { case producer, reader, groupMember }

    /// Errors: `invalidConfiguration`, when a property is wrong only together with others or with this machine (files, certificates).
    init(
        _ kind: Kind, _ properties: KafkaProperties,
        requestTimeoutMilliseconds: Int = defaultRequestTimeoutMilliseconds,
        logger: Logger,
        configure: (borrowing ClientConfiguration) throws(KafkaFailure) -> Void
    ) throws(RecordLogError) {
        self.kind = kind
        self.requestTimeoutMilliseconds = CInt(requestTimeoutMilliseconds)
        context = ClientContext(logger: logger)
        retainedContext = Unmanaged.passRetained(context)
        let configuration = ClientConfiguration()
        var text = ErrorText()
        do {
            try Self.setDefaults(configuration)
            try configure(configuration)
            try properties.apply(to: configuration)
        } catch {
            retainedContext.release()
            throw .invalidConfiguration(reason: properties.redacted(error.text))
        }
        configuration.setCallbacks(to: retainedContext)
        // A successful client owns the configuration it was given; ours is freed by its own owner.
        let copy = configuration.copy()
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let handle = text.write({ rd_kafka_new(type, copy, $0, $1) }) else {
            rd_kafka_conf_destroy(copy)
            retainedContext.release()
            throw .invalidConfiguration(reason: properties.redacted(text.string))
        }
        self.handle = handle
    }

    deinit {
        // A reader is in no group, so there is nothing to close; a group member has closed before.
        let flags = kind == .producer ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE
        rd_kafka_destroy_flags(handle, CInt(flags))
        retainedContext.release()
    }

    private static func setDefaults(_ configuration: borrowing ClientConfiguration) throws(KafkaFailure) {
        try configuration.set("client.id", to: "tributary")
        // A broker that is back is found within a second.
        try configuration.set("reconnect.backoff.max.ms", to: 1_000)
        try configuration.set("socket.nagle.disable", to: "true")
        // A request whose answer got lost is repeated after this.
        try configuration.set("socket.timeout.ms", to: 10_000)
        try configuration.set("socket.keepalive.enable", to: "true")
        try configuration.set("log.connection.close", to: "false")
    }

    /// Whether any broker answers within the time.
    func isAnswered(timeoutMilliseconds: Int) -> Bool {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle, 0, nil, &metadata, CInt(timeoutMilliseconds))
        if let metadata { rd_kafka_metadata_destroy(metadata) }
        return code == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// The error after which a producer cannot go on; nil when there is none.
    var fatalError: RecordLogError? {
        var text = ErrorText()
        let code = text.write { rd_kafka_fatal_error(handle, $0, $1) }
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : .producerFailed(reason: text.string)
    }
}

/// The owner of a reference to a queue of events or records of a client.
final class KafkaQueue: @unchecked Sendable {
    // @unchecked: librdkafka's queues may be used from any thread, and the pointer never changes.
    let handle: OpaquePointer
    private let client: KafkaClient

    /// Takes the reference over.
    init(_ handle: OpaquePointer, of client: KafkaClient) {
        self.handle = handle
        self.client = client
    }

    deinit {
        rd_kafka_queue_destroy(handle)
    }
}
