import ChangeMessage
public import HandlerKit
import LogTransport
import Partition
public import RecordLog
import Replication

/// A region's change log of a table, read from the `.changes` topic that it was published to.
public enum TopicLog {
    /// How long a log may send nothing before the end of the topic, in milliseconds.
    static let silenceMillisecondsMax: UInt64 = 10_000

    /// What a topic had.
    public struct Reading: Sendable {
        public let recording: Recording
        /// What people should know of it: a sentence each.
        public let notes: [String]
    }

    /// - Parameters:
    ///   - range: which part is read. A region and a table in it must be the topic's.
    ///   - showsAllImages: whether items are shown although the table's stream does not.
    public static func read(
        _ topic: String, of log: any RecordLog, range: ReplayRange, showsAllImages: Bool
    ) throws(ReplayError) -> Reading {
        var changes: TopicChanges
        do {
            let topics = try log.topics(withPrefix: "")
            guard let found = topics.first(where: { $0.name == topic }) else { throw unknown(topic, topics) }
            let partitions = found.topicPartitions
            changes = TopicChanges(topic: topic, partitions: Int32(partitions.count), range: range)
            let ends = try log.offsets(of: partitions)
            try read(Dictionary(uniqueKeysWithValues: zip(partitions, ends)), of: log, into: &changes)
        } catch {
            throw error as? ReplayError ?? ReplayError("topic \(topic) cannot be read: \(error)")
        }
        if let reason = changes.incompleteReason { throw ReplayError(reason) }
        return try changes.reading(showsAllImages: showsAllImages)
    }

    private static func unknown(_ topic: String, _ topics: [TopicDescription]) -> ReplayError {
        let names = topics.map(\.name).filter { $0.hasSuffix(".changes") }.joined(separator: ", ")
        return ReplayError("there is no topic \(topic), but \(names.isEmpty ? "none with changes at all" : names)")
    }

    private static func read(
        _ stretches: [TopicPartition: OffsetRange], of log: any RecordLog, into changes: inout TopicChanges
    ) throws(RecordLogError) {
        let reader = try log.makeReader(ReaderSettings())
        defer { reader.close() }
        let scan = TopicScan(reader: reader, silenceMillisecondsMax: silenceMillisecondsMax, mustBeComplete: true)
        try scan.visit(stretches) { partition, record in
            changes.take(record, of: partition.partition)
            return true
        }
    }
}
