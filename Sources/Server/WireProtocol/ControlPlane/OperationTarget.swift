/// What the `X-Amz-Target` header asks for.
public enum OperationTarget: Sendable, Equatable {
    case data(DataOperation)
    case table(TableOperation)
    case globalTable(GlobalTableOperation)
    case streams(StreamsOperation)
    /// No operation of this program: the answer is an `UnknownOperationException`.
    case unknown

    /// - Parameter header: the whole value, as in `DynamoDB_20120810.GetItem` or `DynamoDBStreams_20120810.GetRecords`; nil for none.
    public init(_ header: String?) {
        self = header.flatMap { Self.byHeader[$0] } ?? .unknown
    }

    private static let byHeader: [String: OperationTarget] = {
        var targets: [String: OperationTarget] = [:]
        for operation in DataOperation.allCases {
            targets["DynamoDB_20120810." + operation.rawValue] = .data(operation)
        }
        for operation in TableOperation.allCases {
            targets["DynamoDB_20120810." + operation.rawValue] = .table(operation)
        }
        for operation in GlobalTableOperation.allCases {
            targets["DynamoDB_20120810." + operation.rawValue] = .globalTable(operation)
        }
        for operation in StreamsOperation.allCases {
            targets["DynamoDBStreams_20120810." + operation.rawValue] = .streams(operation)
        }
        return targets
    }()
}
