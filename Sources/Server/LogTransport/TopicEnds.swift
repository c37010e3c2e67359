import ChangeMessage
import Publication
import RecordLog

/// Finds out where the partitions of a topic end, as far as a publisher's own records go.
struct TopicEnds {
    /// How many records are looked at first, from the end; when none of them tells, so many times more.
    private static let recordsFirst: Int64 = 16
    private static let growth: Int64 = 16

    /// A partition's end.
    struct End: Sendable, Equatable {
        var end: PublicationProgress.PartitionEnd
        /// Of the last own record in a `.state` topic.
        var stateSource: StateSource?
    }

    let log: any RecordLog
    let topic: String
    let partitions: Int32
    /// Which log's records count.
    let generation: String

    func read() throws(RecordLogError) -> [End] {
        let topicPartitions = (0..<partitions).map { TopicPartition(topic, $0) }
        let ranges = try log.offsets(of: topicPartitions)
        var ends = ranges.map { range in
            End(end: range.end == 0 ? .untouched : range.start == range.end ? .trimmed : .otherLogs)
        }
        var open = Dictionary(
            uniqueKeysWithValues: zip(topicPartitions, ranges).filter { $0.1.start < $0.1.end })
        guard !open.isEmpty else { return ends }
        let reader = try log.makeReader(ReaderSettings())
        defer { reader.close() }
        var count = Self.recordsFirst
        while !open.isEmpty {
            let found = try lastPlaces(open, count, reader)
            for (partition, range) in open {
                if let place = found[partition] {
                    let isOwn = place.generation == generation
                    ends[Int(partition.partition)] = End(
                        end: isOwn ? .record(place.sequence) : .otherLogs, stateSource: isOwn ? place.stateSource : nil)
                    open[partition] = nil
                } else if range.end - count <= range.start {
                    open[partition] = nil
                }
            }
            count *= Self.growth
        }
        return ends
    }

    /// The last record that tells its place among the last `count` of each partition.
    private func lastPlaces(
        _ ranges: [TopicPartition: OffsetRange], _ count: Int64, _ reader: any LogReader
    ) throws(RecordLogError) -> [TopicPartition: MessagePlace] {
        var places: [TopicPartition: MessagePlace] = [:]
        let stretches = ranges.mapValues { OffsetRange(start: max($0.start, $0.end - count), end: $0.end) }
        try TopicScan(reader: reader).visit(stretches) { partition, record in
            if let place = try? MessageHeaders(record.headers).place() { places[partition] = place }
            return true
        }
        return places
    }
}
