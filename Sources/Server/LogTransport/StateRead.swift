import AttributeModel
import ChangeMessage
import Logging
import Partition
import RecordLog
import Replication

/// Reads the `.state` topic of a table of another process: all that it holds now.
struct StateRead {
    /// States that are handed on together at the most.
    static let statesPerChunkMax = 256
    /// Their bytes at the most (one state may be larger).
    static let bytesPerChunkMax = 1 << 20

    let log: any RecordLog
    let topic: String
    let table: TableDefinition
    let logger: Logger

    typealias States = [(key: EncodedKey, state: StoredItem)]

    /// Answers whether everything was read and taken.
    func run(
        isStopping: @Sendable () -> Bool, _ consume: (States) -> Bool
    ) throws(RecordLogError) -> Bool {
        guard let found = try log.topics(withPrefix: topic).first(where: { $0.name == topic }) else {
            throw .unknownTopic(topic)
        }
        let ranges = try log.offsets(of: found.topicPartitions)
        // A compacted topic keeps its beginning. One that does not would leave holes.
        if let place = ranges.firstIndex(where: { $0.start > 0 }) {
            throw .failed(reason: "\(found.topicPartitions[place]) has lost its oldest states")
        }
        let reader = try log.makeReader(ReaderSettings())
        defer { reader.close() }
        let messages = ChangeMessageReader(keySchema: table.keySchema)
        var chunk: States = []
        var bytes = 0
        let stretches = Dictionary(uniqueKeysWithValues: zip(found.topicPartitions, ranges))
        let isRead = try TopicScan(reader: reader, mustBeComplete: true).visit(stretches) { partition, record in
            if isStopping() { return false }
            if let state = state(record, in: partition, messages) {
                chunk.append(state)
                bytes += record.byteCount
            }
            guard chunk.count >= Self.statesPerChunkMax || bytes >= Self.bytesPerChunkMax else { return true }
            defer {
                chunk = []
                bytes = 0
            }
            return consume(chunk)
        }
        return isRead && (chunk.isEmpty || consume(chunk))
    }

    /// Nil for what other tables of the name, or other programs, have left there.
    private func state(
        _ record: LogRecord, in partition: TopicPartition, _ messages: ChangeMessageReader
    ) -> (key: EncodedKey, state: StoredItem)? {
        let headers = MessageHeaders(record.headers)
        do throws(ChangeMessageError) {
            let place = try headers.place()
            guard place.generation == table.tableID, place.stateSource != nil else { return nil }
            let arrived = try messages.state(key: record.key, value: record.value, headers: headers)
            // Takes out what a table before had; that is nothing here.
            guard arrived.state.version.timestamp != .zero else { return nil }
            return (arrived.key, arrived.state)
        } catch {
            logger.warning(
                "a message in a topic cannot be used and is passed over",
                metadata: ["partition": "\(partition)", "offset": "\(record.offset)", "reason": "\(error)"])
            return nil
        }
    }
}
