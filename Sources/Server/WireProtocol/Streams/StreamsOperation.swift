public import JSONBytes

/// The operations of DynamoDB Streams. The raw values are AWS's names.
public enum StreamsOperation: String, CaseIterable, Sendable {
    case listStreams = "ListStreams"
    case describeStream = "DescribeStream"
    case getShardIterator = "GetShardIterator"
    case getRecords = "GetRecords"
}

/// What a request on streams asks for.
public enum StreamsRequest: Sendable {
    /// The catalogue was enough to answer.
    case answer(WireResponse)
    /// The change log must be read.
    case read(StreamRead)
}

extension StreamsOperation {
    public func decode(_ document: JSONDocument, context: RequestContext) throws(WireError) -> StreamsRequest {
        try RequestBody.reading(document, as: shape) { (body) throws(WireError) in
            switch self {
            case .listStreams: .answer(try StreamListing.answer(body, context))
            case .describeStream: .answer(try StreamDescription.answer(body, context))
            case .getShardIterator: try ShardIteratorRequest.decode(body, context)
            case .getRecords: try RecordsRequest.decode(body, context)
            }
        }
    }

    private var shape: Shape {
        switch self {
        case .listStreams: Self.listStreamsShape
        case .describeStream: Self.describeStreamShape
        case .getShardIterator: Self.getShardIteratorShape
        case .getRecords: Self.getRecordsShape
        }
    }

    private static let listStreamsShape = Shape.structure(
        "ListStreamsInput", ["TableName": .string, "Limit": .integer, "ExclusiveStartStreamArn": .string])
    private static let describeStreamShape = Shape.structure(
        "DescribeStreamInput",
        [
            "StreamArn": .string, "Limit": .integer, "ExclusiveStartShardId": .string,
            "ShardFilter": .structure("ShardFilter", ["Type": .string, "ShardId": .string]),
        ])
    private static let getShardIteratorShape = Shape.structure(
        "GetShardIteratorInput",
        ["StreamArn": .string, "ShardId": .string, "ShardIteratorType": .string, "SequenceNumber": .string])
    private static let getRecordsShape = Shape.structure(
        "GetRecordsInput", ["ShardIterator": .string, "Limit": .integer])
}
