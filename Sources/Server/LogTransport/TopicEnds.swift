import ChangeMessage
import Dispatch
import Publication
import RecordLog

/// Finds out where the partitions of a topic end, as far as a publisher's own records go.
struct TopicEnds {
    /// How many records are looked at first, from the end; when none of them tells, so many times more.
    private static let recordsFirst: Int64 = 16
    private static let growth: Int64 = 16
    /// How long a look may take without anything coming, in milliseconds. Compaction may have removed what was at the end.
    private static let silenceMillisecondsMax = 2000
    private static let bytesPerPollMax = 16 << 20

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
        var waiting = Set(ranges.keys)
        try reader.assign(ranges.mapValues { .offset(max($0.start, $0.end - count)) })
        var lastNews = DispatchTime.now()
        while !waiting.isEmpty {
            let batches: [RecordBatch]
            do throws(RecordLogError) {
                batches = try reader.poll(recordsMax: 1000, bytesMax: Self.bytesPerPollMax, waitMilliseconds: 100)
            } catch .offsetOutOfRange(let partition) {
                // Retention was faster.
                waiting.remove(partition)
                continue
            }
            for batch in batches {
                for record in batch.records {
                    if let place = try? MessageHeaders(record.headers).place() { places[batch.source] = place }
                }
                if let last = batch.records.last, let range = ranges[batch.source], last.offset + 1 >= range.end {
                    waiting.remove(batch.source)
                }
            }
            if !batches.isEmpty { lastNews = .now() }
            let silence = (DispatchTime.now().uptimeNanoseconds - lastNews.uptimeNanoseconds) / 1_000_000
            guard silence < Self.silenceMillisecondsMax else {
                if let trouble = reader.trouble { throw trouble }
                break
            }
        }
        return places
    }
}
