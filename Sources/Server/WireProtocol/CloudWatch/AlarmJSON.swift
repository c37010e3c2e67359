public import JSONBytes
public import Metrics
import Partition
public import Replication

/// An alarm as DescribeAlarms shows it, and as regions keep it: what PutMetricAlarm says and the state.
extension Alarm {
    public func arn(in region: RegionName) -> String {
        "arn:aws:cloudwatch:\(region):\(TableDefinition.account):alarm:\(name)"
    }

    public func appendJSON(to writer: inout JSONWriter, region: RegionName) {
        writer.beginObject()
        writer.member("AlarmName", name)
        writer.member("AlarmArn", arn(in: region))
        writer.member("AlarmDescription", description)
        writer.member("AlarmConfigurationUpdatedTimestamp", milliseconds: configuredMilliseconds)
        writer.key("ActionsEnabled")
        writer.boolean(actionsEnabled)
        writer.member("OKActions", actions.ok)
        writer.member("AlarmActions", actions.alarm)
        writer.member("InsufficientDataActions", actions.insufficientData)
        writer.member("StateValue", standing.state.rawValue)
        writer.member("StateReason", standing.reason)
        writer.member("StateReasonData", standing.reasonData)
        writer.member("StateUpdatedTimestamp", milliseconds: standing.updatedMilliseconds)
        writer.member("StateTransitionedTimestamp", milliseconds: standing.transitionedMilliseconds)
        writer.member("MetricName", metric.name)
        writer.member("Namespace", metric.namespace)
        writer.member("Statistic", statistic.rawValue)
        metric.appendDimensions(to: &writer)
        writer.key("Period")
        writer.number(Int(periodSeconds))
        writer.member("Unit", unit)
        writer.key("EvaluationPeriods")
        writer.number(evaluationPeriods)
        if let datapointsToAlarm {
            writer.key("DatapointsToAlarm")
            writer.number(datapointsToAlarm)
        }
        writer.key("Threshold")
        writer.number(threshold)
        writer.member("ComparisonOperator", comparison.rawValue)
        writer.member("TreatMissingData", missingData?.rawValue)
        writer.endObject()
    }

    /// As a region keeps it.
    public func encoded(in region: RegionName) -> [UInt8] {
        var writer = JSONWriter()
        appendJSON(to: &writer, region: region)
        return writer.bytes
    }

    /// - Throws: when the bytes are not what `encoded(in:)` made.
    public init(decoding bytes: [UInt8], in region: RegionName) throws(CloudWatchError) {
        let members = try CloudWatchMembers(parsing: bytes)
        let configured = try members.timestamp("AlarmConfigurationUpdatedTimestamp") ?? 0
        try self.init(members, region: region, nowMilliseconds: configured)
        standing = Standing(
            state: try members.choice("StateValue", as: State.self) ?? .insufficientData,
            reason: try members.string("StateReason") ?? "",
            reasonData: try members.string("StateReasonData"),
            updatedMilliseconds: try members.timestamp("StateUpdatedTimestamp") ?? configured,
            transitionedMilliseconds: try members.timestamp("StateTransitionedTimestamp") ?? configured)
    }
}

/// What actions are told: the event that CloudWatch gives to functions.
public struct AlarmEvent: Sendable {
    private let alarm: Alarm
    private let before: Alarm.Standing
    private let region: RegionName

    /// - Parameters:
    ///   - alarm: as it stands now.
    ///   - before: how it stood until now.
    public init(_ alarm: Alarm, before: Alarm.Standing, region: RegionName) {
        self.alarm = alarm
        self.before = before
        self.region = region
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("source", "aws.cloudwatch")
        writer.member("alarmArn", alarm.arn(in: region))
        writer.member("accountId", TableDefinition.account)
        writer.member("time", AlarmTime.long(milliseconds: alarm.standing.updatedMilliseconds))
        writer.member("region", region.name)
        writer.key("alarmData")
        writer.beginObject()
        writer.member("alarmName", alarm.name)
        append(alarm.standing, as: "state", to: &writer)
        append(before, as: "previousState", to: &writer)
        appendConfiguration(to: &writer)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private func append(_ standing: Alarm.Standing, as key: StaticString, to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginObject()
        writer.member("value", standing.state.rawValue)
        writer.member("reason", standing.reason)
        writer.member("reasonData", standing.reasonData)
        writer.member("timestamp", AlarmTime.long(milliseconds: standing.updatedMilliseconds))
        writer.endObject()
    }

    private func appendConfiguration(to writer: inout JSONWriter) {
        writer.key("configuration")
        writer.beginObject()
        writer.member("description", alarm.description)
        writer.key("metrics")
        writer.beginArray()
        writer.beginObject()
        writer.member("id", "m1")
        writer.key("metricStat")
        writer.beginObject()
        writer.key("metric")
        writer.beginObject()
        writer.member("namespace", alarm.metric.namespace)
        writer.member("name", alarm.metric.name)
        writer.key("dimensions")
        writer.beginObject()
        for dimension in alarm.metric.dimensions {
            writer.key(dimension.name)
            writer.string(dimension.value)
        }
        writer.endObject()
        writer.endObject()
        writer.key("period")
        writer.number(Int(alarm.periodSeconds))
        writer.member("stat", alarm.statistic.rawValue)
        writer.member("unit", alarm.unit)
        writer.endObject()
        writer.key("returnData")
        writer.boolean(true)
        writer.endObject()
        writer.endArray()
        writer.endObject()
    }
}

extension JSONWriter {
    /// Nothing for nil.
    fileprivate mutating func member(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    fileprivate mutating func member(_ name: StaticString, _ values: [String]) {
        key(name)
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    /// A time, in seconds.
    fileprivate mutating func member(_ name: StaticString, milliseconds: UInt64) {
        key(name)
        number(Double(milliseconds) / 1000)
    }
}
