import CRdKafka
import RecordLog

/// Questions about offsets, asked through a client that neither produces nor consumes.
final class KafkaOffsets: Sendable {
    private let client: KafkaClient

    init(client: KafkaClient) {
        self.client = client
    }

    /// Two requests to each leader, whatever the number of partitions.
    func ranges(of partitions: [TopicPartition]) throws(RecordLogError) -> [OffsetRange] {
        guard !partitions.isEmpty else { return [] }
        let starts = try offsets(of: partitions, at: Int64(RD_KAFKA_OFFSET_BEGINNING))
        let ends = try offsets(of: partitions, at: Int64(RD_KAFKA_OFFSET_END))
        return partitions.map { partition in
            OffsetRange(start: starts[partition] ?? 0, end: ends[partition] ?? 0)
        }
    }

    /// The protocol asks for the first and the next offset as if they were timestamps.
    private func offsets(
        of partitions: [TopicPartition], at timestamp: Int64
    ) throws(RecordLogError) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions, offset: timestamp)
        let code = list.withHandle {
            rd_kafka_offsets_for_times(client.handle, $0, client.requestTimeoutMilliseconds)
        }
        var offsets: [TopicPartition: Int64] = [:]
        for entry in list.entries where entry.code != RD_KAFKA_RESP_ERR__IN_PROGRESS {
            let partition = entry.partition
            try KafkaFailure.checkCall(entry.code, topic: partition.topic, partition: partition.partition)
            offsets[partition] = entry.offset
        }
        try KafkaFailure.checkCall(code)
        guard offsets.count == Set(partitions).count else { throw .timedOut(reason: "not all brokers have answered") }
        return offsets
    }

    /// Adds the positions with their offsets. `end` is looked up now, so that nothing appended from now on is missed.
    func resolve(
        _ positions: [TopicPartition: LogPosition], into list: borrowing PartitionList
    ) throws(RecordLogError) {
        for (partition, position) in positions {
            switch position {
            case .offset(let offset): list.add(partition, offset: offset)
            case .start: list.add(partition, offset: Int64(RD_KAFKA_OFFSET_BEGINNING))
            case .end: list.add(partition, offset: try end(of: partition))
            }
        }
    }

    /// A topic that does not exist yet ends where it will begin.
    private func end(of partition: TopicPartition) throws(RecordLogError) -> Int64 {
        do {
            return try offsets(of: [partition], at: Int64(RD_KAFKA_OFFSET_END))[partition] ?? 0
        } catch .unknownTopic, .unknownPartition {
            return 0
        }
    }

    func committed(ofGroup group: String, in partitions: [TopicPartition]) throws(RecordLogError) -> [Int64?] {
        guard !partitions.isEmpty else { return [] }
        let offsets: [PartitionList.Entry]
        do throws(KafkaFailure) {
            offsets = try committedEntries(ofGroup: group, in: PartitionList(partitions))
        } catch {
            throw error.recordLogError()
        }
        var committed: [TopicPartition: Int64] = [:]
        for entry in offsets where entry.offset >= 0 { committed[entry.partition] = entry.offset }
        return partitions.map { committed[$0] }
    }

    private func committedEntries(
        ofGroup group: String, in list: borrowing PartitionList
    ) throws(KafkaFailure) -> [PartitionList.Entry] {
        var request = list.withHandle { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        let answer = try AdminAnswer(from: client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) { options, queue in
            rd_kafka_ListConsumerGroupOffsets(client.handle, &request, 1, options, queue)
        }
        return try answer.withEvent(Self.entries)
    }

    private static func entries(ofGroupIn event: OpaquePointer) throws(KafkaFailure) -> [PartitionList.Entry] {
        var count = 0
        guard let result = rd_kafka_event_ListConsumerGroupOffsets_result(event),
            let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count), count == 1,
            let found = groups[0]
        else { return [] }
        if let error = rd_kafka_group_result_error(found) {
            throw KafkaFailure(code: rd_kafka_error_code(error), text: String(cString: rd_kafka_error_string(error)))
        }
        return rd_kafka_group_result_partitions(found).map { PartitionList.entries(in: $0) } ?? []
    }
}
