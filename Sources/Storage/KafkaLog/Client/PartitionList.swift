import CRdKafka
import RecordLog

/// The owner of a list of topic partitions with offsets, as librdkafka's calls take and fill them.
struct PartitionList: ~Copyable {
    private let handle: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int) {
        handle = rd_kafka_topic_partition_list_new(CInt(capacity))
    }

    /// The partitions in their order, all with the same offset, which calls give a meaning.
    init(_ partitions: [TopicPartition], offset: Int64 = Int64(RD_KAFKA_OFFSET_INVALID)) {
        self.init(capacity: partitions.count)
        for partition in partitions { add(partition, offset: offset) }
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(handle)
    }

    func add(_ partition: TopicPartition, offset: Int64) {
        rd_kafka_topic_partition_list_add(handle, partition.topic, partition.partition).pointee.offset = offset
    }

    /// Lends the list, which lives as long as the call. (A pointer that is only read from a temporary value would outlive it.)
    func withHandle<Result, Failure: Error>(
        _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(handle)
    }

    struct Entry {
        let partition: TopicPartition
        let offset: Int64
        let code: rd_kafka_resp_err_t
    }

    var entries: [Entry] { Self.entries(in: handle) }

    static func entries(in list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [Entry] {
        (0..<Int(list.pointee.cnt)).map { index in
            let element = list.pointee.elems[index]
            let partition = TopicPartition(String(cString: element.topic), element.partition)
            return Entry(partition: partition, offset: element.offset, code: element.err)
        }
    }

    static func topicPartitions(in list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [TopicPartition] {
        entries(in: list).map(\.partition)
    }
}
