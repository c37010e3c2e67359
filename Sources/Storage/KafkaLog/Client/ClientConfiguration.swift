import CRdKafka

/// The owner of a configuration until a client takes it over.
struct ClientConfiguration: ~Copyable {
    /// For the extensions that set callbacks, which borrow the configuration for as long as they use it.
    let handle: OpaquePointer

    init() {
        handle = rd_kafka_conf_new()
    }

    deinit {
        rd_kafka_conf_destroy(handle)
    }

    func set(_ name: String, to value: String) throws(KafkaFailure) {
        var text = ErrorText()
        let code = text.write { rd_kafka_conf_set(handle, name, value, $0, $1) }
        guard code == RD_KAFKA_CONF_OK else {
            throw KafkaFailure(code: RD_KAFKA_RESP_ERR__INVALID_ARG, text: text.string)
        }
    }

    /// Events of these kinds are for the client's queue.
    func setEvents(_ kinds: CInt) {
        rd_kafka_conf_set_events(handle, kinds)
    }

    /// A copy that nobody owns yet.
    func copy() -> OpaquePointer? {
        rd_kafka_conf_dup(handle)
    }

    func set(_ name: String, to value: Int) throws(KafkaFailure) {
        try set(name, to: String(value))
    }
}

/// A buffer for the texts that C calls write.
struct ErrorText {
    private var bytes = [CChar](repeating: 0, count: 512)

    mutating func write<Result>(_ call: (UnsafeMutablePointer<CChar>?, Int) -> Result) -> Result {
        let count = bytes.count
        return bytes.withUnsafeMutableBufferPointer { call($0.baseAddress, count) }
    }

    var string: String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
