import ChangeStream
import JSONBytes
import Partition

/// GetShardIterator (reference `streams.md` 3).
struct ShardIteratorRequest {
    private static let types = ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"]

    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> StreamsRequest {
        let arn = try body.string("StreamArn")
        let shardID = try body.string("ShardId")
        let type = try body.string("ShardIteratorType")
        let sequenceNumber = try body.string("SequenceNumber")
        var constraints = Constraints()
        constraints.require(shardID != nil, at: "shardId")
        constraints.checkShardID(shardID, at: "shardId")
        constraints.require(type != nil, at: "shardIteratorType")
        constraints.checkEnum(type, at: "shardIteratorType", types)
        constraints.require(arn != nil, at: "streamArn")
        constraints.checkStreamARN(arn, at: "streamArn")
        constraints.checkLength(sequenceNumber, at: "sequenceNumber", 21...40)
        try constraints.throwIfViolated()

        let start = try start(type ?? "", sequenceNumber)
        let place = try StreamPlace.find(arn ?? "", in: context)
        let shards = place.stream.readableShards(nowMilliseconds: context.wallMilliseconds)
        guard let shard = shards.first(where: { $0.id == shardID }) else {
            throw WireError(.resourceNotFound, "Requested resource not found: Shard does not exist")
        }
        let window = ShardWindow(place: place, shard: shard, context: context)
        switch start {
        case .latest: return .answer(window.iteratorResponse(at: window.limit))
        case .trimHorizon: return .read(StreamRead(window: window, wanted: .iteratorAtHorizon))
        case .sequence(let sequence, let isAfter):
            return .read(StreamRead(window: window, wanted: .iterator(sequence: sequence, isAfter: isAfter)))
        }
    }

    private enum Start {
        case latest
        case trimHorizon
        case sequence(UInt64, isAfter: Bool)
    }

    private static func start(_ type: String, _ sequenceNumber: String?) throws(WireError) -> Start {
        switch (type, sequenceNumber) {
        case ("LATEST", nil): return .latest
        case ("TRIM_HORIZON", nil): return .trimHorizon
        case ("LATEST", _?), ("TRIM_HORIZON", _?):
            throw .invalidParameter("SequenceNumber must not be specified for ShardIteratorType \(type)")
        case (_, nil):
            throw .invalidParameter("SequenceNumber must be specified for ShardIteratorType \(type)")
        case (_, let text?):
            guard let sequence = SequenceNumber.parse(text) else { throw .invalidSequenceNumber(text) }
            return .sequence(sequence, isAfter: type == "AFTER_SEQUENCE_NUMBER")
        }
    }
}

extension WireError {
    static func invalidSequenceNumber(_ text: String) -> WireError {
        .validation("Invalid SequenceNumber: \(text)")
    }
}
