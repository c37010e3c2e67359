import Replication
import Testing

@testable import WireProtocol

@Suite("Lambda: request lines and errors")
struct LambdaRouteTests {
    @Test(
        "operations by their request lines",
        arguments: [
            ("POST", "/2015-03-31/functions", .createFunction, ""),
            ("GET", "/2015-03-31/functions/", .listFunctions, ""),
            ("GET", "/2015-03-31/functions/?MaxItems=3", .listFunctions, ""),
            ("GET", "/2015-03-31/functions/f", .getFunction, "f"),
            ("GET", "/2015-03-31/functions/f/configuration", .getFunctionConfiguration, "f"),
            ("PUT", "/2015-03-31/functions/f/code", .updateFunctionCode, "f"),
            ("PUT", "/2015-03-31/functions/f/configuration", .updateFunctionConfiguration, "f"),
            ("DELETE", "/2015-03-31/functions/f", .deleteFunction, "f"),
            ("POST", "/2015-03-31/functions/f/invocations", .invoke, "f"),
            ("POST", "/2015-03-31/functions/a%3Ab/invocations?Qualifier=x", .invoke, "a:b"),
            ("POST", "/2015-03-31/functions/a:b+c/invocations", .invoke, "a:b+c"),
            ("PUT", "/2017-10-31/functions/f/concurrency", .putFunctionConcurrency, "f"),
            ("GET", "/2019-09-30/functions/f/concurrency", .getFunctionConcurrency, "f"),
            ("DELETE", "/2017-10-31/functions/f/concurrency", .deleteFunctionConcurrency, "f"),
            ("POST", "/2015-03-31/event-source-mappings", .createEventSourceMapping, ""),
            ("POST", "/2015-03-31/event-source-mappings/", .createEventSourceMapping, ""),
            ("GET", "/2015-03-31/event-source-mappings/", .listEventSourceMappings, ""),
            ("GET", "/2015-03-31/event-source-mappings/u", .getEventSourceMapping, "u"),
            ("PUT", "/2015-03-31/event-source-mappings/u", .updateEventSourceMapping, "u"),
            ("DELETE", "/2015-03-31/event-source-mappings/u", .deleteEventSourceMapping, "u"),
            ("GET", "/2017-03-31/tags/arn%3Aaws%3Alambda", .listTags, "arn:aws:lambda"),
            ("POST", "/2017-03-31/tags/arn:x", .tagResource, "arn:x"),
            ("DELETE", "/2017-03-31/tags/arn:x?tagKeys=a&tagKeys=b", .untagResource, "arn:x"),
            ("GET", "/2016-08-19/account-settings/", .getAccountSettings, ""),
        ] as [(String, String, LambdaOperation, String)])
    func requestLines(_ method: String, _ uri: String, _ operation: LambdaOperation, _ subject: String) throws {
        let route = try #require(try LambdaRoute(method: method, uri: uri))
        #expect(route.operation == operation)
        #expect(route.subject == subject)
    }

    @Test(
        "paths that are not Lambda's",
        arguments: ["/", "/health", "/_tributary/status", "/functions", "/2015-03-31", ""])
    func otherPaths(_ path: String) throws {
        #expect(try LambdaRoute(method: "GET", uri: path) == nil)
    }

    @Test(
        "request lines that nobody has",
        arguments: [
            ("GET", "/2015-03-31/things"), ("PATCH", "/2015-03-31/functions"), ("GET", "/2015-03-31/functions/f/x/y/z"),
            ("POST", "/2099-01-01/functions"),
        ])
    func unknownOperations(_ method: String, _ uri: String) {
        let error = lambdaRefusal(method, uri)
        #expect(error == LambdaError(.unknownOperation, nil))
        #expect(error?.response.status == 404)
        #expect(error?.response["x-amzn-errortype"] == "UnknownOperationException")
        #expect(error?.response.text == "{}")
    }

