import CRdKafka
import Dispatch
import Glibc
import RecordLog

/// The records that a consumer has fetched, taken from librdkafka in batches and copied into values. Used by one thread.
///
/// What does not fit a batch's byte limit stays here for the next one.
final class RecordQueue: @unchecked Sendable {
    // @unchecked: only the consumer's thread uses it, as the consumers' protocols demand; `wakeUp` touches only the queue's handle.

    /// Records taken from librdkafka in one call, at most.
    private static let recordsPerCallMax = 1_024
    private static let probeIntervalMilliseconds = 1_000
    private static let probeTimeoutMilliseconds = 200

    private let client: KafkaClient
    private let queue: KafkaQueue
    /// Taken from librdkafka and not handed over; what is before `next` has been.
    private var ready: [UnsafeMutablePointer<rd_kafka_message_t>] = []
    private var next = 0
    private var buffer = [UnsafeMutablePointer<rd_kafka_message_t>?](repeating: nil, count: recordsPerCallMax)
    private var paused: Set<TopicPartition> = []
    /// Taken before their topic partition was paused.
    private var held: [UnsafeMutablePointer<rd_kafka_message_t>] = []
    /// An error that came after records of the same batch.
    private var pendingError: RecordLogError?
    private var nextProbe = DispatchTime.now()

    init(client: KafkaClient) {
        self.client = client
        rd_kafka_poll_set_consumer(client.handle)
        queue = KafkaQueue(rd_kafka_queue_get_consumer(client.handle), of: client)
    }

    deinit {
        drop()
    }

    func wakeUp() {
        rd_kafka_queue_yield(queue.handle)
    }

    /// Forgets what was taken and not handed over, of these topic partitions or of all; they are no longer paused.
    func drop(_ partitions: Set<TopicPartition>? = nil) {
        let isDropped = { message in partitions?.contains(Self.source(of: message)) ?? true }
        let kept = ready[next...].filter { !isDropped($0) }
        for message in ready[next...] + held where isDropped(message) { rd_kafka_message_destroy(message) }
        (ready, next) = (kept, 0)
        held.removeAll(where: isDropped)
        paused.subtract(partitions ?? paused)
        if partitions == nil { pendingError = nil }
    }

    /// What is fetched and not handed over is handed over after `resume`.
    func pause(_ partitions: Set<TopicPartition>) { paused.formUnion(partitions) }

    func resume(_ partitions: Set<TopicPartition>) {
        paused.subtract(partitions)
        let resumed = held.filter { partitions.contains(Self.source(of: $0)) }
        held.removeAll { partitions.contains(Self.source(of: $0)) }
        (ready, next) = (resumed + ready[next...], 0)
    }

    private static func source(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> TopicPartition {
        TopicPartition(
            message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? "", message.pointee.partition)
    }

    func take(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> [RecordBatch] {
        if let error = pendingError {
            pendingError = nil
            throw error
        }
        var batches = BatchBuilder()
        var wait = waitMilliseconds
        while batches.count < recordsMax, batches.bytes < bytesMax, pendingError == nil {
            if next == ready.count, !fetch(max: recordsMax - batches.count, waitMilliseconds: wait) { break }
            wait = 0
            let message = ready[next]
            next += 1
            if !paused.isEmpty, paused.contains(Self.source(of: message)) {
                held.append(message)
                continue
            }
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                batches.append(message)
            } else {
                pendingError = error(of: message)
            }
        }
        guard batches.count == 0 else {
            client.context.noteSuccess()
            return batches.batches
        }
        if let error = pendingError {
            pendingError = nil
            throw error
        }
        probe(waitMilliseconds: waitMilliseconds)
        return []
    }

    /// Takes what is there; waits for a first record only. (librdkafka's own call would wait until its array is full.)
    private func fetch(max: Int, waitMilliseconds: Int) -> Bool {
        ready.removeAll(keepingCapacity: true)
        next = 0
        let max = min(max, buffer.count)
        var found = 0
        if waitMilliseconds > 0 {
            found = rd_kafka_consume_batch_queue(queue.handle, CInt(waitMilliseconds), &buffer, 1)
            guard found > 0 else { return false }
        }
        if max > found {
            let more = buffer.withUnsafeMutableBufferPointer { buffer in
                rd_kafka_consume_batch_queue(queue.handle, 0, buffer.baseAddress?.advanced(by: found), max - found)
            }
            found += Swift.max(more, 0)
        }
        ready.append(contentsOf: buffer[..<found].compactMap(\.self))
        return found > 0
    }

    /// The error that a message stands for; nil when it passes by itself, and is only noted.
    private func error(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> RecordLogError? {
        let topic = message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) }
        let failure = KafkaFailure(
            code: message.pointee.err, text: rd_kafka_message_errstr(message).map { String(cString: $0) })
        let error = failure.recordLogError(topic: topic, partition: message.pointee.partition)
        switch error {
        case .offsetOutOfRange, .authentication:
            return error
        // A reader is in no group, and brokers may refuse it the one that librdkafka makes it name.
        case .notAllowed where message.pointee.err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || !client.isReader:
            return error
        case .notAllowed:
            return nil
        default:
            client.context.noteTrouble(error)
            return nil
        }
    }

    /// Nothing tells that a broker is back while there are no records, so ask.
    private func probe(waitMilliseconds: Int) {
        guard client.context.trouble != nil, DispatchTime.now() >= nextProbe else { return }
        let timeout = min(max(waitMilliseconds, 1), Self.probeTimeoutMilliseconds)
        if client.isAnswered(timeoutMilliseconds: timeout) { client.context.noteSuccess() }
        nextProbe = .now() + .milliseconds(Self.probeIntervalMilliseconds)
    }
}

/// Groups records by topic partition.
private struct BatchBuilder {
    private(set) var batches: [RecordBatch] = []
    private(set) var count = 0
    private(set) var bytes = 0
    private var current: (topic: OpaquePointer, partition: Int32, index: Int)?

    mutating func append(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        guard let topic = message.pointee.rkt else { return }
        let record = LogRecord(message)
        batches[index(of: topic, message.pointee.partition)].records.append(record)
        count += 1
        bytes += record.byteCount
    }

    private mutating func index(of topic: OpaquePointer, _ partition: Int32) -> Int {
        if let current, current.topic == topic, current.partition == partition { return current.index }
        let source = TopicPartition(String(cString: rd_kafka_topic_name(topic)), partition)
        let index = batches.firstIndex { $0.source == source } ?? batches.count
        if index == batches.count { batches.append(RecordBatch(source: source, records: [])) }
        current = (topic, partition, index)
        return index
    }
}

extension LogRecord {
    fileprivate init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let content = message.pointee
        self.init(
            offset: content.offset, key: Self.bytes(content.key, content.key_len),
            value: Self.bytes(content.payload, content.len), headers: Self.headers(of: message),
            timestampMilliseconds: rd_kafka_message_timestamp(message, nil))
    }

    private static func bytes(_ address: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        address.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    /// Name and value of a header that Tributary writes.
    private static let headerBytesUsual = 40

    private static func headers(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> LogHeaders {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
            return LogHeaders()
        }
        var headers = LogHeaders()
        let count = rd_kafka_header_cnt(list)
        headers.reserveCapacity(headers: count, bytes: count * headerBytesUsual)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        var index = 0
        while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name {
            headers.append(
                name: UnsafeRawBufferPointer(start: name, count: strlen(name)),
                value: UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))
            index += 1
        }
        return headers
    }
}
