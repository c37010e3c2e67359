import ChangeStream
import JSONBytes
import Partition

/// GetRecords (reference `streams.md` 3).
enum RecordsRequest {
    static let recordsMax = 1000

    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> StreamsRequest {
        let text = try body.string("ShardIterator")
        let limit = try body.integer("Limit")
        var constraints = Constraints()
        constraints.require(text != nil, at: "shardIterator")
        constraints.checkLength(text, at: "shardIterator", 1...2048)
        constraints.checkRange(limit, at: "limit", 1...recordsMax)
        try constraints.throwIfViolated()

        guard let iterator = ShardIterator(parsing: text ?? ""),
            StreamPlace.tableName(ofStreamARN: iterator.streamARN) != nil
        else { throw .invalidShardIterator }
        if iterator.isExpired(nowMilliseconds: context.wallMilliseconds) {
            throw WireError(.expiredIterator, "The provided iterator exceeds the maximum age allowed.")
        }
        let place = try StreamPlace.find(iterator.streamARN, in: context)
        let shards = place.stream.readableShards(nowMilliseconds: context.wallMilliseconds)
        guard let shard = shards.first(where: { $0.id == iterator.shardID }) else { throw .trimmed }
        guard iterator.next >= shard.first, iterator.next <= shard.end ?? UInt64.max else {
            throw .invalidShardIterator
        }
        let window = ShardWindow(place: place, shard: shard, context: context)
        return .read(
            StreamRead(window: window, wanted: .records(from: iterator.next, limit: limit ?? recordsMax)))
    }
}

extension WireError {
    fileprivate static let invalidShardIterator = WireError.validation("Invalid ShardIterator")
}
