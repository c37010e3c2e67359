/// A shard as the engine sees it: a stretch of the log's sequence numbers.
public struct ShardStretch: Sendable, Equatable {
    public var id: String
    /// The first sequence number that the shard may hold.
    public var first: UInt64
    /// One past the last record; nil while the shard is open.
    public var end: UInt64?

    public init(id: String, first: UInt64, end: UInt64?) {
        self.id = id
        self.first = first
        self.end = end
    }
}

/// The shards of a stream in their order. There is always one.
struct ShardList: Sendable {
    private let shards: [ShardStretch]

    init(_ shards: [ShardStretch]) {
        precondition(!shards.isEmpty, "a stream has a shard as long as it lives")
        precondition(zip(shards, shards.dropFirst()).allSatisfy { $0.first <= $1.first }, "shards follow one another")
        self.shards = shards
    }

    /// The last sequence number that the stream will ever have; nil while its last shard is open.
    var lastSequence: UInt64? {
        guard let end = shards[shards.count - 1].end else { return nil }
        return end - 1
    }

    /// The shard of a record. Every sequence number has one: what precedes the first shard belongs to it, since its own
    /// shard was forgotten.
    func shard(of sequence: UInt64) -> ShardStretch {
        var low = 0
        var high = shards.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if shards[middle].first <= sequence { low = middle } else { high = middle }
        }
        return shards[low]
    }

    /// Nil when the shard was forgotten.
    func shard(id: String) -> ShardStretch? { shards.last { $0.id == id } }
}
