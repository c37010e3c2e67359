import Bytes
import Testing

@testable import WireProtocol

@Suite("Lambda: Invoke")
struct LambdaInvokeTests {
    private static let path = functionsPath + "/f/invocations"

    private func invoke(_ body: String = "", _ headers: [String: String] = [:]) throws -> InvokeRequest {
        guard case .invoke(let request) = try lambdaRequest("POST", Self.path, body, headers: headers) else {
            throw LambdaError(.service, "no such request")
        }
        return request
    }

    @Test("without headers and body: synchronous, no log, an empty object")
    func defaults() throws {
        let request = try invoke()
        #expect(request.function == LambdaFixture.function("f"))
        #expect(request.type == .requestResponse)
        #expect(!request.wantsLogTail)
        #expect(request.clientContext == nil)
        #expect(request.payload == Array("{}".utf8))
    }

    @Test("headers", arguments: ["Event", "RequestResponse", "DryRun"])
    func types(_ type: String) throws {
        let context = Base64.encode(Array(#"{"a":1}"#.utf8))
        let request = try invoke(
            "[1]", ["x-amz-invocation-type": type, "x-amz-log-type": "Tail", "x-amz-client-context": context])
        #expect(request.type.rawValue == type)
        #expect(request.wantsLogTail)
        #expect(request.clientContext == #"{"a":1}"#)
        #expect(request.payload == Array("[1]".utf8))
    }

    @Test(
        "the client context becomes the text of a header",
        arguments: [
            ("{\n \"a\" :\t1\r\n}", #"{  "a" : 1  }"#), (#"{"é😀":"\n\u007f"}"#, #"{"\u00e9\ud83d\ude00":"\n\u007f"}"#),
            ("{\"a\":\"\u{7F}\"}", #"{"a":"\u007f"}"#),
        ])
    func clientContext(_ json: String, _ text: String) throws {
        #expect(try invoke("", ["x-amz-client-context": Base64.encode(Array(json.utf8))]).clientContext == text)
    }

    @Test("every JSON value is a payload", arguments: ["null", "1", #""x""#, "[]", "{}", " true "])
    func payloads(_ json: String) throws {
        #expect(try invoke(json).payload == Array(json.utf8))
    }

    @Test(
        "what is no JSON",
        arguments: [("{", "Unexpected end-of-input"), ("xyz", "Unexpected character ('x' (code 120)) at byte 0")])
    func noJSON(_ body: String, _ part: String) {
        #expect(
            lambdaRefusal("POST", Self.path, body)
                == LambdaError(
                    .invalidRequestContent,
                    "Could not parse request body into json: Could not parse payload into json: " + part))
    }

    @Test("header values that are none")
    func faults() {
        #expect(
            lambdaRefusal("POST", Self.path, headers: ["x-amz-invocation-type": "Soon", "x-amz-log-type": "All"])
                == .validation(
                    "2 validation errors detected: Value 'Soon' at 'invocationType' failed to satisfy constraint: "
                        + "Member must satisfy enum value set: [Event, RequestResponse, DryRun]; Value 'All' at "
                        + "'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]"))
        for context in ["?", Base64.encode(Array("[1]".utf8)), Base64.encode(Array("{".utf8))] {
            #expect(
                lambdaRefusal("POST", Self.path, headers: ["x-amz-client-context": context])
                    == LambdaError(
                        .invalidRequestContent, "Client context must be a valid Base64-encoded JSON object."))
        }
    }

    @Test("payloads have a largest size, a smaller one when they are queued")
    func sizes() throws {
        func text(_ bytes: Int) -> String { "\"" + String(repeating: "x", count: bytes - 2) + "\"" }
        let sync = InvokeRequest.payloadBytesMax
        #expect(try invoke(text(sync)).payload.count == sync)
        #expect(
            lambdaRefusal("POST", Self.path, text(sync + 1))
                == LambdaError(
                    .requestTooLarge, "Request must be smaller than 6291456 bytes for the InvokeFunction operation"))
        #expect(
            lambdaRefusal("POST", Self.path, text((1 << 20) + 1), headers: ["x-amz-invocation-type": "Event"])
                == LambdaError(
                    .requestTooLarge, "Request must be smaller than 1048576 bytes for the InvokeFunction operation"))
    }

    @Test("answers")
    func answers() throws {
        let request = try invoke()
        let success = request.response(.success(payload: Array("1".utf8)), log: Array("log".utf8))
        #expect(success.status == 200)
        #expect(success.text == "1")
        #expect(success["X-Amz-Executed-Version"] == "$LATEST")
        #expect(success["X-Amz-Function-Error"] == nil)
        #expect(success["X-Amz-Log-Result"] == nil)
        let failure = request.response(.functionError(payload: Array("{}".utf8)))
        #expect(failure.status == 200)
        #expect(failure["X-Amz-Function-Error"] == "Unhandled")
        #expect(request.response(.accepted) == LambdaResponse(status: 202))
        #expect(request.response(.dryRun) == LambdaResponse(status: 204))
    }

    @Test("the last 4 KB of the log, when asked for")
    func logTail() throws {
        let request = try invoke("", ["x-amz-log-type": "Tail"])
        let log = Array(repeating: UInt8(ascii: "a"), count: 10) + Array(repeating: UInt8(ascii: "b"), count: 4096)
        let tail = try #require(request.response(.success(payload: []), log: log)["X-Amz-Log-Result"])
        #expect(try Base64.decode(Array(tail.utf8)) == Array(repeating: UInt8(ascii: "b"), count: 4096))
    }
}

@Suite("Lambda: functions as they are shown")
struct LambdaFunctionViewTests {
    private let asked = LambdaFixture.function("f")

