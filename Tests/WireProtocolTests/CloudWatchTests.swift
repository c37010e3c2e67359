import JSONBytes
import Metrics
import Replication
import Testing
import WireProtocol

/// Requests and answers of the CloudWatch API.
struct CloudWatchTests {
    static let region = RegionName(stored: "us-east-1")
    static let now: UInt64 = 1_800_000_000_000

    static let alarm = #"""
        {"AlarmName":"a","Namespace":"n","MetricName":"m","Statistic":"Sum","Period":60,"EvaluationPeriods":3,
        "Threshold":1.5,"ComparisonOperator":"GreaterThanThreshold","Dimensions":[{"Name":"d","Value":"1"}],
        "AlarmActions":["arn:aws:lambda:us-east-1:000000000000:function:f","https://localhost/x"],
        "DatapointsToAlarm":2,"TreatMissingData":"breaching"}
        """#

    private static func request(_ operation: String, _ body: String) throws(CloudWatchError) -> CloudWatchRequest {
        guard
            let wire = CloudWatchWire(
                uri: "/", target: CloudWatchOperation.targetPrefix + operation, isForm: false, body: Array(body.utf8))
        else { throw .internalError }
        return try CloudWatchRequest(wire, region: region, nowMilliseconds: now)
    }

    private static func error(_ operation: String, _ body: String) -> CloudWatchError? {
        do throws(CloudWatchError) {
            _ = try request(operation, body)
            return nil
        } catch {
            return error
        }
    }

    private static func putAlarm() throws -> Alarm {
        guard case .putAlarm(let alarm) = try request("PutMetricAlarm", alarm) else { throw NotAnAlarm() }
        return alarm
    }

    private struct NotAnAlarm: Error {}

    @Test func alarmIsReadWhole() throws {
        let alarm = try Self.putAlarm()
        #expect(alarm.metric == MetricIdentity(namespace: "n", name: "m", dimensions: [.init("d", "1")]))
        #expect(alarm.statistic == .sum)
        #expect(alarm.periodSeconds == 60)
        #expect(alarm.evaluationPeriods == 3)
        #expect(alarm.datapointsToAlarm == 2)
        #expect(alarm.threshold == 1.5)
        #expect(alarm.comparison == .greater)
        #expect(alarm.missingData == .breaching)
        #expect(alarm.actions.alarm.count == 2)
        #expect(alarm.actionsEnabled)
        #expect(alarm.standing == .initial(nowMilliseconds: Self.now))
    }

    @Test func keptAlarmComesBackAsItWas() throws {
        var alarm = try Self.putAlarm()
        alarm.description = "d ☂ \"quoted\""
        alarm.unit = "Count"
        alarm.actionsEnabled = false
        alarm.actions.ok = ["http://localhost/ok"]
        alarm.standing.change(to: .alarm, reason: "r", reasonData: #"{"a":1}"#, nowMilliseconds: Self.now + 1234)
        #expect(try Alarm(decoding: alarm.encoded(in: Self.region), in: Self.region) == alarm)
    }

    @Test(arguments: [
        ("PutMetricAlarm", "[]", CloudWatchError.Kind.serialization),
        ("PutMetricAlarm", #"{"AlarmName":5}"#, .serialization),
        ("PutMetricAlarm", "{}", .validation),
        ("PutMetricAlarm", #"{"AlarmName":"a","Metrics":[]}"#, .validation),
        ("SetAlarmState", #"{"AlarmName":"a","StateValue":"Bad","StateReason":""}"#, .validation),
        ("SetAlarmState", #"{"AlarmName":"a","StateValue":"OK"}"#, .validation),
        ("DeleteAlarms", "{}", .validation),
        ("DescribeAlarms", #"{"MaxRecords":101}"#, .validation),
        ("DescribeAlarms", #"{"AlarmNames":["a"],"AlarmNamePrefix":"a"}"#, .invalidParameterCombination),
        ("PutMetricData", #"{"MetricData":[]}"#, .missingParameter),
        ("PutMetricData", #"{"Namespace":"n","MetricData":[{"Value":1}]}"#, .missingParameter),
        ("PutMetricData", #"{"Namespace":":n","MetricData":[{"MetricName":"m","Value":1}]}"#, .invalidParameterValue),
        (
            "PutMetricData", #"{"Namespace":"n","MetricData":[{"MetricName":"m","Values":[1,2],"Counts":[1]}]}"#,
            .invalidParameterValue
        ),
        ("PutMetricData", #"{"Namespace":"n","MetricData":[{"MetricName":"m","Value":"NaN"}]}"#, .serialization),
        (
            "PutMetricData", #"{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1,"Timestamp":-1}]}"#,
            .serialization
        ),
        ("ListMetrics", #"{"NextToken":"-1"}"#, .invalidParameterValue),
        ("DescribeInsightRules", "{}", .unknownOperation),
    ])
    func refused(operation: String, body: String, kind: CloudWatchError.Kind) {
        #expect(Self.error(operation, body)?.kind == kind)
    }

    @Test func errorsCarryTheCodeOfTheQueryProtocol() {
        let response = CloudWatchError(.invalidParameterValue, "no").response
        #expect(response.status == 400)
        #expect(response.queryError == "InvalidParameterValue;Sender")
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"__type":"com.amazonaws.cloudwatch.v2010_08_01#InvalidParameterValueException","message":"no"}"#)
        #expect(CloudWatchError.internalError.response.queryError == "InternalServiceError;Receiver")
        #expect(CloudWatchError.noAlarms(["a"]).response.status == 404)
    }

    @Test func samplesOfAllForms() throws {
        let body = #"""
            {"Namespace":"n","MetricData":[{"MetricName":"a","Value":2,"Timestamp":1.5},
            {"MetricName":"a","Values":[1,5],"Counts":[2,1]},
            {"MetricName":"a","StatisticValues":{"SampleCount":2,"Sum":4,"Minimum":1,"Maximum":3},"Unit":"Count"}]}
            """#
        guard case .putSamples(let samples) = try Self.request("PutMetricData", body) else { throw NotAnAlarm() }
        #expect(samples.map(\.milliseconds) == [1500, Self.now, Self.now])
        #expect(samples.map(\.unit) == ["None", "None", "Count"])
        #expect(
            samples.map(\.set) == [
                StatisticSet(2), StatisticSet(sampleCount: 3, sum: 7, minimum: 1, maximum: 5),
                StatisticSet(sampleCount: 2, sum: 4, minimum: 1, maximum: 3),
            ])
    }

    @Test(arguments: [
        ("arn:aws:lambda:us-east-1:000000000000:function:f", AlarmAction.function(name: "f")),
        ("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", .function(name: "f")),
        ("http://localhost:1/x", .url("http://localhost:1/x")),
        ("arn:aws:lambda:eu-west-1:000000000000:function:f", nil),
        ("arn:aws:sns:us-east-1:000000000000:t", nil),
        ("f", nil),
    ])
    func actions(text: String, action: AlarmAction?) {
        #expect(AlarmAction(text, region: Self.region) == action)
    }

    @Test func eventIsJSONAndNamesBothStates() throws {
        var alarm = try Self.putAlarm()
        let before = alarm.standing
        alarm.standing.change(to: .alarm, reason: "r", reasonData: nil, nowMilliseconds: Self.now)
        let document = try JSONDocument(parsing: AlarmEvent(alarm, before: before, region: Self.region).json)
        let data = try #require(document.member("alarmData", of: document.root))
        let state = try #require(document.member("state", of: data))
        let previous = try #require(document.member("previousState", of: data))
        #expect(document.member("value", of: state).map { document.string($0) } == "ALARM")
        #expect(document.member("value", of: previous).map { document.string($0) } == "INSUFFICIENT_DATA")
        #expect(
            document.member("time", of: document.root).map { document.string($0) } == "2027-01-15T08:00:00.000+0000")
    }
}
