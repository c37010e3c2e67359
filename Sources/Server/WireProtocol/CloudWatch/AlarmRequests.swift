import JSONBytes
public import Metrics
public import Replication

/// Which alarms DescribeAlarms shows.
public struct AlarmFilter: Sendable, Equatable {
    /// Alarms of one answer.
    static let pageMax = 100

    let names: [String]?
    let prefix: String?
    let actionPrefix: String?
    let state: Alarm.State?
    /// Alarms that a page shows at the most.
    let limit: Int
    /// The last name of the page before.
    let after: String?
    /// Whether only composite alarms are wanted, of which there are none.
    let excludesMetricAlarms: Bool

    init(_ members: CloudWatchMembers) throws(CloudWatchError) {
        names = try members.strings("AlarmNames")
        prefix = try members.string("AlarmNamePrefix")
        guard names == nil || prefix == nil else {
            throw CloudWatchError(
                .invalidParameterCombination, "AlarmNames and AlarmNamePrefix cannot be used together.")
        }
        actionPrefix = try members.string("ActionPrefix")
        state = try members.choice("StateValue", as: Alarm.State.self)
        limit = try members.integer("MaxRecords") ?? Self.pageMax
        var constraints = Constraints()
        constraints.checkRange(limit, at: "maxRecords", 1...Self.pageMax)
        if constraints.hasViolations { throw constraints.cloudWatchError }
        after = try members.string("NextToken")
        excludesMetricAlarms = try members.strings("AlarmTypes").map { !$0.contains("MetricAlarm") } ?? false
    }

    private func matches(_ alarm: Alarm) -> Bool {
        if excludesMetricAlarms { return false }
        if let names, !names.contains(alarm.name) { return false }
        if let prefix, !alarm.name.hasPrefix(prefix) { return false }
        if let state, alarm.standing.state != state { return false }
        if let after, alarm.name <= after { return false }
        guard let actionPrefix else { return true }
        return Alarm.State.allCases.contains { alarm.actions[$0].contains { $0.hasPrefix(actionPrefix) } }
    }

    /// The answer of DescribeAlarms: alarms in the order of their names.
    public func response(showing alarms: [Alarm], in region: RegionName) -> CloudWatchResponse {
        let found = alarms.filter(matches).sorted { $0.name < $1.name }
        return CloudWatchResponse { writer in
            writer.key("MetricAlarms")
            writer.beginArray()
            for alarm in found.prefix(limit) { alarm.appendJSON(to: &writer, region: region) }
            writer.endArray()
            writer.key("CompositeAlarms")
            writer.beginArray()
            writer.endArray()
            if found.count > limit {
                writer.key("NextToken")
                writer.string(found[limit - 1].name)
            }
        }
    }
}

/// SetAlarmState.
public struct AlarmStateChange: Sendable, Equatable {
    public let name: String
    public let state: Alarm.State
    public let reason: String
    public let reasonData: String?

    init(_ members: CloudWatchMembers) throws(CloudWatchError) {
        var constraints = Constraints()
        let name = try members.string("AlarmName")
        constraints.require(name != nil, at: "alarmName")
        constraints.checkLength(name, at: "alarmName", 1...Alarm.nameLengthMax)
        constraints.require(members.has("StateValue"), at: "stateValue")
        let reason = try members.string("StateReason")
        constraints.require(reason != nil, at: "stateReason")
        constraints.checkLength(reason, at: "stateReason", 0...1023)
        guard !constraints.hasViolations, let name, let reason else { throw constraints.cloudWatchError }
        self.name = name
        self.reason = reason
        state = try members.required("StateValue", try members.choice("StateValue", as: Alarm.State.self))
        reasonData = try members.string("StateReasonData")
    }
}

extension CloudWatchMembers {
    func alarmNames() throws(CloudWatchError) -> [String] {
        var constraints = Constraints()
        let names = try strings("AlarmNames")
        constraints.require(names != nil, at: "alarmNames")
        if let names {
            constraints.checkCount(
                names.count, shown: "[\(names.joined(separator: ", "))]", at: "alarmNames", 1...AlarmFilter.pageMax)
        }
        guard !constraints.hasViolations, let names else { throw constraints.cloudWatchError }
        return names
    }
}

extension CloudWatchError {
    /// What operations on alarms say that are not there.
    public static func noAlarms(_ names: [String]) -> CloudWatchError {
        CloudWatchError(.resourceNotFound, "Unknown alarm names: [\(names.joined(separator: ", "))]")
    }

    /// What PutMetricAlarm says when a region has as many alarms as it can have.
    public static func tooManyAlarms(_ limit: Int) -> CloudWatchError {
        CloudWatchError(.limitExceeded, "The maximum of \(limit) alarms has been reached.")
    }
}
