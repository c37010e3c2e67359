public import JSONBytes
import Partition

/// The operations on tables as wholes. The raw values are AWS's names.
public enum TableOperation: String, CaseIterable, Sendable {
    case createTable = "CreateTable"
    case describeTable = "DescribeTable"
    case listTables = "ListTables"
    case updateTable = "UpdateTable"
    case deleteTable = "DeleteTable"
    case tagResource = "TagResource"
    case untagResource = "UntagResource"
    case listTagsOfResource = "ListTagsOfResource"
    case describeLimits = "DescribeLimits"
    case describeEndpoints = "DescribeEndpoints"
    case updateTimeToLive = "UpdateTimeToLive"
    case describeTimeToLive = "DescribeTimeToLive"
    case describeContinuousBackups = "DescribeContinuousBackups"
    case updateContinuousBackups = "UpdateContinuousBackups"
    case describeTableReplicaAutoScaling = "DescribeTableReplicaAutoScaling"
    case updateTableReplicaAutoScaling = "UpdateTableReplicaAutoScaling"
}

/// What a request on tables asks for. Requests that only read the catalogue are answered at once. The others are decided against the
/// tables as they are when their turn comes: the control plane executes one at a time.
public enum TableRequest: Sendable {
    case answer(WireResponse)
    case create(CreateTableRequest)
    case update(UpdateTableRequest)
    case delete(DeleteTableRequest)
    case tag(TagResourceRequest)
    case untag(UntagResourceRequest)
    case timeToLive(UpdateTimeToLiveRequest)
    case continuousBackups(UpdateContinuousBackupsRequest)
    case replicaAutoScaling(UpdateReplicaAutoScalingRequest)
}

extension TableOperation {
    /// Reads a request and checks all that needs no table; what the operation itself checks throws when it is decided.
    public func decode(_ document: JSONDocument, context: RequestContext) throws(WireError) -> TableRequest {
        try RequestBody.reading(document, as: TableShapes.request(of: self)) { (body) throws(WireError) in
            try request(body, context)
        }
    }

    private func request(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> TableRequest {
        switch self {
        case .createTable: .create(try CreateTableRequest(body, context))
        case .updateTable: .update(try UpdateTableRequest(body, context))
        case .deleteTable: .delete(DeleteTableRequest(tableName: try body.tableName(for: self, context)))
        case .tagResource: .tag(try TagResourceRequest(body, context))
        case .untagResource: .untag(try UntagResourceRequest(body, context))
        case .listTagsOfResource: .answer(try TagListing.answer(body, context))
        case .describeTable: .answer(try CatalogueReading.describeTable(body, context))
        case .listTables: .answer(try CatalogueReading.listTables(body, context))
        case .updateTimeToLive: .timeToLive(try UpdateTimeToLiveRequest(body, context))
        case .describeTimeToLive: .answer(try TimeToLiveReading.answer(body, context))
        case .describeContinuousBackups: .answer(try ContinuousBackupsReading.answer(body, context))
        case .updateContinuousBackups: .continuousBackups(try UpdateContinuousBackupsRequest(body, context))
        case .describeTableReplicaAutoScaling: .answer(try ReplicaAutoScalingReading.answer(body, context))
        case .updateTableReplicaAutoScaling: .replicaAutoScaling(try UpdateReplicaAutoScalingRequest(body, context))
        case .describeLimits: .answer(AccountReading.limits)
        case .describeEndpoints: .answer(AccountReading.endpoints(context))
        }
    }
}
