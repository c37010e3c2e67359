import Dispatch
import Synchronization

/// A producer of the log in memory: messages queue while the log is not reachable.
final class MemoryProducer: LogProducer {
    private struct Queue {
        var messages: [(message: LogMessage, topic: String)] = []
        var bytes = 0
        /// Queued, or delivered and not yet reported.
        var pendingCount = 0
        var failure: RecordLogError?
    }

    private let log: MemoryRecordLog
    private let settings: ProducerSettings
    private let onDeliveries: @Sendable ([Delivery]) -> Void
    private let queue = Mutex(Queue())
    /// Reports deliveries, one after the other.
    private let reporter = DispatchQueue(label: "tributary.memory-log.deliveries")
    private let reported = DispatchSemaphore(value: 0)

    init(
        log: MemoryRecordLog, settings: ProducerSettings, onDeliveries: @escaping @Sendable ([Delivery]) -> Void
    ) {
        self.log = log
        self.settings = settings
        self.onDeliveries = onDeliveries
        log.addObserver(self) { [weak self] in self?.scheduleDrain() }
    }

    deinit {
        log.removeObserver(self)
    }

    func append(_ messages: ArraySlice<LogMessage>, to topic: String) throws(RecordLogError) -> Int {
        guard TopicSpecification.isValidName(topic) else { throw .invalidTopicName(topic) }
        let taken = try queue.withLock { queue throws(RecordLogError) in
            if let failure = queue.failure { throw failure }
            var taken = 0
            for message in messages {
                guard hasRoom(queue) else { break }
                queue.messages.append((message, topic))
                queue.bytes += message.byteCount
                queue.pendingCount += 1
                taken += 1
            }
            return taken
        }
        if taken > 0 { scheduleDrain() }
        return taken
    }

    var hasRoom: Bool { queue.withLock { hasRoom($0) } }
    var pendingCount: Int { queue.withLock { $0.pendingCount } }
    var failure: RecordLogError? { queue.withLock { $0.failure } }

    var trouble: RecordLogError? {
        log.state.withLock { $0.isReachable } ? nil : MemoryRecordLog.unreachable
    }

    private func hasRoom(_ queue: Queue) -> Bool {
        queue.pendingCount < settings.queueMessagesMax && queue.bytes < settings.queueBytesMax
    }

    func flush(timeoutMilliseconds: Int) throws(RecordLogError) {
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(timeoutMilliseconds))
        while pendingCount > 0 {
            guard ContinuousClock.now < deadline else {
                throw .timedOut(reason: "\(pendingCount) messages are not delivered yet")
            }
            scheduleDrain()
            _ = reported.wait(timeout: .now() + .milliseconds(10))
        }
    }

    func close() {
        end(.closed, appendingQueued: false)
        log.removeObserver(self)
    }

    func fail(reason: String, appendingQueued: Bool) {
        end(.producerFailed(reason: reason), appendingQueued: appendingQueued)
    }

    private func end(_ error: RecordLogError, appendingQueued: Bool) {
        let done = DispatchSemaphore(value: 0)
        reporter.async { [self] in
            let queued = takeQueued { queue in
                if queue.failure == nil || error == .closed { queue.failure = error }
            }
            if appendingQueued { _ = append(queued) }
            if !queued.isEmpty { report(queued.map { Delivery($0.message, .failed(error)) }) }
            done.signal()
        }
        done.wait()
    }

    private func takeQueued(_ alsoDo: (inout Queue) -> Void = { _ in }) -> [(message: LogMessage, topic: String)] {
        queue.withLock { queue in
            alsoDo(&queue)
            defer { (queue.messages, queue.bytes) = ([], 0) }
            return queue.messages
        }
    }

    private func scheduleDrain() {
        reporter.async { [weak self] in self?.drain() }
    }

    private func drain() {
        guard log.state.withLock({ $0.isReachable }) else { return }
        let queued = takeQueued()
        guard !queued.isEmpty else { return }
        report(append(queued))
        log.noteChange()
    }

    private func report(_ deliveries: [Delivery]) {
        onDeliveries(deliveries)
        queue.withLock { $0.pendingCount -= deliveries.count }
        reported.signal()
    }

    private func append(_ queued: [(message: LogMessage, topic: String)]) -> [Delivery] {
        log.state.withLock { state in
            queued.map { message, topic in
                Delivery(message, outcome(of: message, appendedTo: topic, in: &state))
            }
        }
    }

    private func outcome(
        of message: LogMessage, appendedTo topic: String, in state: inout MemoryRecordLog.State
    ) -> Delivery.Outcome {
        guard let topicSettings = state.topics[topic]?.settings else { return .failed(.unknownTopic(topic)) }
        guard message.partition >= 0, message.partition < topicSettings.partitions else {
            return .failed(.unknownPartition(TopicPartition(topic, message.partition)))
        }
        let bytesMax = min(settings.messageBytesMax, topicSettings.maxMessageBytes ?? .max)
        guard message.byteCount <= bytesMax else {
            return .failed(.messageTooLarge(reason: "\(message.byteCount) bytes, at most \(bytesMax) are allowed"))
        }
        // The subscripts cannot miss: topic and partition were looked up above, under the same lock.
        guard let offset = state.topics[topic]?.partitions[Int(message.partition)].append(message) else {
            return .failed(.unknownTopic(topic))
        }
        return .delivered(offset: offset)
    }
}

extension Delivery {
    init(_ message: LogMessage, _ outcome: Outcome) {
        self.init(token: message.token, partition: message.partition, outcome: outcome)
    }
}
