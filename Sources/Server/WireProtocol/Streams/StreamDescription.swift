import AttributeModel
import ChangeStream
import JSONBytes
import Partition

/// DescribeStream (reference `streams.md` 3).
enum StreamDescription {
    private static let pageMax = 100

    static func answer(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let arn = try body.string("StreamArn")
        let limit = try body.integer("Limit")
        let start = try body.string("ExclusiveStartShardId")
        let filter = try body.object("ShardFilter")
        let filterType = try filter?.string("Type")
        let parent = try filter?.string("ShardId")
        var constraints = Constraints()
        constraints.require(arn != nil, at: "streamArn")
        constraints.checkStreamARN(arn, at: "streamArn")
        constraints.checkRange(limit, at: "limit", 1...pageMax)
        constraints.checkShardID(start, at: "exclusiveStartShardId")
        if filter != nil {
            constraints.require(filterType != nil, at: "shardFilter.type")
            constraints.checkEnum(filterType, at: "shardFilter.type", ["CHILD_SHARDS"])
            constraints.require(parent != nil, at: "shardFilter.shardId")
            constraints.checkShardID(parent, at: "shardFilter.shardId")
        }
        try constraints.throwIfViolated()

        let place = try StreamPlace.find(arn ?? "", in: context)
        let shards = place.stream.readableShards(nowMilliseconds: context.wallMilliseconds).filter { shard in
            (parent == nil || shard.parent == parent)
                && (start.map { $0.utf8.lexicographicallyPrecedes(shard.id.utf8) } ?? true)
        }
        let page = shards.prefix(limit ?? pageMax)
        return WireResponse.object { writer in
            writer.key("StreamDescription")
            writer.beginObject()
            append(place, to: &writer)
            if page.count < shards.count, let last = page.last {
                writer.key("LastEvaluatedShardId")
                writer.string(last.id)
            }
            writer.key("Shards")
            writer.beginArray()
            for shard in page { append(shard, to: &writer) }
            writer.endArray()
            writer.endObject()
        }
    }

    private static func append(_ place: StreamPlace, to writer: inout JSONWriter) {
        writer.key("StreamArn")
        writer.string(place.arn)
        writer.key("StreamLabel")
        writer.string(place.stream.label)
        writer.key("StreamStatus")
        writer.string(place.stream.isEnabled ? "ENABLED" : "DISABLED")
        writer.key("StreamViewType")
        writer.string(place.stream.viewType.rawValue)
        writer.key("CreationRequestDateTime")
        writer.seconds(place.stream.createdMilliseconds)
        writer.key("TableName")
        writer.string(place.table.name)
        writer.key("KeySchema")
        place.table.keySchema.appendJSON(to: &writer)
    }

    private static func append(_ shard: Shard, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("ShardId")
        writer.string(shard.id)
        if let parent = shard.parent {
            writer.key("ParentShardId")
            writer.string(parent)
        }
        writer.key("SequenceNumberRange")
        writer.beginObject()
        writer.key("StartingSequenceNumber")
        writer.string(SequenceNumber.text(of: shard.first))
        if let end = shard.end {
            // A shard that stayed empty ends where it starts.
            writer.key("EndingSequenceNumber")
            writer.string(SequenceNumber.text(of: max(shard.first, end - 1)))
        }
        writer.endObject()
        writer.endObject()
    }
}
