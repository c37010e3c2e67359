import CRdKafka
import RecordLog

/// The owner of a producer's handle of one topic.
final class TopicHandle: @unchecked Sendable {
    // @unchecked: librdkafka's topic handles may be used from any thread, and the pointer never changes.
    private let handle: OpaquePointer
    private let client: KafkaClient
    let name: String

    init(_ name: String, of client: KafkaClient) throws(RecordLogError) {
        guard TopicSpecification.isValidName(name) else { throw .invalidTopicName(name) }
        guard let handle = rd_kafka_topic_new(client.handle, name, nil) else {
            throw KafkaFailure(code: rd_kafka_last_error()).recordLogError(topic: name)
        }
        self.handle = handle
        self.client = client
        self.name = name
    }

    deinit {
        rd_kafka_topic_destroy(handle)
    }

    /// Queues a copy of the message.
    func send(_ message: LogMessage) -> rd_kafka_resp_err_t {
        let headers = Self.headers(of: message)
        let code = Self.withBytes(message.key) { key in
            Self.withBytes(message.value) { value in
                tributary_produce(
                    client.handle, handle, message.partition, key.baseAddress, key.count, value.baseAddress,
                    value.count,
                    message.timestampMilliseconds, headers, UnsafeMutableRawPointer(bitPattern: UInt(message.token)))
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR, let headers { rd_kafka_headers_destroy(headers) }
        return code
    }

    /// The receiver owns them.
    private static func headers(of message: LogMessage) -> OpaquePointer? {
        guard message.headers.count > 0 else { return nil }
        let headers = rd_kafka_headers_new(message.headers.count)
        message.headers.visit { name, value in
            // Without an address the value would be missing rather than empty.
            let address = value.baseAddress ?? name.baseAddress
            rd_kafka_header_add(
                headers, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count, address, value.count)
        }
        return headers
    }

    /// nil bytes have no address; empty ones have one, because Kafka tells them apart.
    private static func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard let bytes else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        guard !bytes.isEmpty else {
            return withUnsafeBytes(of: UInt8(0)) { body(UnsafeRawBufferPointer(rebasing: $0[..<0])) }
        }
        return bytes.withUnsafeBytes(body)
    }
}