    @Test(
        "operations that are not here say so",
        arguments: [
            ("POST", "/2015-03-31/functions/f/versions", "PublishVersion", "only $LATEST"),
            ("GET", "/2015-03-31/functions/f/aliases/live", "GetAlias", "only $LATEST"),
            ("POST", "/2015-03-31/functions/f/policy", "AddPermission", "permissions are not checked"),
            ("GET", "/2018-10-31/layers?find=LayerVersion", "ListLayers", "layers"),
            ("POST", "/2021-10-31/functions/f/url", "CreateFunctionUrlConfig", "URLs"),
            (
                "POST", "/2021-11-15/functions/f/response-streaming-invocations", "InvokeWithResponseStream",
                "use Invoke"
            ),
            ("PUT", "/2019-09-25/functions/f/event-invoke-config", "PutFunctionEventInvokeConfig", "repeated twice"),
        ])
    func unsupportedOperations(_ method: String, _ uri: String, _ name: String, _ part: String) {
        let error = lambdaRefusal(method, uri)
        #expect(error?.kind == .invalidParameterValue)
        #expect(error?.message?.hasPrefix("\(name) is not supported: ") == true)
        #expect(error?.message?.contains(part) == true)
    }

    @Test("no request line belongs to two operations")
    func templatesAreDistinct() {
        let supported = LambdaOperation.allCases.map { ($0.rawValue, $0.template) }
        let all = supported + UnsupportedLambdaOperations.features.flatMap(\.operations).map { ($0.name, $0.template) }
        let lines = all.map { "\($0.1.method) " + $0.1.parts.map { $0 ?? "{}" }.joined(separator: "/") }
        #expect(Set(lines).count == lines.count)
        #expect(Set(all.map(\.0)).count == all.count)
    }

    @Test("query fields are decoded, and plus is a space there alone")
    func queryFields() {
        let fields = QueryFields("a=1+2&b=%2B%zz&a=3&c&=x")
        #expect(fields["a"] == "1 2")
        #expect(fields.all("a") == ["1 2", "3"])
        #expect(fields["b"] == "+%zz")
        #expect(fields["c"] == "")
        #expect(fields["d"] == nil)
    }

