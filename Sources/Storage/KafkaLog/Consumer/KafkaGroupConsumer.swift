import CRdKafka
import Logging
import RecordLog
import Synchronization

/// A member of a Kafka consumer group.
///
/// librdkafka waits for an answer to each rebalance. It is given by the `poll` after the one that told it, so that the caller commits, or
/// seeks, in between.
final class KafkaGroupConsumer: GroupConsumer {
    private struct Membership {
        var positions: [TopicPartition: LogPosition] = [:]
        var unanswered: ClientContext.Rebalance?
    }

    private struct Open {
        let client: KafkaClient
        let records: RecordQueue
    }

    private static let heartbeatMillisecondsMax = 1_000

    private let offsets: KafkaOffsets
    private let open: Mutex<Open?>
    private let membership = Mutex(Membership())

    init(
        group: String, topics: [String], _ properties: KafkaProperties, _ settings: GroupSettings,
        offsets: KafkaOffsets, logger: Logger
    ) throws(RecordLogError) {
        let client = try KafkaClient(.groupMember, properties, logger: logger) { configuration throws(KafkaFailure) in
            try configuration.configureConsumer(group: group, settings.reader)
            try configuration.set("auto.offset.reset", to: settings.startsAtEnd ? "latest" : "earliest")
            try configuration.set("session.timeout.ms", to: settings.sessionTimeoutMilliseconds)
            // Members learn of a rebalance by the answers to their heartbeats.
            let heartbeatMilliseconds = min(Self.heartbeatMillisecondsMax, settings.sessionTimeoutMilliseconds / 4)
            try configuration.set("heartbeat.interval.ms", to: max(1, heartbeatMilliseconds))
            // `range`, the default, gives a topic's first partitions of all topics to the same member.
            try configuration.set("partition.assignment.strategy", to: "roundrobin")
            // A topic that is created later is noticed after this.
            try configuration.set("topic.metadata.refresh.interval.ms", to: 10_000)
            configuration.setRebalanceCallback()
        }
        self.offsets = offsets
        open = Mutex(Open(client: client, records: RecordQueue(client: client)))
        let list = PartitionList(topics.map { TopicPartition($0, Int32(RD_KAFKA_PARTITION_UA)) })
        try KafkaFailure.checkCall(list.withHandle { rd_kafka_subscribe(client.handle, $0) })
    }

    deinit {
        close()
    }

    func poll(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> GroupEvent {
        let open = try opened()
        try answerRebalance(open)
        if let event = nextRebalance(open) { return event }
        let batches = try open.records.take(
            recordsMax: recordsMax, bytesMax: bytesMax, waitMilliseconds: waitMilliseconds)
        if !batches.isEmpty { return .records(batches) }
        return nextRebalance(open) ?? .idle
    }

    private func nextRebalance(_ open: Open) -> GroupEvent? {
        guard let rebalance = open.client.context.takeRebalance() else { return nil }
        membership.withLock { $0.unanswered = rebalance }
        switch rebalance {
        case .assign(let partitions): return .assigned(partitions.sorted())
        case .revoke(let partitions, let isLost):
            return isLost ? .lost(partitions.sorted()) : .revoked(partitions.sorted())
        }
    }

    private func answerRebalance(_ open: Open) throws(RecordLogError) {
        let (rebalance, positions) = membership.withLock { membership in
            defer { membership = Membership() }
            return (membership.unanswered, membership.positions)
        }
        do throws(RecordLogError) {
            switch rebalance {
            case nil: return
            case .assign(let partitions):
                let list = PartitionList(partitions.filter { positions[$0] == nil })
                try offsets.resolve(positions, into: list)
                try KafkaFailure.checkCall(list.withHandle { rd_kafka_assign(open.client.handle, $0) })
            case .revoke(let partitions, _):
                open.records.drop()
                // librdkafka would remember that they were paused.
                _ = PartitionList(partitions).withHandle { rd_kafka_resume_partitions(open.client.handle, $0) }
                try KafkaFailure.checkCall(rd_kafka_assign(open.client.handle, nil))
            }
        } catch {
            // Positions could not be looked up; the next poll tries again.
            membership.withLock { $0 = Membership(positions: positions, unanswered: rebalance) }
            throw error
        }
    }

    func seek(_ positions: [TopicPartition: LogPosition]) throws(RecordLogError) {
        let open = try opened()
        let isAtAssignment = membership.withLock { membership in
            guard case .assign = membership.unanswered else { return false }
            membership.positions.merge(positions) { $1 }
            return true
        }
        guard !isAtAssignment else { return }
        let list = PartitionList(capacity: positions.count)
        try offsets.resolve(positions, into: list)
        let client = open.client
        let error = list.withHandle {
            rd_kafka_seek_partitions(client.handle, $0, client.requestTimeoutMilliseconds)
        }
        if let failure = KafkaFailure(consuming: error) { throw failure.recordLogError() }
        for entry in list.entries {
            let partition = entry.partition
            try KafkaFailure.checkCall(entry.code, topic: partition.topic, partition: partition.partition)
        }
        open.records.drop(Set(positions.keys))
    }

    func pause(_ partitions: Set<TopicPartition>) throws(RecordLogError) {
        let open = try opened()
        let assigned = partitions.intersection(try assigned(open))
        _ = PartitionList(assigned.sorted()).withHandle { rd_kafka_pause_partitions(open.client.handle, $0) }
        open.records.pause(assigned)
    }

    func resume(_ partitions: Set<TopicPartition>) throws(RecordLogError) {
        let open = try opened()
        let assigned = partitions.intersection(try assigned(open))
        _ = PartitionList(assigned.sorted()).withHandle { rd_kafka_resume_partitions(open.client.handle, $0) }
        open.records.resume(assigned)
    }

    private func assigned(_ open: Open) throws(RecordLogError) -> [TopicPartition] {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        try KafkaFailure.checkCall(rd_kafka_assignment(open.client.handle, &list))
        guard let list else { return [] }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        return PartitionList.topicPartitions(in: list)
    }

    func commit(_ offsets: [TopicPartition: Int64]) throws(RecordLogError) {
        let list = PartitionList(capacity: offsets.count)
        for (partition, offset) in offsets { list.add(partition, offset: offset) }
        let client = try opened().client
        try KafkaFailure.checkCall(list.withHandle { rd_kafka_commit(client.handle, $0, 0) })
    }

    var trouble: RecordLogError? { open.withLock { $0 }?.client.context.trouble }

    func wakeUp() { open.withLock { $0 }?.records.wakeUp() }

    func close() {
        let closing = open.withLock { open in
            defer { open = nil }
            return open
        }
        guard let client = closing?.client else { return }
        client.context.noteLeaving()
        // A rebalance that was told and not answered would hold up the closing.
        rd_kafka_assign(client.handle, nil)
        rd_kafka_consumer_close(client.handle)
    }

    private func opened() throws(RecordLogError) -> Open {
        guard let open = open.withLock({ $0 }) else { throw .closed }
        return open
    }
}
