public import Metrics
public import Replication

/// The operations of CloudWatch that are served. The raw values are AWS's names.
public enum CloudWatchOperation: String, CaseIterable, Sendable {
    case putMetricAlarm = "PutMetricAlarm"
    case describeAlarms = "DescribeAlarms"
    case setAlarmState = "SetAlarmState"
    case deleteAlarms = "DeleteAlarms"
    case enableAlarmActions = "EnableAlarmActions"
    case disableAlarmActions = "DisableAlarmActions"
    case getMetricData = "GetMetricData"
    case getMetricStatistics = "GetMetricStatistics"
    case listMetrics = "ListMetrics"
    case putMetricData = "PutMetricData"

    /// What `X-Amz-Target` begins with.
    public static let targetPrefix = "GraniteServiceVersion20100801."
}

/// What a request asks for.
public enum CloudWatchRequest: Sendable {
    case putAlarm(Alarm)
    case describeAlarms(AlarmFilter)
    case setState(AlarmStateChange)
    case deleteAlarms([String])
    case setActionsEnabled(Bool, [String])
    case putSamples([MetricSample])
    /// The metrics are enough to answer.
    case read(MetricQuery)

    /// Reads a request.
    ///
    /// - Parameter now: in milliseconds since 1970.
    public init(_ wire: CloudWatchWire, region: RegionName, nowMilliseconds now: UInt64) throws(CloudWatchError) {
        let name = wire.operation
        guard let operation = CloudWatchOperation(rawValue: name) else {
            throw CloudWatchError(.unknownOperation, "This server does not serve the operation \(name).")
        }
        let members = try CloudWatchMembers(parsing: try wire.body.get())
        switch operation {
        case .putMetricAlarm: self = .putAlarm(try Alarm(members, region: region, nowMilliseconds: now))
        case .describeAlarms: self = .describeAlarms(try AlarmFilter(members))
        case .setAlarmState: self = .setState(try AlarmStateChange(members))
        case .deleteAlarms: self = .deleteAlarms(try members.alarmNames())
        case .enableAlarmActions: self = .setActionsEnabled(true, try members.alarmNames())
        case .disableAlarmActions: self = .setActionsEnabled(false, try members.alarmNames())
        case .getMetricData: self = .read(.data(try MetricDataRequest(members)))
        case .getMetricStatistics: self = .read(.statistics(try MetricStatisticsRequest(members)))
        case .listMetrics: self = .read(.list(try MetricListRequest(members)))
        case .putMetricData: self = .putSamples(try MetricSample.samples(members, nowMilliseconds: now))
        }
    }
}

/// A question to the metrics of a region.
public enum MetricQuery: Sendable {
    case data(MetricDataRequest)
    case statistics(MetricStatisticsRequest)
    case list(MetricListRequest)

    public func response(reading store: MetricStore) -> CloudWatchResponse {
        switch self {
        case .data(let request): request.response(reading: store)
        case .statistics(let request): request.response(reading: store)
        case .list(let request): request.response(reading: store)
        }
    }
}
