import Bytes
import ChangeStream

/// Decides how an alarm stands, from the periods that are over.
///
/// The rules for missing periods are those of the CloudWatch user guide ("Configuring how CloudWatch alarms treat missing data"): more
/// periods are read than are evaluated, real samples count before filled ones, and a lone old sample that is too much does not wait for
/// others. How many more are read AWS does not say; its examples read two more, and so does this.
public struct AlarmEvaluation: Sendable {
    /// Periods that are read beyond those that are evaluated.
    public static let furtherPeriods = 2
    /// The furthest that an alarm may look back, in seconds.
    public static let reachSecondsMax: UInt64 = 86_400

    /// What the alarm came to; nil for one that stays as it is.
    public let state: Alarm.State?
    public let reason: String
    public let reasonData: String

    private struct Datapoint {
        /// 1 for the newest period.
        let age: Int
        let startMilliseconds: UInt64
        let value: Double
        let isBreaching: Bool
    }

    /// The periods that an evaluation at this time reads, as a range in milliseconds since 1970.
    public static func range(of alarm: Alarm, nowMilliseconds: UInt64) -> Range<UInt64> {
        let period = alarm.periodSeconds * 1000
        let end = nowMilliseconds - nowMilliseconds % period
        let length = period * UInt64(alarm.evaluationPeriods + furtherPeriods)
        return (end - min(end, length))..<end
    }

    /// - Parameter datapoints: of the periods in `range(of:nowMilliseconds:)`, oldest first; those without samples are left out.
    public init(
        _ alarm: Alarm, datapoints: [(startMilliseconds: UInt64, set: StatisticSet)], nowMilliseconds: UInt64
    ) {
        let range = Self.range(of: alarm, nowMilliseconds: nowMilliseconds)
        let newestFirst = datapoints.reversed().map { point in
            let value = point.set.value(of: alarm.statistic)
            return Datapoint(
                age: Int((range.upperBound - point.startMilliseconds) / (alarm.periodSeconds * 1000)),
                startMilliseconds: point.startMilliseconds, value: value,
                isBreaching: alarm.comparison.breaches(value, alarm.threshold))
        }
        let evaluated = Array(newestFirst.prefix(alarm.evaluationPeriods))
        let state = Self.state(evaluated, alarm)
        self.state = state
        reason = Self.reason(state ?? alarm.standing.state, evaluated, alarm)
        reasonData = Self.reasonData(evaluated, alarm, range, nowMilliseconds)
    }

    private static func state(_ evaluated: [Datapoint], _ alarm: Alarm) -> Alarm.State? {
        let needed = alarm.datapointsToAlarm ?? alarm.evaluationPeriods
        let missing = alarm.evaluationPeriods - evaluated.count
        let breaching = evaluated.count { $0.isBreaching }
        let treatment = alarm.missingData ?? .missing
        if breaching >= needed { return .alarm }
        guard missing > 0 else { return .ok }
        switch treatment {
        case .breaching: return breaching + missing >= needed ? .alarm : .ok
        case .notBreaching: return .ok
        case .ignore: return breaching == evaluated.count ? nil : .ok
        case .missing:
            guard let oldest = evaluated.last else { return .insufficientData }
            guard breaching == evaluated.count else { return .ok }
            return oldest.age >= needed ? .alarm : nil
        }
    }

    // MARK: Reasons

    /// Datapoints that a reason names at the most.
    private static let shownMax = 5

    private static func reason(_ state: Alarm.State, _ evaluated: [Datapoint], _ alarm: Alarm) -> String {
        let missing = alarm.evaluationPeriods - evaluated.count
        let periods = plural(alarm.evaluationPeriods, "period")
        if state == .insufficientData {
            return "Insufficient Data: \(plural(missing, "datapoint")) \(missing == 1 ? "was" : "were") unknown."
        }
        let needed = alarm.datapointsToAlarm ?? alarm.evaluationPeriods
        let isAlarm = state == .alarm
        guard !evaluated.isEmpty else {
            let treated = isAlarm ? "Breaching" : "NonBreaching"
            return "Threshold Crossed: no datapoints were received for \(periods) and "
                + "\(plural(missing, "missing datapoint")) \(missing == 1 ? "was" : "were") treated as [\(treated)]."
        }
        let told = evaluated.filter { $0.isBreaching == isAlarm }
        let shown = (told.isEmpty ? evaluated : told).prefix(shownMax)
            .map { "\(text($0.value)) (\(AlarmTime.short(milliseconds: $0.startMilliseconds)))" }
        let count = max(told.count, 1)
        let transition = isAlarm ? "OK -> ALARM" : "ALARM -> OK"
        let minimum = isAlarm ? needed : alarm.evaluationPeriods - needed + 1
        return "Threshold Crossed: \(count) out of the last \(plural(alarm.evaluationPeriods, "datapoint")) "
            + "[\(shown.joined(separator: ", "))] \(count == 1 ? "was" : "were") "
            + "\(alarm.comparison.text(breaching: isAlarm)) the threshold (\(text(alarm.threshold))) "
            + "(minimum \(plural(minimum, "datapoint")) for \(transition) transition)."
    }

    private static func reasonData(
        _ evaluated: [Datapoint], _ alarm: Alarm, _ range: Range<UInt64>, _ nowMilliseconds: UInt64
    ) -> String {
        let values = evaluated.reversed().map { text($0.value) }.joined(separator: ",")
        let start = evaluated.last?.startMilliseconds ?? range.lowerBound
        return #"{"version":"1.0","queryDate":"\#(AlarmTime.long(milliseconds: nowMilliseconds))","#
            + #""startDate":"\#(AlarmTime.long(milliseconds: start))","statistic":"\#(alarm.statistic.rawValue)","#
            + #""period":\#(alarm.periodSeconds),"recentDatapoints":[\#(values)],"threshold":\#(text(alarm.threshold))}"#
    }

    private static func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func text(_ value: Double) -> String { "\(value)" }
}

/// Times as alarms write them.
public enum AlarmTime {
    /// As in `2026-11-21T12:13:11.290+0000`.
    public static func long(milliseconds: UInt64) -> String { StreamLabel.text(milliseconds: milliseconds) + "+0000" }

    /// As in `21/11/26 12:13:00`.
    static func short(milliseconds: UInt64) -> String {
        let time = CivilTime(secondsSince1970: Int(milliseconds / 1000))
        let date = [time.day, time.month, time.year % 100].map { CivilTime.padded($0, 2) }.joined(separator: "/")
        return "\(date) \(time.timeText)"
    }
}
