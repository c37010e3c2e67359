/// One partition of one topic: the unit of order and of assignment.
public struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var topic: String
    /// Counted from 0.
    public var partition: Int32

    public init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        left.topic == right.topic ? left.partition < right.partition : left.topic < right.topic
    }

    public var description: String { "\(topic)[\(partition)]" }
}

/// What happens to old records of a topic.
public enum CleanupPolicy: String, Sendable {
    /// They go when they are older than the retention time, or the partition is larger than the retention size.
    case delete
    /// The newest record of every key stays; a null value (tombstone) removes its key after a while.
    case compact
}

public enum Compression: String, Sendable, CaseIterable {
    case none, gzip, snappy, lz4, zstd
}

/// How a topic is made. What is nil here is left to the broker's own default and not compared.
public struct TopicSettings: Sendable, Equatable {
    public var partitions: Int32
    /// nil takes the broker's `default.replication.factor`.
    public var replicationFactor: Int16?
    public var cleanupPolicy: CleanupPolicy
    /// How long records are kept with `.delete`; -1 for ever.
    public var retentionMilliseconds: Int64?
    /// How many bytes a partition keeps with `.delete`; -1 without limit.
    public var retentionBytes: Int64?
    /// What the broker stores; nil keeps what producers send (`compression.type=producer`).
    public var compression: Compression?
    public var maxMessageBytes: Int?
    /// More settings by the broker's names, as in `"min.insync.replicas": "2"`.
    public var others: [String: String]

    public init(
        partitions: Int32, replicationFactor: Int16? = nil, cleanupPolicy: CleanupPolicy = .delete,
        retentionMilliseconds: Int64? = nil, retentionBytes: Int64? = nil, compression: Compression? = nil,
        maxMessageBytes: Int? = nil, others: [String: String] = [:]
    ) {
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.cleanupPolicy = cleanupPolicy
        self.retentionMilliseconds = retentionMilliseconds
        self.retentionBytes = retentionBytes
        self.compression = compression
        self.maxMessageBytes = maxMessageBytes
        self.others = others
    }

    /// The settings by the broker's names, without partitions and replication factor, which are not settings there.
    public var byBrokerName: [String: String] {
        var named = others
        named["cleanup.policy"] = cleanupPolicy.rawValue
        if let retentionMilliseconds { named["retention.ms"] = String(retentionMilliseconds) }
        if let retentionBytes { named["retention.bytes"] = String(retentionBytes) }
        if let maxMessageBytes { named["max.message.bytes"] = String(maxMessageBytes) }
        if let compression { named["compression.type"] = compression == .none ? "uncompressed" : compression.rawValue }
        return named
    }

    /// How an existing topic differs from these wanted settings. `found` has the topic's settings by the broker's names; what it lacks
    /// counts as different. Without a replication factor that one is not compared.
    public func differences(
        found: [String: String], partitions foundPartitions: Int32, replicationFactor foundReplicationFactor: Int16?
    ) -> [SettingDifference] {
        var pairs = byBrokerName.sorted { $0.key < $1.key }.map { ($0.key, $0.value, found[$0.key] ?? "not told") }
        if let replicationFactor, let foundReplicationFactor {
            pairs.insert(("replication.factor", String(replicationFactor), String(foundReplicationFactor)), at: 0)
        }
        pairs.insert(("partitions", String(partitions), String(foundPartitions)), at: 0)
        return pairs.filter { $0.1 != $0.2 }.map { SettingDifference(name: $0.0, wanted: $0.1, found: $0.2) }
    }
}

/// A topic that must be there.
public struct TopicSpecification: Sendable, Equatable {
    /// At most 249 bytes of ASCII letters, digits, `.`, `_` and `-`.
    public var name: String
    public var settings: TopicSettings

    public init(name: String, settings: TopicSettings) {
        self.name = name
        self.settings = settings
    }

    /// The longest topic name that Kafka accepts.
    public static let nameBytesMax = 249

    /// Whether Kafka accepts the name.
    public static func isValidName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= nameBytesMax, name != ".", name != ".." else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}

/// What `ensureTopics` found or did for one topic.
public enum TopicOutcome: Sendable, Equatable {
    case created
    /// It was there, with the wanted settings.
    case existed
    /// It was there with other settings, and was left as it is.
    case existedWithOtherSettings([SettingDifference])
    /// It was there, and this log does not tell a topic's settings (the mock cluster; a broker that does not allow it). Only the number
    /// of partitions was compared, and it is the wanted one.
    case existedUnchecked(reason: String)
    /// It could not be created.
    case failed(RecordLogError)
}

/// A setting that an existing topic has otherwise than wanted.
public struct SettingDifference: Sendable, Equatable, CustomStringConvertible {
    /// The broker's name of the setting, or `partitions` or `replication.factor`.
    public var name: String
    public var wanted: String
    public var found: String

    public init(name: String, wanted: String, found: String) {
        self.name = name
        self.wanted = wanted
        self.found = found
    }

    public var description: String { "\(name) is \(found), wanted \(wanted)" }
}

/// A topic as the log lists it.
public struct TopicDescription: Sendable, Equatable {
    public var name: String
    public var partitions: Int32

    public init(name: String, partitions: Int32) {
        self.name = name
        self.partitions = partitions
    }

    /// All its partitions in order.
    public var topicPartitions: [TopicPartition] { (0..<partitions).map { TopicPartition(name, $0) } }
}
