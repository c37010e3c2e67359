import Foundation
import Testing

@testable import Functions

/// Python functions as they are written for Lambda, run by AWS's own awslambdaric.
@Suite struct PythonTests {
    /// A Python of this machine, and whether it has awslambdaric: the one in `TRIBUTARY_TEST_PYTHON`, that of the conformance tests, or
    /// the system's.
    private static let candidates: [(path: String, hasClient: Bool)] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let named = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_PYTHON"]
        return [named, root + "/.venv/bin/python", "/usr/bin/python3"].compactMap(\.self)
            .filter { FileManager.default.isExecutableFile(atPath: $0) }
            .map { ($0, runs($0, "import awslambdaric")) }
    }()

    private static let withClient = candidates.first { $0.hasClient }?.path
    private static let withoutClient = candidates.first { !$0.hasClient }?.path

    private static func runs(_ python: String, _ statement: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", statement]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private func withPython(
        _ python: String?, _ source: String, handler: String = "app.handler",
        _ body: (TestFunction) async throws -> Void
    ) async throws {
        try await withFunction(
            ["app.py": source], settings: { $0.pythonInterpreter = python },
            definition: { definition in
                definition.runtime = "python3.12"
                definition.handler = handler
            }, body)
    }

    @Test(.enabled(if: withClient != nil, "no Python here can import awslambdaric: pip install awslambdaric"))
    func anUnchangedFunction() async throws {
        let source = """
            import os
            print("loading")
            def handler(event, context):
                print("got", event)
                if event == "raise":
                    raise ValueError("no such thing")
                if event == "exit":
                    os._exit(4)
                return {
                    "event": event, "id": context.aws_request_id, "name": context.function_name,
                    "arn": context.invoked_function_arn, "region": os.environ["AWS_REGION"],
                    "time": 30000 < context.get_remaining_time_in_millis() <= 60000,
                }
            """
        try await withPython(Self.withClient, source) { function in
            let id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
            #expect(
                await function.invoke(#"{"a": "é"}"#, id: id)
                    == .success(
                        #"{"event": {"a": "é"}, "id": "\#(id)", "name": "f", "arn": "arn:aws:lambda:eu-west-1:000000000000:function:f", "#
                            + #""region": "eu-west-1", "time": true}"#))
            #expect(
                function.logs.all == [
                    .init(function: "f", requestID: nil, text: "loading"),
                    .init(function: "f", requestID: id, text: "got {'a': 'é'}"),
                ])
            guard case .functionError("Unhandled", let payload, _) = await function.invoke(#""raise""#, id: id) else {
                Issue.record("the exception is a function error")
                return
            }
            let error = String(decoding: payload, as: UTF8.self)
            #expect(
                error.hasPrefix(
                    #"{"errorMessage": "no such thing", "errorType": "ValueError", "requestId": "\#(id)", "stackTrace": ["#
                ))
            #expect(await function.invoke(#""exit""#).text.contains("Runtime exited with error: exit status 4"))
            #expect(await function.invoke("1").text.hasPrefix(#"{"event": 1,"#))
        }
    }

    @Test(
        "what Python cannot load is its own error",
        .enabled(if: withClient != nil, "no Python here can import awslambdaric: pip install awslambdaric"),
        arguments: [
            ("import nothing_like_it", "app.handler", "Runtime.ImportModuleError"),
            ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError"),
            ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
            ("x = 1", "handler", "Runtime.MalformedHandlerName"),
        ])
    func initErrors(source: String, handler: String, type: String) async throws {
        try await withPython(Self.withClient, source, handler: handler) { function in
            guard case .functionError("Unhandled", let payload, _) = await function.invoke() else {
                Issue.record("the error is a function error")
                return
            }
            #expect(String(decoding: payload, as: UTF8.self).contains(#""errorType": "\#(type)""#))
        }
    }

    @Test(.enabled(if: withoutClient != nil, "every Python here has awslambdaric"))
    func withoutItsClientPythonSaysHowToGetIt() async throws {
        let python = try #require(Self.withoutClient)
        try await withPython(python, "def handler(event, context): return 1") { function in
            #expect(
                await function.invoke(id: "r-1")
                    == .failure(
                        #"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: r-1 Error: "#
                            + "\(python) cannot import awslambdaric, which runs Python functions; "
                            + #"install it with: \#(python) -m pip install awslambdaric"}"#))
        }
    }
}
