import ChangeMessage
import RecordLog

/// Finds what a `.state` topic still shows of tables that had the name before: nobody deleted those items one by one.
struct StaleStates {
    /// Keys that are remembered at the most; items beyond stay in the topic, which is reported.
    static let keysMax = 1_000_000

    struct Key: Hashable {
        let partition: Int32
        let key: [UInt8]
    }

    let log: any RecordLog
    let topic: String
    let partitions: Int32
    /// Whose states are not stale.
    let generation: String

    /// The keys, and whether there were more.
    func read() throws(RecordLogError) -> (keys: Set<Key>, isComplete: Bool) {
        let topicPartitions = (0..<partitions).map { TopicPartition(topic, $0) }
        let ranges = try log.offsets(of: topicPartitions)
        let reader = try log.makeReader(ReaderSettings())
        defer { reader.close() }
        var keys: Set<Key> = []
        var isComplete = true
        try TopicScan(reader: reader).visit(Dictionary(uniqueKeysWithValues: zip(topicPartitions, ranges))) {
            source, record in
            guard let bytes = record.key else { return true }
            let key = Key(partition: source.partition, key: bytes)
            let place = try? MessageHeaders(record.headers).place()
            guard let place, place.generation != generation, record.value != nil else {
                keys.remove(key)
                return true
            }
            if keys.count < Self.keysMax { keys.insert(key) } else { isComplete = false }
            return true
        }
        return (keys, isComplete)
    }
}
