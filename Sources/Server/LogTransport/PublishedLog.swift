import ChangeMessage
import KeyValueStore
import Partition
import Publication
import RecordLog
import Region
import Replication

/// What is published to one topic: a log that grows, with its place in the topic. Lives on the publisher's thread.
final class PublishedLog {
    /// Whose records they are.
    enum Source {
        case table(TableDefinition)
        case control
    }

    let content: PublishedContent
    let topic: String
    var partitions: Int32
    /// Tells the records of this log from those of others with the same topic.
    let generation: String
    /// Marks the producer's messages as this log's.
    let slot: UInt64
    var source: Source
    var writer: ChangeMessageWriter?
    /// Nil until the topic was looked at.
    var progress: PublicationProgress?
    /// Fills a `.state` topic with what was there before; nil when that is done.
    var fill: StateFill?
    /// Of `.state` topics.
    var tombstones = TombstoneRefresh()
    /// Messages that were made and did not fit into the producer's queue yet, oldest first.
    var outbox: [LogMessage] = []
    /// Records that can never be published, since the process started.
    var undeliverableCount: UInt64 = 0
    var publishedCount: UInt64 = 0
    var trouble: String?
    /// How the topic differs from what was wanted.
    var differences: [String] = []
    var hasTopic = false
    var savedNote: PublicationNote?
    var durableNote: PublicationNote?
    /// When to look at the topic again after it could not be reached, in milliseconds of the machine's clock.
    var retryMilliseconds: UInt64 = 0

    init(
        _ source: Source, _ content: PublishedContent, topic: String, partitions: Int32, generation: String,
        slot: UInt64
    ) {
        self.source = source
        self.content = content
        self.topic = topic
        self.partitions = partitions
        self.generation = generation
        self.slot = slot
    }

    var table: TableDefinition? {
        if case .table(let table) = source { table } else { nil }
    }

    /// Forgets what the topic's end was: the producer is gone, and with it what was on its way.
    func forgetProgress() {
        progress = nil
        fill = nil
        outbox = []
    }

    /// Where the log's own notes are kept in the region: what was confirmed, for topic partitions that no longer tell.
    var noteName: String { "publication/\(content.rawValue)/\(generation)" }
}

/// What a publisher remembers apart from the topic.
struct PublicationNote: Equatable {
    /// Everything up to this record was confirmed.
    var confirmed: UInt64
    /// Whether the `.state` topic was filled.
    var isFilled: Bool

    var bytes: [UInt8] { Array("\(confirmed) \(isFilled ? "filled" : "filling")".utf8) }

    init(confirmed: UInt64 = 0, isFilled: Bool = false) {
        self.confirmed = confirmed
        self.isFilled = isFilled
    }

    init?(_ bytes: [UInt8]) {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard parts.count == 2, let confirmed = UInt64(parts[0]) else { return nil }
        self.init(confirmed: confirmed, isFilled: parts[1] == "filled")
    }
}
