import NIOCore
import Partition
import Replication
import WireProtocol

/// The measurement of one request, from its arrival to the moment when its answer is known.
struct RequestMeasurement: Sendable {
    private let metrics: RequestMetrics
    private let started = NIODeadline.now()
    private var cell: RequestMetrics.Cell
    private var region: RegionName?
    /// The table of a request; nil when there are several or none.
    var table: TableDefinition.Number?

    init(_ metrics: RequestMetrics) {
        self.metrics = metrics
        cell = metrics.unknown
    }

    /// - Parameter target: the whole of `X-Amz-Target`.
    mutating func name(_ target: String?, in region: RegionName) {
        cell = metrics.cell(target, in: region)
        self.region = region
    }

    func end(_ response: WireResponse) {
        let kind = response.status >= 400 ? Self.failure(response) : nil
        cell.record(
            status: response.status, nanoseconds: (NIODeadline.now() - started).nonnegativeNanoseconds,
            isUserError: kind == nil)
        guard let region, let table, let kind else { return }
        metrics.count(.init(region: region, table: table, operation: cell.operation, kind: kind))
    }

    private static func failure(_ response: WireResponse) -> RequestMetrics.TableFailure.Kind? {
        if response.status >= 500 { return .system }
        if response.body.starts(with: conditionFailed) { return .conditionalCheckFailed }
        if response.body.starts(with: throttled) { return .throttled }
        return response.body.starts(with: transactionConflict) ? .transactionConflict : nil
    }

    private static let conditionFailed = prefix(of: "ConditionalCheckFailedException")
    private static let throttled = prefix(of: "ProvisionedThroughputExceededException")
    private static let transactionConflict = prefix(of: "TransactionConflictException")

    /// How the body of such an error begins (`WireError`).
    private static func prefix(of name: String) -> [UInt8] {
        Array(#"{"__type":"com.amazonaws.dynamodb.v20120810#\#(name)""#.utf8)
    }
}

extension TimeAmount {
    fileprivate var nonnegativeNanoseconds: UInt64 { UInt64(max(0, nanoseconds)) }
}
