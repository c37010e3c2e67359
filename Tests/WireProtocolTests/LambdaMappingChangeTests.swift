import Bytes
import ChangeStream
import EventSource
import JSONBytes
import Partition
import Replication
import TestSupport
import Testing

@testable import WireProtocol

@Suite("Lambda: changing event source mappings")
struct LambdaMappingUpdateTests {
    private let full = LambdaFixture.mapping {
        $0.settings = MappingSettings(
            batchSize: 7, batchingWindowMilliseconds: 2000, parallelizationFactor: 2, retryAttemptsMax: 3,
            recordAgeMaxMilliseconds: 90_000, bisectsBatchOnError: true, reportsBatchItemFailures: true,
            startingPosition: .latest)
        $0.filterPatterns = [#"{"a":["x"]}"#]
        $0.failureDestination = .file("/tmp/x")
        $0.tags = ["k": "v"]
        $0.metrics = ["EventCount"]
    }

    @Test("what is not named stays")
    func nothing() throws {
        var expected = full
        expected.modifiedMilliseconds = LambdaFixture.now
        #expect(try updated(full, "{}") == expected)
    }

    @Test("what identifies the source is ignored")
    func identity() throws {
        let mapping = try updated(full, #"{"EventSourceArn":"arn:x","StartingPosition":"TRIM_HORIZON","Topics":["t"]}"#)
        #expect(mapping.streamARN == LambdaFixture.stream)
        #expect(mapping.settings.startingPosition == .latest)
    }

    @Test("what is named changes")
    func everything() throws {
        let mapping = try updated(
            full,
            #"{"FunctionName":"g:$LATEST","Enabled":false,"BatchSize":9,"MaximumBatchingWindowInSeconds":0,"#
                + #""ParallelizationFactor":1,"MaximumRetryAttempts":-1,"MaximumRecordAgeInSeconds":-1,"#
                + #""BisectBatchOnFunctionError":false,"FunctionResponseTypes":[],"TumblingWindowInSeconds":5,"#
                + #""FilterCriteria":{},"DestinationConfig":{"OnFailure":{}}}"#)
        #expect(mapping.function == LambdaFixture.function("g", "$LATEST"))
        #expect(
            mapping.settings
                == MappingSettings(batchSize: 9, tumblingWindowMilliseconds: 5000, startingPosition: .latest))
        #expect(mapping.filterPatterns == [])
        #expect(mapping.failureDestination == nil)
        #expect(!mapping.isEnabled)
        #expect(mapping.createdMilliseconds == full.createdMilliseconds)
        #expect(mapping.modifiedMilliseconds == LambdaFixture.now)
        #expect(mapping.tags == ["k": "v"])
    }

    @Test("the mapping is checked as a whole")
    func faults() {
        #expect(
            lambdaError { try updated(full, #"{"TumblingWindowInSeconds":5}"#) }
                == .invalidParameter("TumblingWindowInSeconds cannot be used with a ParallelizationFactor above 1."))
        #expect(
            lambdaError { try updated(full, #"{"FunctionName":"x"}"#) } == .invalidParameter("Function does not exist"))
        #expect(lambdaError { try updated(full, #"{"BatchSize":0}"#) }?.kind == .validation)
        #expect(
            lambdaError { try updated(full, #"{"FilterCriteria":{"Filters":[{"Pattern":"x"}]}}"#) }
                == .invalidParameter("Invalid filter pattern definition."))
        let other = LambdaFixture.mapping(LambdaFixture.otherUUID, function: "g")
        #expect(
            lambdaError { try updated(full, #"{"FunctionName":"g"}"#, LambdaFixture.facts([full, other])) }?.kind
                == .resourceConflict)
    }

    @Test("a mapping whose function is gone cannot be changed until it names another")
    func missingFunction() throws {
        let orphan = LambdaFixture.mapping(function: "gone")
        #expect(lambdaError { try updated(orphan, #"{"BatchSize":1}"#) }?.message == "Function does not exist")
        #expect(try updated(orphan, #"{"FunctionName":"g"}"#).function.name == "g")
    }
}

@Suite("Lambda: where failed batches go")
struct LambdaDestinationTests {
    private let region = LambdaFixture.region

    @Test(
        "destinations",
        arguments: [
            ("file:///tmp/a.jsonl", .file("/tmp/a.jsonl")), ("http://localhost:9/x", .url("http://localhost:9/x")),
            ("https://h/", .url("https://h/")),
            (
                "arn:aws:lambda:us-east-1:000000000000:function:g",
                .function(FunctionReference(name: "g", region: LambdaFixture.region))
            ),
            (
                "arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST",
                .function(FunctionReference(name: "g", qualifier: "$LATEST", region: LambdaFixture.region))
            ),
            ("kafka://failures", .kafkaTopic("failures")),
        ] as [(String, OnFailureDestination)])
    func destinations(_ text: String, _ destination: OnFailureDestination) throws {
        #expect(try OnFailureDestination(text, in: region) == destination)
        #expect(destination.text == text)
    }

    @Test("none") func none() throws { #expect(try OnFailureDestination("", in: region) == nil) }

    @Test(
        "what is not possible says what is",
        arguments: [
            ("arn:aws:sqs:us-east-1:000000000000:q", "give a file (file:///path.jsonl), a URL"),
            ("arn:aws:sns:us-east-1:000000000000:t", "give a file"), ("arn:aws:s3:::bucket", "give a file"),
            ("queue", "give a file"), ("ftp://x", "give a file"),
            ("kafka://", "must name a Kafka topic"), ("kafka:topic", "must name a Kafka topic"),
            ("kafka://.x", "must name a Kafka topic"), ("kafka://a/b", "must name a Kafka topic"),
            ("file://relative.jsonl", "absolute path"), ("file:///", "absolute path"),
            ("file:///dir/", "absolute path"),
            ("http://", "is no URL"), ("https:///x", "is no URL"), ("http://a b", "is no URL"),
            ("arn:aws:lambda:us-east-1:123456789012:function:g", "account"),
            ("arn:aws:lambda:eu-west-1:000000000000:function:g", "not reachable in this region"),
        ])
    func impossible(_ text: String, _ part: String) {
        let error = lambdaError { try OnFailureDestination(text, in: region) }
        #expect(error?.message?.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test("a function as destination must be there")
    func missingFunction() {
        func refusal(_ function: String) -> String? {
            let arn = FunctionReference.arn(function, region)
            return lambdaError {
                try created(createMapping(["DestinationConfig": #"{"OnFailure":{"Destination":"\#(arn)"}}"#]))
            }?.message
        }
        #expect(refusal("g") == nil)
        #expect(
            refusal("x")
                == "The OnFailure destination does not exist: arn:aws:lambda:us-east-1:000000000000:function:x")
        #expect(refusal("g:7")?.hasPrefix("The OnFailure destination does not exist") == true)
        #expect(
            refusal("f")
                == "The OnFailure destination is the mapping's own function f, which would get its failed batches again."
        )
    }

    /// Mappings by their ways, `f>g`.
    private func mappings(_ ways: String) -> [EventSourceMappingDefinition] {
        ways.split(separator: " ").enumerated().map { index, way in
            let ends = way.split(separator: ">").map(String.init)
            return LambdaFixture.mapping(
                "u\(index)", function: ends[0], stream: "s\(index)",
                destination: ends.count == 2 ? .function(LambdaFixture.function(ends[1])) : nil)
        }
    }

    @Test(
        "loops over several mappings; the first mapping is the new one",
        arguments: [
            ("a>b", nil), ("a>b b>c", nil), ("a>b b>a", "a → b → a"), ("a>b b>c c>a", "a → b → c → a"),
            ("a>b c>a", nil), ("a>b b>b", nil), ("a>b b>c b>d d>a", "a → b → d → a"), ("a b>a", nil),
            ("a>b b>c c>b", nil), ("a>b a>c c>a", nil),
        ] as [(String, String?)])
    func loops(_ ways: String, _ path: String?) {
        let mappings = mappings(ways)
        let error = lambdaError { try DestinationLoop.check(mappings[0], among: mappings) }
        #expect(error == path.map { .invalidParameter("The OnFailure destination closes a loop of functions: \($0).") })
    }

    @Test("a chain of a thousand functions is followed")
    func longChain() {
        let ways = (0..<1000).map { "f\($0)>f\($0 + 1)" }.joined(separator: " ")
        let chain = mappings(ways)
        #expect(lambdaError { try DestinationLoop.check(chain[0], among: chain) } == nil)
        let circle = mappings(ways + " f1000>f0")
        #expect(lambdaError { try DestinationLoop.check(circle[0], among: circle) } != nil)
    }
}

@Suite("Lambda: mappings as they are shown and kept")
struct LambdaMappingFormTests {
    @Test("a mapping with defaults shows exactly these members")
    func defaults() {
        let view = EventSourceMappingView(LambdaFixture.mapping(), state: .creating)
        #expect(view.acceptedResponse.status == 202)
        #expect(view.response.status == 200)
        #expect(
            view.response.text
                == #"{"UUID":"\#(LambdaFixture.uuid)","StartingPosition":"TRIM_HORIZON","BatchSize":100,"#
                + #""MaximumBatchingWindowInSeconds":0,"ParallelizationFactor":1,"#
                + #""EventSourceArn":"\#(LambdaFixture.stream)","#
                + #""FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:f","#
                + #""LastModified":1699999999.123,"LastProcessingResult":"No records processed","State":"Creating","#
                + #""StateTransitionReason":"User action","DestinationConfig":{"OnFailure":{}},"#
                + #""MaximumRecordAgeInSeconds":-1,"BisectBatchOnFunctionError":false,"MaximumRetryAttempts":-1,"#
                + #""TumblingWindowInSeconds":0,"FunctionResponseTypes":[],"EventSourceMappingArn":"#
                + #""arn:aws:lambda:us-east-1:000000000000:event-source-mapping:\#(LambdaFixture.uuid)"}"#)
    }

    @Test("settings, filters and destination")
    func settings() {
        let mapping = LambdaFixture.mapping {
            $0.function = LambdaFixture.function("f", "$LATEST")
            $0.settings = MappingSettings(
                batchSize: 5, batchingWindowMilliseconds: 3000, retryAttemptsMax: 0, recordAgeMaxMilliseconds: 60_000,
                bisectsBatchOnError: true, reportsBatchItemFailures: true, tumblingWindowMilliseconds: 10_000,
                startingPosition: .latest)
            $0.filterPatterns = [#"{"a":["x"]}"#]
            $0.failureDestination = .url("http://h/x")
            $0.metrics = ["EventCount"]
            $0.logLevel = "INFO"
        }
        let view = EventSourceMappingView(mapping, state: .enabled, lastProcessingResult: "OK")
        let text = view.response.text
        for part in [
            #""StartingPosition":"LATEST","BatchSize":5,"MaximumBatchingWindowInSeconds":3"#,
            #""FilterCriteria":{"Filters":[{"Pattern":"{\"a\":[\"x\"]}"}]}"#, #"function:f:$LATEST""#,
            #""LastProcessingResult":"OK","State":"Enabled""#, #"{"OnFailure":{"Destination":"http://h/x"}}"#,
            #""MaximumRecordAgeInSeconds":60,"BisectBatchOnFunctionError":true,"MaximumRetryAttempts":0"#,
            #""TumblingWindowInSeconds":10,"FunctionResponseTypes":["ReportBatchItemFailures"]"#,
            #""MetricsConfig":{"Metrics":["EventCount"]},"LoggingConfig":{"SystemLogLevel":"INFO"}}"#,
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test("lists: by stream, by function, in pages, in the order of creation")
    func lists() throws {
        let views = (0..<5).map { index in
            EventSourceMappingView(
                EventSourceMappingDefinition(
                    uuid: "u\(9 - index)", function: LambdaFixture.function(index < 3 ? "f" : "g"),
                    streamARN: index == 0 ? LambdaFixture.otherStream : LambdaFixture.stream,
                    settings: MappingSettings(), createdMilliseconds: UInt64(index) * 7,
                    modifiedMilliseconds: 0), state: .enabled)
        }
        func list(_ query: String) throws -> (uuids: [String], marker: String?) {
            guard case .listMappings(let request) = try lambdaRequest("GET", mappingsPath + "?" + query) else {
                throw LambdaError(.service, "no such request")
            }
            let document = try JSONDocument(parsing: request.response(views.reversed()).body)
            var uuids: [String] = []
            if let list = document.member("EventSourceMappings", of: document.root) {
                document.forEachElement(of: list) { element in
                    if let uuid = document.member("UUID", of: element) { uuids.append(document.string(uuid)) }
                }
            }
            return (uuids, document.member("NextMarker", of: document.root).map { document.string($0) })
        }
        #expect(try list("").uuids == ["u9", "u8", "u7", "u6", "u5"])
        #expect(try list("FunctionName=g").uuids == ["u6", "u5"])
        #expect(try list("FunctionName=arn:aws:lambda:us-east-1:000000000000:function:f").uuids == ["u9", "u8", "u7"])
        #expect(try list("FunctionName=f:$LATEST").uuids == [])
        #expect(try list("EventSourceArn=\(LambdaFixture.otherStream)").uuids == ["u9"])
        #expect(try list("EventSourceArn=\(LambdaFixture.stream)&FunctionName=f").uuids == ["u8", "u7"])
        let first = try list("MaxItems=2")
        #expect(first.uuids == ["u9", "u8"])
        let second = try list("MaxItems=3&Marker=\(try #require(first.marker).replacing("=", with: "%3D"))")
        #expect(second.uuids == ["u7", "u6", "u5"])
        #expect(second.marker == nil)
    }

    @Test("what is kept reads back equal", arguments: 0..<200)
    func roundTrip(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let mapping = Self.random(&random)
        #expect(try EventSourceMappingDefinition(decoding: mapping.encode()) == mapping)
    }

    private static func random(_ random: inout SeededRandom) -> EventSourceMappingDefinition {
        var mapping = EventSourceMappingDefinition(
            uuid: LambdaFixture.uuid,
            function: LambdaFixture.function(
                "f\(Int.random(in: 0...9, using: &random))", Bool.random(using: &random) ? "$LATEST" : nil),
            streamARN: LambdaFixture.stream, settings: MappingSettings(),
            createdMilliseconds: .random(in: 0...1 << 50, using: &random),
            modifiedMilliseconds: .random(in: 0...1 << 50, using: &random))
        mapping.settings = MappingSettings(
            batchSize: .random(in: 1...10_000, using: &random),
            batchingWindowMilliseconds: .random(in: 0...300_000, using: &random),
            parallelizationFactor: .random(in: 1...10, using: &random),
            retryAttemptsMax: Bool.random(using: &random) ? nil : .random(in: 0...10_000, using: &random),
            recordAgeMaxMilliseconds: Bool.random(using: &random)
                ? nil : .random(in: 60_000...604_800_000, using: &random),
            bisectsBatchOnError: .random(using: &random), reportsBatchItemFailures: .random(using: &random),
            startingPosition: Bool.random(using: &random) ? .latest : .trimHorizon)
        mapping.filterPatterns = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            String(["\"", "\\", "\n", "é", "😀", "{", "\u{0}", "a"].shuffled(using: &random).joined())
        }
        mapping.failureDestination =
            [
                nil, .file("/tmp/é x"), .url("http://h/?a=b"), .function(LambdaFixture.function("g", "$LATEST")),
            ].randomElement(using: &random) ?? nil
        mapping.isEnabled = .random(using: &random)
        mapping.tags = Bool.random(using: &random) ? [:] : ["k\"": "v\\", "é": ""]
        mapping.metrics = Bool.random(using: &random) ? nil : ["EventCount", "ErrorCount"]
        mapping.logLevel = Bool.random(using: &random) ? nil : "WARN"
        return mapping
    }

    @Test(
        "bytes that are no mapping",
        arguments: [
            "", "[]", "{}", #"{"uuid":1}"#, #"{"uuid":"u","region":"us-east-1","function":"f"}"#,
            #"{"uuid":"u","region":"us-east-1","function":"f","streamARN":"s","settings":{"startingPosition":"X"}}"#,
            #"{"uuid":"u","region":"us-east-1","function":"f","streamARN":"s","#
                + #""settings":{"startingPosition":"LATEST","batchSize":0}}"#,
            #"{"uuid":"u","region":"us-east-1","function":"f","streamARN":"s","createdMilliseconds":-1}"#,
            #"{"uuid":"u","region":"us-east-1","function":"f","streamARN":"s","failureDestination":"kafka://t"}"#,
        ])
    func damaged(_ text: String) {
        #expect(throws: DamagedMapping.self) { try EventSourceMappingDefinition(decoding: Array(text.utf8)) }
    }

    @Test("damage is told")
    func damageText() {
        let mapping = Result { try EventSourceMappingDefinition(decoding: Array("{}".utf8)) }
        #expect(throws: DamagedMapping(reason: "region is missing")) { try mapping.get() }
    }

    @Test("streams of the catalogue are found, also of another table of the region")
    func catalogueStreams() {
        let table = TableFixture.table("Orders") { $0.streams = [TableFixture.stream(.newImage)] }
        let arn = table.streamARN(table.streams[0])
        let facts = MappingFacts(TableFixture.context([table]), mappings: [], hasFunction: { $0 == "f" })
        #expect(facts.hasStream(arn))
        #expect(!facts.hasStream(arn + "x"))
        #expect(!facts.hasStream(table.arn))
        #expect(!facts.hasStream(arn.replacing("us-east-1", with: "eu-west-1")))
        #expect(facts.region == TableFixture.east)
    }
}
