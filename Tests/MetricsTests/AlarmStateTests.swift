import Metrics
import Testing

/// The tables of the CloudWatch user guide for alarms with missing periods, and what goes with them.
struct AlarmStateTests {
    /// X is too much, 0 is not, - is a period without samples; the newest period is the last.
    struct Row: CustomTestStringConvertible {
        let periods: String
        /// With `missing`, `ignore`, `breaching` and `notBreaching`; nil where the alarm stays as it is.
        let states: [Alarm.State?]

        init(_ periods: String, _ states: Alarm.State?...) {
            self.periods = periods
            self.states = states
        }

        var testDescription: String { periods }
    }

    static let now: UInt64 = 1_800_000_030_000

    private static func alarm(
        periods: Int = 3, needed: Int? = nil, missing: Alarm.MissingData? = nil,
        comparison: AlarmComparison = .greater
    ) -> Alarm {
        var alarm = Alarm(
            name: "a", metric: MetricIdentity(namespace: "n", name: "m", dimensions: []), statistic: .maximum,
            periodSeconds: 60, evaluationPeriods: periods, threshold: 1, comparison: comparison,
            nowMilliseconds: now)
        alarm.datapointsToAlarm = needed
        alarm.missingData = missing
        return alarm
    }

    private static func evaluate(_ periods: String, _ alarm: Alarm) -> AlarmEvaluation {
        let end = AlarmEvaluation.range(of: alarm, nowMilliseconds: now).upperBound
        var points: [(startMilliseconds: UInt64, set: StatisticSet)] = []
        for (index, character) in periods.enumerated() where character != "-" {
            let start = end - UInt64(periods.count - index) * 60_000
            points.append((start, StatisticSet(character == "X" ? 2 : 0)))
        }
        return AlarmEvaluation(alarm, datapoints: points, nowMilliseconds: now)
    }

    private func check(_ row: Row, needed: Int) {
        for (treatment, expected) in zip(Alarm.MissingData.allCases, row.states) {
            let evaluation = Self.evaluate(row.periods, Self.alarm(needed: needed, missing: treatment))
            #expect(evaluation.state == expected, "\(treatment)")
        }
    }

    @Test(arguments: [
        Row("0-X-X", .ok, .ok, .ok, .ok),
        Row("0----", .ok, .ok, .ok, .ok),
        Row("-----", .insufficientData, nil, .alarm, .ok),
        Row("0XX-X", .alarm, .alarm, .alarm, .alarm),
        Row("--X--", .alarm, nil, .alarm, .ok),
    ])
    func threeOutOfThree(row: Row) {
        check(row, needed: 3)
    }

    @Test(arguments: [
        Row("0-X-X", .alarm, .alarm, .alarm, .alarm),
        Row("00X0X", .alarm, .alarm, .alarm, .alarm),
        Row("0-X--", .ok, .ok, .alarm, .ok),
        Row("----0", .ok, .ok, .alarm, .ok),
        Row("---X-", .alarm, nil, .alarm, .ok),
    ])
    func twoOutOfThree(row: Row) {
        check(row, needed: 2)
    }

    @Test func missingIsTheDefault() {
        #expect(Self.evaluate("-----", Self.alarm()).state == .insufficientData)
    }

    @Test func oneYoungSampleThatIsTooMuchWaitsForOthers() {
        #expect(Self.evaluate("----X", Self.alarm()).state == nil)
        #expect(Self.evaluate("----X", Self.alarm(needed: 1)).state == .alarm)
    }

    /// Which of the values 0, 1 and 2 are too much for the threshold 1.
    @Test(arguments: [
        (AlarmComparison.greater, [false, false, true]), (.greaterOrEqual, [false, true, true]),
        (.less, [true, false, false]), (.lessOrEqual, [true, true, false]),
    ])
    func comparison(comparison: AlarmComparison, expected: [Bool]) {
        #expect([0, 1, 2].map { comparison.breaches($0, 1) } == expected)
    }

    @Test func onlyPeriodsThatAreOverCount() {
        let range = AlarmEvaluation.range(of: Self.alarm(), nowMilliseconds: Self.now)
        #expect(range.upperBound == 1_800_000_000_000)
        #expect(range.lowerBound == 1_800_000_000_000 - 5 * 60_000)
    }

    @Test func reasonsNameValuesTimesAndThreshold() {
        let alarm = Self.evaluate("--X0X", Self.alarm(needed: 2))
        #expect(
            alarm.reason
                == "Threshold Crossed: 2 out of the last 3 datapoints [2.0 (15/01/27 07:59:00), 2.0 (15/01/27 07:57:00)] "
                + "were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition).")
        let ok = Self.evaluate("0", Self.alarm(periods: 1))
        #expect(
            ok.reason == "Threshold Crossed: 1 out of the last 1 datapoint [0.0 (15/01/27 07:59:00)] "
                + "was not greater than the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition).")
        #expect(
            Self.evaluate("", Self.alarm(missing: .breaching)).reason
                == "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were "
                + "treated as [Breaching].")
        #expect(
            Self.evaluate("", Self.alarm(periods: 1)).reason == "Insufficient Data: 1 datapoint was unknown.")
    }

    @Test func standingTellsWhenTheStateWasSaidAndWhenItChanged() {
        var standing = Alarm.Standing.initial(nowMilliseconds: 1)
        standing.change(to: .insufficientData, reason: "again", reasonData: nil, nowMilliseconds: 2)
        #expect(standing.updatedMilliseconds == 2)
        #expect(standing.transitionedMilliseconds == 1)
        standing.change(to: .alarm, reason: "now", reasonData: "{}", nowMilliseconds: 3)
        #expect(standing.transitionedMilliseconds == 3)
    }
}