    @Test("a new function")
    func pending() {
        let view = LambdaFixture.view {
            $0.state = .pending
            $0.lastUpdate = nil
        }
        let response = view.configurationResponse(status: 201, for: asked)
        #expect(response.status == 201)
        #expect(
            response.text
                == #"{"FunctionName":"f","FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:f","#
                + #""Runtime":"python3.12","Role":"arn:aws:iam::000000000000:role/lambda","Handler":"app.handler","#
                + #""Description":"","LastModified":"2023-11-14T22:13:20.123+0000","CodeSha256":"c2hh","#
                + #""Version":"$LATEST","RevisionId":"rev-1","PackageType":"Zip","CodeSize":265,"Timeout":3,"#
                + #""MemorySize":128,"Architectures":["x86_64"],"EphemeralStorage":{"Size":512},"#
                + #""TracingConfig":{"Mode":"PassThrough"},"SnapStart":{"ApplyOn":"None","OptimizationStatus":"Off"},"#
                + #""LoggingConfig":{"LogFormat":"Text","LogGroup":"/aws/lambda/f"},"State":"Pending","#
                + #""StateReason":"The function is being created.","StateReasonCode":"Creating"}"#)
    }

    @Test(
        "states",
        arguments: [
            (.active, .successful, #""State":"Active","LastUpdateStatus":"Successful"}"#),
            (
                .active, .inProgress,
                #""State":"Active","LastUpdateStatus":"InProgress","#
                    + #""LastUpdateStatusReason":"The function is being created.","LastUpdateStatusReasonCode":"Creating"}"#
            ),
            (
                .failed(reason: "no bootstrap"), nil,
                #""State":"Failed","StateReason":"no bootstrap","StateReasonCode":"InternalError"}"#
            ),
            (
                .active, .failed(reason: "x"),
                #""State":"Active","LastUpdateStatus":"Failed","LastUpdateStatusReason":"x","#
                    + #""LastUpdateStatusReasonCode":"InternalError"}"#
            ),
        ] as [(FunctionView.State, FunctionView.LastUpdate?, String)])
    func states(_ state: FunctionView.State, _ update: FunctionView.LastUpdate?, _ end: String) {
        let view = LambdaFixture.view {
            $0.state = state
            $0.lastUpdate = update
        }
        #expect(view.configurationResponse(for: asked).text.hasSuffix(end))
    }

    @Test("the qualifier that was asked for is echoed")
    func qualifier() {
        let text = LambdaFixture.view().configurationResponse(for: LambdaFixture.function("f", "$LATEST")).text
        #expect(text.contains(#""FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST""#))
    }

    @Test("GetFunction shows code, tags and concurrency")
    func getFunction() {
        let view = LambdaFixture.view {
            $0.tags = ["b": "2", "a": "1"]
            $0.reservedConcurrency = 3
        }
        let text = view.response(for: asked).text
        #expect(text.hasPrefix(#"{"Configuration":{"FunctionName":"f","#))
        #expect(
            text.hasSuffix(
                #"},"Code":{"RepositoryType":"S3","Location":"/data/f"},"Tags":{"a":"1","b":"2"},"#
                    + #""Concurrency":{"ReservedConcurrentExecutions":3}}"#))
        #expect(!LambdaFixture.view().response(for: asked).text.contains("Tags"))
    }

    @Test("a command has neither runtime nor handler; what is inert is shown")
    func otherMembers() throws {
        var inert = InertFunctionSettings()
        inert.tracingMode = "Active"
        inert.logFormat = "JSON"
        inert.systemLogLevel = "WARN"
        inert.keyARN = "arn:key"
        inert.subnetIDs = ["s"]
        let view = LambdaFixture.view {
            $0.runtime = nil
            $0.handler = nil
            $0.environment = ["B": "2", "A": "1"]
            $0.inert = inert
        }
        let text = view.configurationResponse(for: asked).text
        #expect(!text.contains("Runtime\""))
        #expect(!text.contains("\"Handler\""))
        #expect(text.contains(#""Environment":{"Variables":{"A":"1","B":"2"}}"#))
        #expect(text.contains(#""KMSKeyArn":"arn:key","TracingConfig":{"Mode":"Active"}"#))
        #expect(
            text.contains(#""LoggingConfig":{"LogFormat":"JSON","SystemLogLevel":"WARN","LogGroup":"/aws/lambda/f"}"#))
        #expect(text.contains(#""VpcConfig":{"SubnetIds":["s"],"SecurityGroupIds":[]}"#))
        #expect(
            InertFunctionSettings(decoding: inert.encode())
                == {
                    var stored = inert
                    stored.securityGroupIDs = []
                    return stored
                }())
        #expect(InertFunctionSettings(decoding: InertFunctionSettings().encode()) == InertFunctionSettings())
        #expect(InertFunctionSettings(decoding: [1, 2]) == InertFunctionSettings())
        #expect(InertFunctionSettings().applying(inert) == inert)
        #expect(inert.applying(InertFunctionSettings()) == inert)
    }

    @Test("lists come in pages, in the order of names, and survive deletions")
    func pages() throws {
        func page(_ query: String) throws -> ListPage {
            guard case .listFunctions(let page) = try lambdaRequest("GET", functionsPath + "?" + query) else {
                throw LambdaError(.service, "no such request")
            }
            return page
        }
        let views = ["c", "a", "e", "b", "d"].map { LambdaFixture.view($0) }
        let name = { (view: FunctionView) in view.function.name }
        let (first, marker) = try page("MaxItems=2").cut(views, key: name)
        #expect(first.map(name) == ["a", "b"])
        let next = try page("MaxItems=2&Marker=\(try #require(marker))")
        #expect(next.cut(views, key: name).page.map(name) == ["c", "d"])
        #expect(next.cut(views.filter { name($0) != "b" }, key: name).page.map(name) == ["c", "d"])
        let (last, end) = try page("Marker=\(Base64.encode(Array("c".utf8)))").cut(views, key: name)
        #expect(last.map(name) == ["d", "e"])
        #expect(end == nil)
        #expect(FunctionView.list([], try page("")).text == #"{"Functions":[]}"#)
        let text = FunctionView.list(views, try page("MaxItems=1")).text
        #expect(text.hasPrefix(#"{"Functions":[{"FunctionName":"a","#))
        #expect(text.hasSuffix(#"}],"NextMarker":"YQ=="}"#))
        #expect(
            lambdaRefusal("GET", functionsPath + "?MaxItems=0")
                == .validation(
                    "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must "
                        + "have value greater than or equal to 1"))
        #expect(lambdaRefusal("GET", functionsPath + "?MaxItems=x")?.kind == .serialization)
        #expect(lambdaRefusal("GET", functionsPath + "?Marker=%3F")?.kind == .invalidParameterValue)
    }
}

@Suite("Lambda: tags")
struct LambdaTagTests {
    private static let functionARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
    private static let mappingARN = "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:\(LambdaFixture.uuid)"
    private static let path = "/2017-03-31/tags/"

