import EventSource
import Replication
import Testing

@testable import WireProtocol

@Suite("Lambda: making event source mappings")
struct LambdaMappingCreationTests {
    @Test("defaults are Lambda's")
    func defaults() throws {
        let mapping = try created(createMapping())
        #expect(mapping.uuid == LambdaFixture.otherUUID)
        #expect(mapping.function == LambdaFixture.function("f"))
        #expect(mapping.streamARN == LambdaFixture.stream)
        #expect(mapping.settings == MappingSettings(startingPosition: .trimHorizon))
        #expect(mapping.filterPatterns == [])
        #expect(mapping.failureDestination == nil)
        #expect(mapping.isEnabled)
        #expect(mapping.createdMilliseconds == LambdaFixture.now)
    }

    @Test("everything that can be set")
    func everything() throws {
        let mapping = try created(
            createMapping([
                "FunctionName": #""f:$LATEST""#, "StartingPosition": #""LATEST""#, "Enabled": "false",
                "BatchSize": "10000", "MaximumBatchingWindowInSeconds": "300", "ParallelizationFactor": "10",
                "MaximumRetryAttempts": "0", "MaximumRecordAgeInSeconds": "60", "BisectBatchOnFunctionError": "true",
                "FunctionResponseTypes": #"["ReportBatchItemFailures"]"#, "Tags": #"{"k":"v"}"#,
                "FilterCriteria": #"{"Filters":[{"Pattern":"{\"eventName\":[\"INSERT\"]}"}]}"#,
                "DestinationConfig": #"{"OnFailure":{"Destination":"file:///tmp/f.jsonl"}}"#,
                "MetricsConfig": #"{"Metrics":["EventCount"]}"#, "LoggingConfig": #"{"SystemLogLevel":"WARN"}"#,
            ]))
        #expect(mapping.function == LambdaFixture.function("f", "$LATEST"))
        #expect(
            mapping.settings
                == MappingSettings(
                    batchSize: 10_000, batchingWindowMilliseconds: 300_000, parallelizationFactor: 10,
                    retryAttemptsMax: 0, recordAgeMaxMilliseconds: 60_000, bisectsBatchOnError: true,
                    reportsBatchItemFailures: true, startingPosition: .latest))
        #expect(mapping.filterPatterns == [#"{"eventName":["INSERT"]}"#])
        #expect(mapping.failureDestination == .file("/tmp/f.jsonl"))
        #expect(!mapping.isEnabled)
        #expect(mapping.tags == ["k": "v"])
        #expect(mapping.metrics == ["EventCount"])
        #expect(mapping.logLevel == "WARN")
    }

    @Test("-1 and tumbling windows")
    func unlimited() throws {
        let mapping = try created(
            createMapping([
                "MaximumRetryAttempts": "-1", "MaximumRecordAgeInSeconds": "-1", "TumblingWindowInSeconds": "900",
            ]))
        #expect(mapping.settings.retryAttemptsMax == nil)
        #expect(mapping.settings.recordAgeMaxMilliseconds == nil)
        #expect(mapping.settings.tumblingWindowMilliseconds == 900_000)
    }

    @Test(
        "criteria that clear", arguments: ["{}", #"{"Filters":[]}"#, "null", #"{"Filters":null}"#])
    func emptyCriteria(_ criteria: String) throws {
        #expect(try created(createMapping(["FilterCriteria": criteria])).filterPatterns == [])
    }

    static let refused: [RefusedLambdaRequest] = [
        RefusedLambdaRequest("no source", createMapping(["EventSourceArn": nil]), "Unrecognized event source."),
        RefusedLambdaRequest(
            "source of another service", createMapping(["EventSourceArn": #""arn:aws:sqs:us-east-1:000000000000:q""#]),
            "Unrecognized event source. Event sources of this server are streams of DynamoDB tables, and not "
                + "arn:aws:sqs:us-east-1:000000000000:q."),
        .constraint(
            "source that is no ARN", createMapping(["EventSourceArn": #""Orders""#]),
            "Value 'Orders' at 'eventSourceArn' failed to satisfy constraint: Member must satisfy regular expression "
                + #"pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)"#),
        .constraint(
            "no function", createMapping(["FunctionName": nil]),
            "Value null at 'functionName' failed to satisfy constraint: Member must not be null"),
        RefusedLambdaRequest("unknown function", createMapping(["FunctionName": #""x""#]), "Function does not exist"),
        RefusedLambdaRequest(
            "version of a function", createMapping(["FunctionName": #""f:3""#]), "Function does not exist"),
        RefusedLambdaRequest(
            "unknown stream",
            createMapping(["EventSourceArn": #""arn:aws:dynamodb:us-east-1:000000000000:table/X/stream/1""#]),
            "Stream not found: arn:aws:dynamodb:us-east-1:000000000000:table/X/stream/1"),
        RefusedLambdaRequest(
            "no position", createMapping(["StartingPosition": nil]),
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must "
                + "not be null."),
        .constraint(
            "faulty position", createMapping(["StartingPosition": #""invalid""#]),
            "Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: "
                + "[LATEST, AT_TIMESTAMP, TRIM_HORIZON]"),
        RefusedLambdaRequest(
            "position in time", createMapping(["StartingPosition": #""AT_TIMESTAMP""#]),
            "Unsupported starting position for arn type: \(LambdaFixture.stream)"),
        RefusedLambdaRequest(
            "destination of successes",
            createMapping(["DestinationConfig": #"{"OnSuccess":{"Destination":"arn:aws:sqs:us-east-1:1:q"}}"#]),
            "Unsupported DestinationConfig parameter for given event source mapping type."),
        RefusedLambdaRequest(
            "queue's setting", createMapping(["ScalingConfig": #"{"MaximumConcurrency":2}"#]),
            "Unsupported ScalingConfig parameter for given event source mapping type."),
        RefusedLambdaRequest(
            "topic of a stream", createMapping(["Topics": #"["t1"]"#]),
            "Unsupported Topics parameter for given event source mapping type."),
        RefusedLambdaRequest(
            "young records", createMapping(["MaximumRecordAgeInSeconds": "59"]),
            "MaximumRecordAgeInSeconds must be -1 or 60 to 604800, but is 59."),
        RefusedLambdaRequest(
            "windows in parallel", createMapping(["TumblingWindowInSeconds": "1", "ParallelizationFactor": "2"]),
            "TumblingWindowInSeconds cannot be used with a ParallelizationFactor above 1."),
        .constraint(
            "response type", createMapping(["FunctionResponseTypes": #"["Report"]"#]),
            "Value 'Report' at 'functionResponseTypes.1.member' failed to satisfy constraint: Member must satisfy enum "
                + "value set: [ReportBatchItemFailures]"),
        .constraint(
            "long pattern",
            createMapping(["FilterCriteria": #"{"Filters":[{"Pattern":"\#(String(repeating: "p", count: 4097))"}]}"#]),
            "Value '\(String(repeating: "p", count: 4097))' at 'filterCriteria.filters.1.member.pattern' failed to "
                + "satisfy constraint: Member must have length less than or equal to 4096"),
        RefusedLambdaRequest(
            "type of a member", createMapping(["BatchSize": #""10""#]), .serialization,
            "The member 'batchSize' must be a number"),
    ]

    @Test("what is wrong with a new mapping", arguments: refused)
    func faults(_ refused: RefusedLambdaRequest) {
        #expect(lambdaError { try created(refused.body) } == refused.error)
    }

    @Test(
        "ranges of numbers",
        arguments: [
            ("BatchSize", 1, 10_000), ("MaximumBatchingWindowInSeconds", 0, 300), ("ParallelizationFactor", 1, 10),
            ("MaximumRetryAttempts", -1, 10_000), ("MaximumRecordAgeInSeconds", -1, 604_800),
            ("TumblingWindowInSeconds", 0, 900),
        ])
    func ranges(_ member: String, _ lower: Int, _ upper: Int) {
        func refusal(_ value: Int) -> LambdaError? {
            lambdaRefusal("POST", mappingsPath, createMapping([member: "\(value)"]))
        }
        func text(_ value: Int, _ bound: String) -> LambdaError {
            .validation(
                "1 validation error detected: Value '\(value)' at '\(member.lowerFirst)' failed to satisfy constraint: "
                    + "Member must have value \(bound)")
        }
        #expect(refusal(lower) == nil)
        #expect(refusal(upper) == nil)
        #expect(refusal(lower - 1) == text(lower - 1, "greater than or equal to \(lower)"))
        #expect(refusal(upper + 1) == text(upper + 1, "less than or equal to \(upper)"))
    }

    @Test(
        "patterns that are none",
        arguments: [
            "simple string", "null", #"{\"eventSource\":\"aws:sqs\"}"#, #"{\"eventSource\":[]}"#,
            #"[{\"eventName\": [\"INSERT\"=123}]"#, "", "{}", #"{\"a\":[{\"starts\":\"x\"}]}"#,
        ])
    func patterns(_ pattern: String) {
        let criteria = #"{"Filters":[{"Pattern":"{\"a\":[\"x\"]}"},{"Pattern":"\#(pattern)"}]}"#
        #expect(
            lambdaError { try created(createMapping(["FilterCriteria": criteria])) }
                == .invalidParameter("Invalid filter pattern definition."))
    }

    @Test("a filter without a pattern is none either")
    func filterWithoutPattern() {
        #expect(
            lambdaError { try created(createMapping(["FilterCriteria": #"{"Filters":[{}]}"#])) }
                == .invalidParameter("Invalid filter pattern definition."))
    }

    @Test("five filters, or as many as the quota says, but never more than ten")
    func filterCount() throws {
        func body(_ count: Int) -> String {
            let filters = (1...count).map { #"{"Pattern":"{\"a\":[\"\#($0)\"]}"}"# }
            return createMapping(["FilterCriteria": #"{"Filters":\#(jsonArray(filters))}"#])
        }
        #expect(try created(body(5)).filterPatterns.count == 5)
        #expect(
            lambdaError { try created(body(6)) }
                == .invalidParameter(
                    "The filter criteria have 6 filters, more than the 5 that an event source mapping may have."))
        #expect(try created(body(10), LambdaFixture.facts(filtersMax: 100)).filterPatterns.count == 10)
        #expect(
            lambdaError { try created(body(11), LambdaFixture.facts(filtersMax: 100)) }?.kind == .invalidParameterValue)
    }

    @Test("one mapping for a stream and a function, however the function is named")
    func duplicates() throws {
        let there = LambdaFixture.mapping()
        let twin = LambdaError(
            .resourceConflict,
            "The event source arn (\" \(LambdaFixture.stream) \") and function (\" f \") provided mapping already "
                + "exists. Please update or delete the existing mapping with UUID \(LambdaFixture.uuid)")
        let facts = LambdaFixture.facts([there])
        for name in ["f", "f:$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:f"] {
            #expect(lambdaError { try created(createMapping(["FunctionName": "\"\(name)\""]), facts) } == twin)
        }
        #expect(twin.response.status == 409)
        #expect(try created(createMapping(["FunctionName": #""g""#]), facts).function.name == "g")
        #expect(
            try created(createMapping(["EventSourceArn": "\"\(LambdaFixture.otherStream)\""]), facts).streamARN
                == LambdaFixture.otherStream)
    }
}

@Suite("Lambda: Kafka as event source")
struct LambdaKafkaTests {
    private func request(_ members: [String: String?] = [:]) -> String {
        let needed: [String: String?] = [
            "EventSourceArn": nil, "StartingPosition": nil,
            "SelfManagedEventSource": #"{"Endpoints":{"KAFKA_BOOTSTRAP_SERVERS":["h1:9092","h-2.x.org:9093"]}}"#,
            "Topics": #"["t1"]"#, "SourceAccessConfigurations": #"[{"Type":"VPC_SUBNET","URI":"subnet:x"}]"#,
        ]
        return createMapping(needed.merging(members) { _, changed in changed })
    }

    private func refusal(_ members: [String: String?] = [:]) -> LambdaError? {
        lambdaRefusal("POST", mappingsPath, request(members))
    }

    @Test("is understood and not here")
    func notHere() {
        let text =
            "A self-managed Kafka cluster cannot be an event source here: give the stream of a table. With --kafka its "
            + "mappings consume the table's topic as consumer groups."
        #expect(refusal() == .invalidParameter(text))
        #expect(refusal(["SourceAccessConfigurations": "[]"]) == .invalidParameter(text))
        #expect(
            refusal(["StartingPosition": #""AT_TIMESTAMP""#, "StartingPositionTimestamp": "1700000000.5"])
                == .invalidParameter(text))
    }

    @Test("access must be said")
    func access() {
        #expect(
            refusal(["SourceAccessConfigurations": nil])
                == .invalidParameter("Required 'sourceAccessConfigurations' parameter is missing."))
        #expect(
            refusal(["SourceAccessConfigurations": #"[{"Type":"KEY","URI":"x"}]"#])?.message?.contains(
                "Value 'KEY' at 'sourceAccessConfigurations.1.member.type' failed to satisfy constraint: Member must "
                    + "satisfy enum value set: [BASIC_AUTH, VPC_SUBNET, ") == true)
    }

    @Test("a time must come with AT_TIMESTAMP")
    func timestamp() {
        #expect(
            refusal(["StartingPosition": #""AT_TIMESTAMP""#])?.message
                == "StartingPositionTimestamp is required for the StartingPosition AT_TIMESTAMP.")
    }

    @Test("servers that are none", arguments: ["h1", "h1:", ":1", "h1:999999", "-h:1", "a..b:1", "a b:1", "h:+1"])
    func servers(_ server: String) {
        let source = #"{"Endpoints":{"KAFKA_BOOTSTRAP_SERVERS":["\#(server)"]}}"#
        #expect(refusal(["SelfManagedEventSource": source])?.kind == .validation)
    }

    @Test("ten servers at most and one topic")
    func counts() {
        let many = jsonArray((0..<11).map { "\"h\($0):1\"" })
        #expect(
            refusal(["SelfManagedEventSource": #"{"Endpoints":{"KAFKA_BOOTSTRAP_SERVERS":\#(many)}}"#])?.kind
                == .validation)
        #expect(refusal(["Topics": #"["a1","b1"]"#])?.kind == .validation)
        #expect(refusal(["Topics": nil])?.kind == .validation)
        #expect(refusal(["Topics": #"[".a"]"#])?.kind == .validation)
    }
}
