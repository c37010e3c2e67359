import CRdKafka
import Foundation
import RecordLog

/// librdkafka on its own C interface, as a C program would use it: the same bytes, the same settings.
struct KafkaBaseline {
    let servers: String

    private static let queueMessagesMax = ProducerSettings().queueMessagesMax

    /// Produces the messages over and over until `count` are delivered.
    func produce(_ messages: [LogMessage], count: Int, to topic: String) throws(BenchmarkFailure) -> Int {
        let client = try makeClient(
            RD_KAFKA_PRODUCER,
            [
                "enable.idempotence": "true", "linger.ms": "0", "compression.codec": "zstd",
                "message.max.bytes": "4194304", "queue.buffering.max.messages": "\(Self.queueMessagesMax)",
            ])
        defer { rd_kafka_destroy(client) }
        guard let handle = rd_kafka_topic_new(client, topic, nil) else { throw BenchmarkFailure("no topic handle") }
        defer { rd_kafka_topic_destroy(handle) }
        var sent = 0
        while sent < count {
            let message = messages[sent % messages.count]
            switch Self.send(message, to: handle, of: client) {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                sent += 1
                if sent.isMultiple(of: 256) { rd_kafka_poll(client, 0) }
            case RD_KAFKA_RESP_ERR__QUEUE_FULL: rd_kafka_poll(client, 1)
            case let code: throw BenchmarkFailure(String(cString: rd_kafka_err2str(code)))
            }
        }
        guard rd_kafka_flush(client, 60_000) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BenchmarkFailure("not all records were delivered")
        }
        return count
    }

    private static func send(
        _ message: LogMessage, to topic: OpaquePointer, of client: OpaquePointer
    ) -> rd_kafka_resp_err_t {
        let headers = rd_kafka_headers_new(message.headers.count)
        message.headers.visit { name, value in
            rd_kafka_header_add(
                headers, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count, value.baseAddress,
                value.count)
        }
        let key = message.key ?? []
        let value = message.value ?? []
        let code = key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                tributary_produce(
                    client, topic, message.partition, key.baseAddress, key.count, value.baseAddress, value.count,
                    message.timestampMilliseconds, headers, nil)
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(headers) }
        return code
    }

    /// Reads the records of the ranges, one `rd_kafka_consume_batch_queue` after the other, and looks at their
    /// lengths only, and at those of their headers.
    func consume(_ ranges: [TopicPartition: OffsetRange]) throws(BenchmarkFailure) -> Int {
        let client = try makeClient(
            RD_KAFKA_CONSUMER,
            [
                "group.id": "benchmark", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
                "fetch.wait.max.ms": "10", "queued.max.messages.kbytes": "\(16 << 10)", "check.crcs": "true",
                "fetch.error.backoff.ms": "50",
            ])
        defer { rd_kafka_destroy(client) }
        rd_kafka_poll_set_consumer(client)
        let list = rd_kafka_topic_partition_list_new(CInt(ranges.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (partition, range) in ranges {
            rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition).pointee.offset = range.start
        }
        rd_kafka_assign(client, list)
        let queue = rd_kafka_queue_get_consumer(client)
        defer { rd_kafka_queue_destroy(queue) }
        let expected = ranges.values.reduce(0) { $0 + Int($1.end - $1.start) }
        var messages = [UnsafeMutablePointer<rd_kafka_message_t>?](repeating: nil, count: 1_000)
        var (count, bytes) = (0, 0)
        while count < expected {
            let found = rd_kafka_consume_batch_queue(queue, 10, &messages, messages.count)
            for case let message? in messages.prefix(max(0, found)) {
                if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                    count += 1
                    bytes += message.pointee.len + Self.headerBytes(of: message)
                }
                rd_kafka_message_destroy(message)
            }
        }
        guard bytes > 0 else { throw BenchmarkFailure("the records are empty") }
        return count
    }

    private static func headerBytes(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> Int {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return 0 }
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var (size, bytes, index) = (0, 0, 0)
        while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            bytes += size
            index += 1
        }
        return bytes
    }

    /// The receiver owns it.
    private func makeClient(
        _ type: rd_kafka_type_t, _ properties: [String: String]
    ) throws(BenchmarkFailure) -> OpaquePointer {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in properties.merging(["bootstrap.servers": servers], uniquingKeysWith: { $1 }) {
            guard rd_kafka_conf_set(configuration, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                throw BenchmarkFailure(Self.string(text))
            }
        }
        guard let client = rd_kafka_new(type, configuration, &text, text.count) else {
            throw BenchmarkFailure(Self.string(text))
        }
        return client
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