    private func change(_ method: String, _ uri: String, _ body: String = "") throws -> LambdaTagChange {
        guard case .changeTags(let change) = try lambdaRequest(method, Self.path + uri, body) else {
            throw LambdaError(.service, "no such request")
        }
        return change
    }

    @Test("of functions and of mappings")
    func resources() throws {
        #expect(
            try lambdaRequest("GET", Self.path + Self.functionARN) == .listTags(.function(LambdaFixture.function("f"))))
        #expect(try lambdaRequest("GET", Self.path + Self.mappingARN) == .listTags(.mapping(LambdaFixture.uuid)))
        #expect(LambdaTagChange.listing(["b": "2", "a": "1"]).text == #"{"Tags":{"a":"1","b":"2"}}"#)
    }

    @Test("are added, replaced and removed")
    func changes() throws {
        let added = try change("POST", Self.functionARN, #"{"Tags":{"a":"9","c":"3"}}"#)
        #expect(try added.applied(to: ["a": "1", "b": "2"]) == ["a": "9", "b": "2", "c": "3"])
        let removed = try change("DELETE", Self.functionARN + "?tagKeys=a&tagKeys=%C3%A9&tagKeys=none")
        #expect(try removed.applied(to: ["a": "1", "b": "2", "é": "3"]) == ["b": "2"])
        #expect(removed.response.status == 204)
    }

    @Test("fifty at most, before and after")
    func limits() throws {
        func tags(_ count: Int) -> String {
            jsonObject(Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", #""v""#) }))
        }
        let tooMany = LambdaError.invalidParameter("Number of tags exceeds resource tag limit.")
        #expect(lambdaError { try change("POST", Self.functionARN, #"{"Tags":\#(tags(51))}"#) } == tooMany)
        let fifty = try change("POST", Self.functionARN, #"{"Tags":\#(tags(50))}"#)
        #expect(try fifty.applied(to: [:]).count == 50)
        #expect(lambdaError { try fifty.applied(to: ["x": ""]) } == tooMany)
    }

    @Test("faults")
    func faults() {
        let post = { lambdaRefusal("POST", Self.path + Self.functionARN, $0) }
        #expect(post("{}")?.message?.contains("Value null at 'tags'") == true)
        #expect(
            post(#"{"Tags":{}}"#)
                == .invalidParameter("An error occurred and the request cannot be processed."))
        #expect(post(#"{"Tags":{"aws:x":"1"}}"#)?.kind == .invalidParameterValue)
        #expect(post(#"{"Tags":{"":"1"}}"#)?.kind == .invalidParameterValue)
        #expect(post(#"{"Tags":{"k":1}}"#)?.kind == .serialization)
        #expect(
            lambdaRefusal("DELETE", Self.path + Self.functionARN)
                == .validation(
                    "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must "
                        + "not be null"))
        #expect(
            lambdaRefusal("GET", Self.path + Self.functionARN + ":live")
                == .invalidParameter(
                    "Tags on function aliases and versions are not supported. Please specify a function ARN."))
        for arn in ["f", "arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:lambda:us-east-1:000000000000:layer:l"] {
            #expect(lambdaRefusal("GET", Self.path + arn)?.message?.contains("at 'resource' failed to satisfy") == true)
        }
        let elsewhere = Self.mappingARN.replacing("us-east-1", with: "eu-west-1")
        #expect(lambdaRefusal("GET", Self.path + elsewhere) == .mappingNotFound)
    }
}
