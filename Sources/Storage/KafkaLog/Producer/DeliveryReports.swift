import CRdKafka
import Dispatch
import RecordLog
import Synchronization

/// The thread that drains a producer's delivery reports, in batches, and counts what is on its way.
final class DeliveryReports: Sendable {
    /// Reports handed over in one call, at most.
    private static let reportsPerCallMax = 4_096
    /// How long the thread sleeps without reports: it looks for a fatal error at least this often.
    private static let pollMilliseconds: CInt = 100
    /// How long closing waits for reports of purged messages; librdkafka makes them at once.
    private static let closeMilliseconds = 5_000

    private let client: KafkaClient
    private let queue: KafkaQueue
    private let onDeliveries: @Sendable ([Delivery]) -> Void
    private let count = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    /// Messages that librdkafka did not take.
    private let rejected = Mutex<[Delivery]>([])
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = DispatchSemaphore(value: 0)
    /// Signalled after each batch of reports.
    private let reported = DispatchSemaphore(value: 0)

    init(client: KafkaClient, onDeliveries: @escaping @Sendable ([Delivery]) -> Void) {
        self.client = client
        self.onDeliveries = onDeliveries
        queue = KafkaQueue(rd_kafka_queue_get_main(client.handle), of: client)
    }

    var pendingCount: Int { count.load(ordering: .acquiring) }
    var pendingBytes: Int { bytes.load(ordering: .relaxed) }
    var isStopped: Bool { isStopping.load(ordering: .acquiring) }

    func willSend(_ message: LogMessage) { add(1, Self.countedBytes(message)) }
    func didNotSend(_ message: LogMessage) { add(-1, -Self.countedBytes(message)) }

    /// The report of a message that was not sent.
    func reject(_ message: LogMessage, _ error: RecordLogError) {
        add(1, 0)
        rejected.withLock {
            $0.append(Delivery(token: message.token, partition: message.partition, outcome: .failed(error)))
        }
        rd_kafka_queue_yield(queue.handle)
    }

    /// Reports do not tell the size of the headers.
    private static func countedBytes(_ message: LogMessage) -> Int {
        (message.key?.count ?? 0) + (message.value?.count ?? 0)
    }

    private func add(_ count: Int, _ bytes: Int) {
        self.count.add(count, ordering: .acquiringAndReleasing)
        self.bytes.add(bytes, ordering: .relaxed)
    }

    func waitForAll(timeoutMilliseconds: Int) throws(RecordLogError) {
        let deadline = DispatchTime.now() + .milliseconds(timeoutMilliseconds)
        while pendingCount > 0 {
            guard DispatchTime.now() < deadline else {
                throw .timedOut(reason: "\(pendingCount) messages are not delivered yet")
            }
            // Another caller's wait may take this one's signal.
            _ = reported.wait(timeout: min(deadline, .now() + .milliseconds(Int(Self.pollMilliseconds))))
        }
    }

    // MARK: The thread

    func start() {
        // A serial queue that never returns is a thread of its own.
        DispatchQueue(label: "tributary.kafka.deliveries").async { [self] in
            run()
            hasEnded.signal()
        }
    }

    /// Ends the thread after the last report; what is queued or on its way fails.
    func stop() {
        guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
        rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_queue_yield(queue.handle)
        hasEnded.wait()
    }

    private func run() {
        var messages = [UnsafePointer<rd_kafka_message_t>?](repeating: nil, count: Self.reportsPerCallMax)
        var hasPurged = false
        var stopDeadline: DispatchTime?
        while true {
            let event = rd_kafka_queue_poll(queue.handle, Self.pollMilliseconds)
            let fatalError = client.fatalError
            if let event {
                take(event, &messages, fatalError)
                rd_kafka_event_destroy(event)
            }
            handOverRejected()
            if fatalError != nil, !hasPurged {
                hasPurged = true
                rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            }
            guard isStopped else { continue }
            let deadline = stopDeadline ?? DispatchTime.now() + .milliseconds(Self.closeMilliseconds)
            stopDeadline = deadline
            if pendingCount == 0 || DispatchTime.now() > deadline { return }
        }
    }

    private func take(
        _ event: OpaquePointer, _ messages: inout [UnsafePointer<rd_kafka_message_t>?], _ fatalError: RecordLogError?
    ) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            handOver(reportsOf: event, &messages, fatalError)
        case RD_KAFKA_EVENT_ERROR:
            let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
            let failure = KafkaFailure(code: rd_kafka_event_error(event), text: text)
            client.context.noteTrouble(failure.recordLogError())
        default: break
        }
    }

    private func handOver(
        reportsOf event: OpaquePointer, _ messages: inout [UnsafePointer<rd_kafka_message_t>?],
        _ fatalError: RecordLogError?
    ) {
        while true {
            let found = rd_kafka_event_message_array(event, &messages, messages.count)
            guard found > 0 else { return }
            var bytes = 0
            var deliveries: [Delivery] = []
            deliveries.reserveCapacity(found)
            for case let message? in messages[..<found] {
                bytes += message.pointee.len + message.pointee.key_len
                deliveries.append(Self.delivery(message, fatalError))
            }
            report(deliveries, bytes: bytes)
        }
    }

    private static func delivery(
        _ message: UnsafePointer<rd_kafka_message_t>, _ fatalError: RecordLogError?
    ) -> Delivery {
        let outcome: Delivery.Outcome
        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            outcome = .delivered(offset: message.pointee.offset)
        } else {
            let topic = message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) }
            let error = KafkaFailure(code: message.pointee.err)
                .recordLogError(topic: topic, partition: message.pointee.partition)
            outcome = .failed(error == .closed ? fatalError ?? .closed : error)
        }
        let token = UInt64(UInt(bitPattern: message.pointee._private))
        return Delivery(token: token, partition: message.pointee.partition, outcome: outcome)
    }

    private func handOverRejected() {
        let deliveries = rejected.withLock { rejected in
            defer { rejected = [] }
            return rejected
        }
        if !deliveries.isEmpty { report(deliveries, bytes: 0) }
    }

    private func report(_ deliveries: [Delivery], bytes: Int) {
        if deliveries.contains(where: \.isDelivered) { client.context.noteSuccess() }
        onDeliveries(deliveries)
        add(-deliveries.count, -bytes)
        reported.signal()
    }
}

extension Delivery {
    fileprivate var isDelivered: Bool {
        if case .delivered = outcome { true } else { false }
    }
}
