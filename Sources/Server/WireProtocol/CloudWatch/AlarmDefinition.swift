import Metrics
public import Replication

extension Alarm {
    static let nameLengthMax = 255
    private static let actionsMax = 5

    /// Reads what PutMetricAlarm says of an alarm.
    init(_ members: CloudWatchMembers, region: RegionName, nowMilliseconds: UInt64) throws(CloudWatchError) {
        guard !members.has("Metrics"), !members.has("EvaluationCriteria"), !members.has("ThresholdMetricId") else {
            throw .validation("This server has alarms on one metric each: no metric math, anomaly bands or queries.")
        }
        if members.has("ExtendedStatistic") { throw .noPercentiles }
        let name = try members.string("AlarmName")
        let metric = try members.string("MetricName")
        let namespace = try members.string("Namespace")
        let periods = try members.integer("EvaluationPeriods")
        let comparison = try members.choice("ComparisonOperator", as: AlarmComparison.self)
        var constraints = Constraints()
        constraints.require(name != nil, at: "alarmName")
        constraints.checkLength(name, at: "alarmName", 1...Self.nameLengthMax)
        constraints.require(periods != nil, at: "evaluationPeriods")
        constraints.checkRange(periods, at: "evaluationPeriods", 1...Int(AlarmEvaluation.reachSecondsMax))
        constraints.require(comparison != nil, at: "comparisonOperator")
        constraints.checkLength(metric, at: "metricName", 1...255)
        constraints.checkLength(namespace, at: "namespace", 1...255)
        guard !constraints.hasViolations, let name, let periods, let comparison else {
            throw constraints.cloudWatchError
        }
        guard let metric, let namespace else {
            throw .validation("An alarm must have a MetricName and a Namespace: there is nothing that it would watch.")
        }
        guard let statistic = try members.choice("Statistic", as: Statistic.self) else {
            throw .validation("An alarm on a metric must have a Statistic.")
        }
        guard let threshold = try members.double("Threshold") else {
            throw .validation("An alarm on a metric must have a Threshold.")
        }
        self.init(
            name: name,
            metric: MetricIdentity(namespace: namespace, name: metric, dimensions: try members.dimensions()),
            statistic: statistic, periodSeconds: try Self.period(members, evaluationPeriods: periods),
            evaluationPeriods: periods, threshold: threshold, comparison: comparison,
            nowMilliseconds: nowMilliseconds)
        unit = try members.string("Unit")
        description = try members.string("AlarmDescription")
        missingData = try members.choice("TreatMissingData", as: MissingData.self)
        datapointsToAlarm = try members.integer("DatapointsToAlarm")
        if let datapointsToAlarm, !(1...periods).contains(datapointsToAlarm) {
            throw .validation("DatapointsToAlarm must be between 1 and EvaluationPeriods.")
        }
        actionsEnabled = try members.boolean("ActionsEnabled") ?? true
        actions.ok = try Self.actions("OKActions", members, region)
        actions.alarm = try Self.actions("AlarmActions", members, region)
        actions.insufficientData = try Self.actions("InsufficientDataActions", members, region)
    }

    private static func period(
        _ members: CloudWatchMembers, evaluationPeriods: Int
    ) throws(CloudWatchError) -> UInt64 {
        guard let period = try members.integer("Period") else {
            throw .validation("An alarm on a metric must have a Period.")
        }
        guard period > 0, [10, 20, 30].contains(period) || period % 60 == 0 else {
            throw .validation("Period must be 10, 20, 30 or a multiple of 60")
        }
        let (seconds, overflow) = UInt64(period).multipliedReportingOverflow(by: UInt64(evaluationPeriods))
        guard !overflow, seconds <= AlarmEvaluation.reachSecondsMax else {
            throw .validation(
                "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
        }
        return UInt64(period)
    }

    private static func actions(
        _ name: StaticString, _ members: CloudWatchMembers, _ region: RegionName
    ) throws(CloudWatchError) -> [String] {
        let actions = try members.strings(name) ?? []
        guard actions.count <= actionsMax else {
            throw .validation("\(name) can have at most \(actionsMax) actions.")
        }
        for action in actions where AlarmAction(action, region: region) == nil {
            throw .validation(
                "Invalid action '\(action)': this server calls functions of its own region, "
                    + "arn:aws:lambda:\(region):ACCOUNT:function:NAME, and http or https addresses.")
        }
        return actions
    }
}

/// What an alarm calls.
public enum AlarmAction: Sendable, Equatable {
    /// A function of the alarm's region.
    case function(name: String)
    case url(String)

    /// Nil for what cannot be called.
    ///
    /// - Parameter text: an ARN or an address.
    public init?(_ text: String, region: RegionName) {
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            self = .url(text)
            return
        }
        guard let arn = ResourceARN(text), arn.service == "lambda", arn.region == region.name else { return nil }
        let parts = arn.resource.split(separator: ":").map(String.init)
        guard parts.count >= 2, parts[0] == "function" else { return nil }
        self = .function(name: parts[1])
    }
}
