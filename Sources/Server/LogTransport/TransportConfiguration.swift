public import ChangeMessage
public import RecordLog
public import Replication

/// Where each region's changes are published, and how.
public struct TransportConfiguration: Sendable {
    /// A day: what streams keep, and the least that `.changes` topics may keep.
    public static let retentionMillisecondsMin: Int64 = 24 * 60 * 60 * 1000
    public static let partitionsMax: Int32 = 1000
    /// How long `.state` topics keep that an item was deleted, for replicas that are filled from them.
    static let deletedStateMilliseconds: Int64 = 7 * 24 * 60 * 60 * 1000
    /// The largest message: two images of the largest item as JSON.
    public static let messageBytesMax = 4 << 20

    /// The log of each region; regions may share one.
    public var logs: [RegionName: any RecordLog]
    /// As users named them, for what is shown.
    public var servers: [RegionName: String]
    public var names: TopicNames
    public var format = RecordFormat.streams
    public var compression = Compression.zstd
    /// Of `.changes` and `.state` topics.
    public var partitions: Int32 = 6
    /// Nil leaves it to the broker.
    public var replicationFactor: Int16?
    /// How long `.changes` and `.control` topics keep their records, in milliseconds; -1 for ever.
    public var retentionMilliseconds: Int64 = 7 * 24 * 60 * 60 * 1000
    /// What a link keeps of topics, in bytes: above it only partitions are read that are behind the others, and above twice as much only
    /// those that may hold the very next record. The client fetches twice as much ahead. So a link uses up to 128 MB while it catches up.
    public var linkBytesKeptMax = 32 << 20
    /// Whether the logs stand for a cluster that lives in this process and is gone with it.
    public var isEmbedded = false

    public init(logs: [RegionName: any RecordLog], servers: [RegionName: String], names: TopicNames) {
        self.logs = logs
        self.servers = servers
        self.names = names
    }

    /// How a topic is made.
    func settings(_ content: PublishedContent) -> TopicSettings {
        // Retention goes by the broker's clock: a region's own may be moved.
        let others = ["message.timestamp.type": "LogAppendTime"]
        switch content {
        case .changes:
            return TopicSettings(
                partitions: partitions, replicationFactor: replicationFactor, cleanupPolicy: .delete,
                retentionMilliseconds: retentionMilliseconds, maxMessageBytes: Self.messageBytesMax, others: others)
        case .state:
            return TopicSettings(
                partitions: partitions, replicationFactor: replicationFactor, cleanupPolicy: .compact,
                maxMessageBytes: Self.messageBytesMax,
                others: others.merging(["delete.retention.ms": "\(Self.deletedStateMilliseconds)"]) { $1 })
        case .control:
            return TopicSettings(
                partitions: ControlMessage.partitions, replicationFactor: replicationFactor, cleanupPolicy: .delete,
                retentionMilliseconds: retentionMilliseconds, maxMessageBytes: Self.messageBytesMax, others: others)
        }
    }

    /// How a region's `.catalogue` topic is made: it is written to several times a second, and read from the beginning at every start.
    var catalogueSettings: TopicSettings {
        TopicSettings(
            partitions: CatalogueMessage.partitions, replicationFactor: replicationFactor, cleanupPolicy: .compact,
            maxMessageBytes: Self.messageBytesMax,
            others: [
                "message.timestamp.type": "LogAppendTime", "segment.ms": "600000", "segment.bytes": "16777216",
                "min.cleanable.dirty.ratio": "0.1",
            ])
    }

    var producerSettings: ProducerSettings {
        var settings = ProducerSettings()
        settings.compression = compression
        settings.messageBytesMax = Self.messageBytesMax
        return settings
    }
}

/// What a topic holds.
public enum PublishedContent: String, Sendable {
    case changes
    case state
    case control
}
