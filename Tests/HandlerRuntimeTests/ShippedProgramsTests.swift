import Foundation
import Testing

/// The programs in Handlers/ as processes of their own, against a server.
@Suite struct ShippedProgramsTests {
    private static let expired = #"""
        {"Records":[{"eventID":"e1","eventName":"REMOVE","awsRegion":"eu-west-1","dynamodb":{
        "ApproximateCreationDateTime":1767225600.0,"Keys":{"id":{"S":"s-1"}},"OldImage":{"id":{"S":"s-1"},"n":{"N":"1"}},
        "SequenceNumber":"7","SizeBytes":8,"StreamViewType":"NEW_AND_OLD_IMAGES"},
        "userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},
        "eventSourceARN":"arn:aws:dynamodb:eu-west-1:0:table/Sessions/stream/x"}]}
        """#

    @Test func auditLogWritesWhatItGets() async throws {
        let folder = try ProgramFolder()
        let api = FakeRuntimeAPI([.init(id: "id-1", payload: Self.expired), .init(id: "id-2", payload: "rubbish")])
        try await withRuntimeAPI(api) { address in
            let end = try await folder.run(
                [Self.builtProgram("audit-log")], ["AWS_LAMBDA_RUNTIME_API": address, "AUDIT_LOG": "log.jsonl"])
            #expect(end.status == 1)
            #expect(end.errors.hasSuffix("the Runtime API has gone: it answered 410\n"))
        }
        #expect(
            api.posts.map(\.path).map { $0.split(separator: "/").suffix(2).joined(separator: "/") } == [
                "id-1/response", "id-2/error",
            ])
        #expect(
            try folder.read("log.jsonl")
                == #"{"time":"2026-01-01T00:00:00Z","region":"eu-west-1","table":"Sessions","event":"REMOVE","expired":true,"#
                + #""keys":{"id":{"S":"s-1"}},"changes":{"n":{"before":{"N":"1"}}},"sequenceNumber":"7","eventID":"e1"}"#
                + "\n")
    }

    @Test func auditLogThatCannotWriteIsAnInitError() async throws {
        let folder = try ProgramFolder()
        let api = FakeRuntimeAPI()
        try await withRuntimeAPI(api) { address in
            _ = try await folder.run(
                [Self.builtProgram("audit-log")], ["AWS_LAMBDA_RUNTIME_API": address, "AUDIT_LOG": "no/log.jsonl"])
        }
        #expect(
            api.posts.map(\.body) == [
                #"{"errorMessage":"cannot open no/log.jsonl: No such file or directory","errorType":"AuditLogError","#
                    + #""requestId":"","stackTrace":[]}"#
            ])
    }

    @Test func auditLogStartedByHandSaysHowItIsStarted() async throws {
        let end = try await ProgramFolder().run([Self.builtProgram("audit-log")], [:])
        #expect(end.status == 1)
        #expect(end.errors.hasPrefix("AWS_LAMBDA_RUNTIME_API is not set."))
    }

    @Test(.enabled(if: ProgramFolder.hasPython, "python3 is not installed"))
    func archiveNeedsPythonOnly() async throws {
        let folder = try ProgramFolder()
        let api = FakeRuntimeAPI([.init(id: "id-1", payload: Self.expired), .init(id: "id-2", payload: "rubbish")])
        let program = ["/usr/bin/env", "python3", "-B", Self.handlersPath() + "/ttl-archive/ttl_archive.py"]
        try await withRuntimeAPI(api) { address in
            let end = try await folder.run(program, ["AWS_LAMBDA_RUNTIME_API": address, "ARCHIVE": "kept"])
            #expect(end.status == 1)
            #expect(end.errors.hasSuffix("the Runtime API has gone: it answered 410\n"))
        }
        #expect(api.posts.map(\.body).first == #"{"batchItemFailures": []}"#)
        #expect(api.posts.last?.errorType == "Function.JSONDecodeError")
        #expect(
            try folder.read("kept/Sessions.jsonl")
                == #"{"table":"Sessions","region":"eu-west-1","expired":"2026-01-01T00:00:00Z","eventID":"e1","#
                + #""item":{"id":{"S":"s-1"},"n":{"N":"1"}}}"# + "\n")
        let byHand = try await folder.run(program, [:])
        #expect(byHand.errors.hasPrefix("AWS_LAMBDA_RUNTIME_API is not set: "))
    }

    /// Executables of the package lie beside the tests.
    private static func builtProgram(_ name: String) throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name).path
    }

    private static func handlersPath(of path: String = #filePath) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Handlers").path
    }
}

/// A folder that programs run in, and that goes away after the test.
private final class ProgramFolder: Sendable {
    struct End: Sendable {
        let status: Int32
        let errors: String
    }

    static var hasPython: Bool {
        ["/usr/bin", "/usr/local/bin"].contains { FileManager.default.isExecutableFile(atPath: $0 + "/python3") }
    }

    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/program-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func read(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

    /// Runs a program until it ends. Waiting happens on a thread of its own.
    func run(_ words: [String], _ environment: [String: String]) async throws -> End {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "program").async { [path] in
                continuation.resume(
                    with: Result {
                        let process = Process()
                        process.executableURL = URL(fileURLWithPath: words[0])
                        process.arguments = Array(words.dropFirst())
                        process.currentDirectoryURL = URL(fileURLWithPath: path)
                        process.environment = environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { $1 }
                        let errors = Pipe()
                        process.standardInput = FileHandle.nullDevice
                        process.standardError = errors
                        try process.run()
                        let text = try errors.fileHandleForReading.readToEnd() ?? Data()
                        process.waitUntilExit()
                        return End(status: process.terminationStatus, errors: String(decoding: text, as: UTF8.self))
                    })
            }
        }
    }
}