    @Test(
        "the wire form of errors",
        arguments: [
            (LambdaError.invalidParameter("m"), 400, #"{"Type":"User","message":"m"}"#),
            (LambdaError(.resourceNotFound, "m"), 404, #"{"Type":"User","Message":"m"}"#),
            (LambdaError(.resourceConflict, "m"), 409, #"{"Type":"User","message":"m"}"#),
            (LambdaError(.resourceInUse, "m"), 400, #"{"Type":"User","Message":"m"}"#),
            (LambdaError.validation("m"), 400, #"{"message":"m"}"#),
            (LambdaError.revisionMismatch, 412, nil), (LambdaError(.requestTooLarge, "m"), 413, nil),
            (LambdaError(.accessDenied, nil), 403, "{}"),
            (LambdaError(.service, "m"), 500, #"{"Type":"Service","Message":"m"}"#),
            (
                LambdaError.reservedConcurrencyExceeded, 429,
                #"{"Type":"User","message":"Rate Exceeded.","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#
            ),
        ] as [(LambdaError, Int, String?)])
    func wireForm(_ error: LambdaError, _ status: Int, _ body: String?) {
        let response = error.response
        #expect(response.status == status)
        #expect(response["x-amzn-ErrorType"] == error.kind.rawValue)
        if let body { #expect(response.text == body) }
    }

    @Test("errors of the signature keep name and text")
    func authentication() {
        let error = LambdaError(authentication: WireError(.unrecognizedClient, "The security token is invalid."))
        #expect(error.response.status == 403)
        #expect(error.response["x-amzn-ErrorType"] == "UnrecognizedClientException")
        #expect(error.response.text == #"{"message":"The security token is invalid."}"#)
    }
}

@Suite("Lambda: names of functions")
struct LambdaFunctionReferenceTests {
    @Test(
        "the ways to name one",
        arguments: [
            ("f", "f", nil), ("f:$LATEST", "f", "$LATEST"), ("f:live", "f", "live"), ("function:f", "f", nil),
            ("000000000000:function:f", "f", nil), ("000000000000:f:7", "f", "7"),
            ("us-east-1:000000000000:function:f", "f", nil),
            ("arn:aws:lambda:us-east-1:000000000000:function:f", "f", nil),
            ("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", "f", "$LATEST"),
            ("us-east-1", "us-east-1", nil), ("123456789012", "123456789012", nil), ("function", "function", nil),
            ("a-B_9", "a-B_9", nil), ("f-a9e3-6:$LATEST", "f-a9e3-6", "$LATEST"), ("job-one-2:v", "job-one-2", "v"),
        ] as [(String, String, String?)])
    func forms(_ text: String, _ name: String, _ qualifier: String?) throws {
        let function = try FunctionReference(text, in: LambdaFixture.region)
        #expect(function.name == name)
        #expect(function.qualifier == qualifier)
        #expect(function.unqualifiedARN == "arn:aws:lambda:us-east-1:000000000000:function:\(name)")
        #expect(function.arn == function.unqualifiedARN + (qualifier.map { ":" + $0 } ?? ""))
    }

    @Test(
        "texts that name none",
        arguments: [
            "", "a b", "f:", "f:a:b", ":f", "f:a$b", "ä", "f.g",
            "arn:aws:sqs:us-east-1:000000000000:function:f", "arn:aws:lambda:f",
        ])
    func faults(_ text: String) {
        let error = lambdaError { try FunctionReference(text, in: LambdaFixture.region) }
        #expect(error?.kind == .validation)
        #expect(error?.message?.contains("at 'functionName' failed to satisfy constraint") == true)
    }

    @Test("a pattern is shown as the service model has it")
    func patternText() {
        let error = lambdaRefusal("GET", functionsPath + "/a%20b")
        #expect(
            error
                == .validation(
                    "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member "
                        + "must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?"
                        + #"([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"#
                        + #"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"#))
    }

    @Test("a long name is a constraint")
    func longName() {
        let name = String(repeating: "n", count: 257)
        #expect(
            lambdaRefusal("POST", functionsPath + "/\(name)/invocations")
                == .validation(
                    "1 validation error detected: Value '\(name)' at 'functionName' failed to satisfy constraint: "
                        + "Member must have length less than or equal to 256"))
    }

    @Test("functions elsewhere")
    func elsewhere() {
        #expect(
            lambdaRefusal("GET", functionsPath + "/arn:aws:lambda:eu-west-1:000000000000:function:f")
                == LambdaError(
                    .resourceNotFound, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"))
        #expect(lambdaRefusal("GET", functionsPath + "/123456789012:function:f")?.kind == .accessDenied)
    }

    @Test("qualifiers: in the name, in the query, both, and such as cannot exist")
    func qualifiers() throws {
        let latest = LambdaRequest.getFunction(LambdaFixture.function("f", "$LATEST"))
        #expect(try lambdaRequest("GET", functionsPath + "/f?Qualifier=%24LATEST") == latest)
        #expect(try lambdaRequest("GET", functionsPath + "/f:$LATEST") == latest)
        #expect(try lambdaRequest("GET", functionsPath + "/f:$LATEST?Qualifier=$LATEST") == latest)
        #expect(
            lambdaRefusal("GET", functionsPath + "/f:a?Qualifier=b")
                == .invalidParameter(
                    "The derived qualifier from the function name does not match the specified qualifier."))
        #expect(
            lambdaRefusal("GET", functionsPath + "/f:7")
                == LambdaError(
                    .resourceNotFound, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7"))
        #expect(
            lambdaRefusal("GET", functionsPath + "/f?Qualifier=a.b")
                == .validation(
                    "1 validation error detected: Value 'a.b' at 'qualifier' failed to satisfy constraint: Member must "
                        + "satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)"))
        #expect(lambdaRefusal("DELETE", functionsPath + "/f?Qualifier=$LATEST") == .latestCannotBeDeleted)
        #expect(lambdaRefusal("DELETE", functionsPath + "/f?Qualifier=3")?.kind == .resourceNotFound)
    }
}
