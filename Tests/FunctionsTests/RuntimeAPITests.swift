import Foundation
import FoundationNetworking
import Testing

@testable import Functions

/// The Runtime API over real HTTP. The process only tells its address; the test is the runtime.
@Suite struct RuntimeAPITests {
    private static let bootstrap = "#!/bin/bash\necho \"$AWS_LAMBDA_RUNTIME_API\"\nexec sleep 60\n"

    struct Answer: Equatable {
        var status: Int
        var body: String
        var fields: [String: String] = [:]
    }

    /// What a runtime says.
    struct Runtime {
        let address: String

        func call(_ method: String, _ path: String, _ body: String = "", field: (String, String)? = nil) async throws
            -> Answer
        {
            var request = URLRequest(url: try #require(URL(string: "http://\(address)\(path)")))
            request.httpMethod = method
            if method == "POST" { request.httpBody = Data(body.utf8) }
            if let field { request.setValue(field.1, forHTTPHeaderField: field.0) }
            let (data, response) = try await URLSession.shared.data(for: request)
            let http = try #require(response as? HTTPURLResponse)
            var fields: [String: String] = [:]
            for (name, value) in http.allHeaderFields {
                if let name = name as? String, let value = value as? String { fields[name.lowercased()] = value }
            }
            return Answer(status: http.statusCode, body: String(decoding: data, as: UTF8.self), fields: fields)
        }

        func next() async throws -> Answer { try await call("GET", "/2018-06-01/runtime/invocation/next") }

        func respond(_ id: String, _ body: String) async throws -> Answer {
            var answer = try await call("POST", "/2018-06-01/runtime/invocation/\(id)/response", body)
            answer.fields = [:]
            return answer
        }
    }

    private func withRuntime(_ body: (TestFunction, Runtime) async throws -> Void) async throws {
        try await withFunction(
            ["bootstrap": Self.bootstrap],
            definition: { definition in
                definition.name = "api-test"
                definition.concurrencyMax = 1
            }
        ) { function in
            function.pool.invoke(Invocation(requestID: "wake", payload: Array("{}".utf8))) { _ in }
            let line = try await function.logs.first { $0.requestID == nil }
            try await body(function, Runtime(address: line.text))
        }
    }

    @Test func eachCallInItsPlaceAndOutOfIt() async throws {
        try await withRuntime { function, runtime in
            let api = "/2018-06-01/runtime"
            func refused(_ from: String, _ to: String) -> Answer {
                Answer(
                    status: 403,
                    body: #"{"errorMessage":"State transition from \#(from) to \#(to) failed for runtime. "#
                        + #"Error: State transition is not allowed","errorType":"InvalidStateTransition"}"#)
            }
            func call(_ method: String, _ path: String, _ body: String = "") async throws -> Answer {
                var answer = try await runtime.call(method, path, body)
                answer.fields = [:]
                return answer
            }
            let accepted = Answer(status: 202, body: #"{"status":"OK"}"#)
            let wrongID = Answer(
                status: 400, body: #"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#)
            let lost = Answer(status: 404, body: "404 page not found\n")

            #expect(try await call("GET", "/ping") == Answer(status: 200, body: "pong"))
            #expect(try await call("GET", "/") == lost)
            #expect(try await call("POST", api + "/invocation/next") == lost)
            #expect(try await call("GET", "/2015-03-31/runtime/invocation/next") == lost)
            #expect(try await call("POST", api + "/invocation/x/response") == refused("Started", "InvocationResponse"))
            #expect(
                try await call("POST", api + "/invocation/x/error") == refused("Started", "InvocationErrorResponse"))

            let first = try await runtime.next()
            #expect(first.status == 200)
            #expect(first.body == "{}")
            #expect(try await runtime.next().body == "{}", "the same invocation again")
            #expect(try await call("POST", api + "/init/error") == refused("Ready", "InitError"))
            #expect(try await call("POST", api + "/invocation/other/response") == wrongID)
            #expect(try await call("POST", api + "/invocation/other/error") == wrongID)
            #expect(try await call("POST", api + "/invocation/wake/response", "1") == accepted)
            #expect(
                try await call("POST", api + "/invocation/wake/response", "1")
                    == refused("RuntimeResponseSentState", "InvocationResponse"))
            #expect(try await call("POST", api + "/init/error") == refused("RuntimeResponseSentState", "InitError"))

            async let failed = function.invoke("[1]", id: "second")
            #expect(try await runtime.next().fields["lambda-runtime-aws-request-id"] == "second")
            let error = #"{"errorMessage":"no","errorType":"Mine","stackTrace":["a","b"]}"#
            #expect(try await call("POST", api + "/invocation/second/error", error) == accepted)
            #expect(await failed == .failure(error))
        }
    }

    @Test func theHeadersOfAnInvocation() async throws {
        try await withRuntime { function, runtime in
            let before = UInt64(Date().timeIntervalSince1970 * 1000)
            _ = try await runtime.next()
            _ = try await runtime.respond("wake", "")
            async let result = function.pool.invoke(
                Invocation(requestID: "r-2", payload: Array(#""é""#.utf8), clientContext: "e30="))
            let next = try await runtime.next()
            #expect(next.body == #""é""#)
            #expect(next.fields["content-type"] == "application/json")
            #expect(next.fields["lambda-runtime-aws-request-id"] == "r-2")
            #expect(next.fields["lambda-runtime-client-context"] == "e30=")
            #expect(
                next.fields["lambda-runtime-invoked-function-arn"]
                    == "arn:aws:lambda:eu-west-1:000000000000:function:api-test")
            let trace = try #require(next.fields["lambda-runtime-trace-id"])
            #expect(trace.wholeMatch(of: /Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0/) != nil)
            let deadline = try #require(next.fields["lambda-runtime-deadline-ms"].flatMap { UInt64($0) })
            let after = UInt64(Date().timeIntervalSince1970 * 1000)
            let timeout = UInt64(patienceMilliseconds)
            #expect((before + timeout...after + timeout).contains(deadline))
            #expect(next.fields["lambda-runtime-cognito-identity"] == nil)
            #expect(try await runtime.respond("r-2", "7").status == 202)
            #expect(await result == .success("7"))
        }
    }

    @Test func anErrorAtTheStartIsTheResultOfTheInvocation() async throws {
        try await withFunction(["bootstrap": Self.bootstrap]) { function in
            async let result = function.invoke()
            let runtime = Runtime(address: try await function.logs.first { $0.requestID == nil }.text)
            let error =
                #"{"errorMessage":"no module","errorType":"Runtime.ImportModuleError","requestId":"","stackTrace":[]}"#
            let answer = try await runtime.call("POST", "/2018-06-01/runtime/init/error", error)
            #expect(answer.status == 202)
            #expect(await result == .failure(error))
            try await eventually("the process is gone") { function.pool.processCount == 0 }
        }
    }

    @Test func twoRequestsForWorkAtATimeDoNoHarm() async throws {
        try await withRuntime { function, runtime in
            _ = try await runtime.next()
            _ = try await runtime.respond("wake", "")
            async let first = runtime.next()
            async let second = runtime.next()
            async let result = function.invoke("5", id: "r-2")
            let answers = try await [first, second]
            #expect(answers.allSatisfy { $0.status == 410 || $0.body == "5" })
            #expect(answers.contains { $0.body == "5" })
            #expect(try await runtime.respond("r-2", "6").status == 202)
            #expect(await result == .success("6"))
        }
    }
}
