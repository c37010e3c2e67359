/// The topic partitions of a topic in memory.
struct MemoryTopic {
    let settings: TopicSettings
    var partitions: [MemoryPartition]

    init(settings: TopicSettings) {
        self.settings = settings
        partitions = Array(repeating: MemoryPartition(), count: Int(settings.partitions))
    }
}

struct MemoryPartition {
    /// In the order of their offsets, which may skip after compaction.
    private(set) var records: [LogRecord] = []
    private(set) var offsets = OffsetRange(start: 0, end: 0)

    mutating func append(_ message: LogMessage) -> Int64 {
        let offset = offsets.end
        records.append(
            LogRecord(
                offset: offset, key: message.key, value: message.value, headers: message.headers,
                timestampMilliseconds: message.timestampMilliseconds))
        offsets.end += 1
        return offset
    }

    mutating func removeRecords(before offset: Int64) {
        offsets.start = min(max(offset, offsets.start), offsets.end)
        records.removeFirst(index(ofFirstFrom: offsets.start))
    }

    mutating func compact() {
        var newest: [[UInt8]: Int64] = [:]
        for record in records {
            if let key = record.key { newest[key] = record.offset }
        }
        records.removeAll { record in record.key.map { newest[$0] != record.offset } ?? false }
    }

    func index(ofFirstFrom offset: Int64) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension MemoryRecordLog.State {
    func partition(_ partition: TopicPartition) throws(RecordLogError) -> MemoryPartition {
        guard let topic = topics[partition.topic] else { throw .unknownTopic(partition.topic) }
        guard topic.partitions.indices.contains(Int(partition.partition)) else { throw .unknownPartition(partition) }
        return topic.partitions[Int(partition.partition)]
    }

    /// The records from `positions` on, within the limits; it moves the positions behind what it returns. A topic that does not exist
    /// has nothing yet.
    func read(
        _ positions: inout [TopicPartition: Int64], except paused: Set<TopicPartition> = [], recordsMax: Int,
        bytesMax: Int
    ) throws(RecordLogError) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        var (count, bytes) = (0, 0)
        for source in positions.keys.sorted() where !paused.contains(source) {
            guard let position = positions[source], let partition = try? partition(source) else { continue }
            guard position >= partition.offsets.start, position <= partition.offsets.end else {
                positions[source] = nil
                throw .offsetOutOfRange(source)
            }
            var batch = RecordBatch(source: source, records: [])
            for record in partition.records[partition.index(ofFirstFrom: position)...] {
                guard count < recordsMax, bytes < bytesMax else { break }
                batch.records.append(record)
                count += 1
                bytes += record.byteCount
            }
            guard let last = batch.records.last else { continue }
            positions[source] = last.offset + 1
            batches.append(batch)
        }
        return batches
    }

    /// The offset that a position means now; `end` of a topic that does not exist yet is its start.
    func offset(of position: LogPosition, in partition: TopicPartition) -> Int64 {
        let offsets = (try? self.partition(partition))?.offsets
        return switch position {
        case .offset(let offset): offset
        case .start: offsets?.start ?? 0
        case .end: offsets?.end ?? 0
        }
    }
}
