import CRdKafka
import Logging
import RecordLog
import Synchronization

/// A consumer that is assigned its topic partitions; the group that librdkafka makes it name is never joined.
final class KafkaReader: LogReader {
    private static let group = "tributary-reader"

    private struct Open {
        let client: KafkaClient
        let records: RecordQueue
    }

    private let offsets: KafkaOffsets
    private let open: Mutex<Open?>

    init(
        _ properties: KafkaProperties, _ settings: ReaderSettings, offsets: KafkaOffsets, logger: Logger
    ) throws(RecordLogError) {
        let client = try KafkaClient(.reader, properties, logger: logger) { configuration throws(KafkaFailure) in
            try configuration.configureConsumer(group: Self.group, settings)
            // A position that has left the log is the caller's to decide.
            try configuration.set("auto.offset.reset", to: "error")
        }
        self.offsets = offsets
        open = Mutex(Open(client: client, records: RecordQueue(client: client)))
    }

    func assign(_ positions: [TopicPartition: LogPosition]) throws(RecordLogError) {
        let open = try opened()
        let list = PartitionList(capacity: positions.count)
        try offsets.resolve(positions, into: list)
        try KafkaFailure.checkCall(list.withHandle { rd_kafka_assign(open.client.handle, $0) })
        open.records.drop()
    }

    func poll(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> [RecordBatch] {
        try opened().records.take(recordsMax: recordsMax, bytesMax: bytesMax, waitMilliseconds: waitMilliseconds)
    }

    var trouble: RecordLogError? { open.withLock { $0 }?.client.context.trouble }

    func wakeUp() { open.withLock { $0 }?.records.wakeUp() }

    func close() { open.withLock { $0 = nil } }

    private func opened() throws(RecordLogError) -> Open {
        guard let open = open.withLock({ $0 }) else { throw .closed }
        return open
    }
}

extension ClientConfiguration {
    /// What readers and members of groups have in common.
    func configureConsumer(group: String, _ settings: ReaderSettings) throws(KafkaFailure) {
        try set("group.id", to: group)
        try set("enable.auto.commit", to: "false")
        try set("enable.auto.offset.store", to: "false")
        try set("enable.partition.eof", to: "false")
        try set("fetch.wait.max.ms", to: settings.fetchWaitMilliseconds)
        try set("fetch.error.backoff.ms", to: 50)
        try set("queued.max.messages.kbytes", to: max(1, settings.prefetchBytesMax >> 10))
        try set("check.crcs", to: "true")
    }
}
