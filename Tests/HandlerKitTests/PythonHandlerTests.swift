import Foundation
import HandlerKit
import Testing

/// The handlers in Handlers/ that are written in Python, run with an event as they would get it.
@Suite(.enabled(if: PythonHandler.isInstalled, "python3 is not installed"))
struct PythonHandlerTests {
    /// The event of changes to a table, and how many records it has.
    private func event(
        viewType: StreamViewType = .newAndOldImages, _ changes: (inout HandlerDriver) throws -> Void
    ) async throws -> [UInt8] {
        let handler = Handler(name: "test", settings: MappingSettings()) { _, _ in .done }
        var driver = try HandlerDriver(handler, table: "Orders", viewType: viewType)
        try changes(&driver)
        await driver.run()
        return try #require(driver.deliveries.first).payload
    }

    private func session(_ id: String) throws -> Item { try Item(json: #"{"id":{"S":"\#(id)"},"n":{"N":"1"}}"#) }

    @Test func localWritesOnlyPrintsOneLineForEachChange() async throws {
        let event = try await event { driver in
            try driver.put(session("o-1"))
            try driver.delete(session("o-1"))
        }
        let result = try PythonHandler.run(
            "local-writes-only", "import handler; print(json.dumps(handler.handler(event, None)))", event: event)
        #expect(
            result.output == """
                us-east-1 Orders INSERT id=o-1
                us-east-1 Orders REMOVE id=o-1
                {"batchItemFailures": []}

                """)
        #expect(result.errors == "")
    }

    private static let archive = "import ttl_archive; print(json.dumps(ttl_archive.handle(event, sys.argv[1])))"

    @Test func archiveKeepsTheOldImage() async throws {
        let folder = try TemporaryFolder()
        let event = try await event { driver in
            try driver.put(session("s-1"))
            try driver.expire(session("s-1"))
        }
        let records = try HandlerBatch(parsing: event).records
        let onlyExpired = Data(#"{"Records":["#.utf8) + Data(try #require(records.last).json) + Data("]}".utf8)
        for _ in 1...2 {
            let result = try PythonHandler.run(
                "ttl-archive", Self.archive, event: Array(onlyExpired), arguments: [folder.path])
            #expect(result.output == #"{"batchItemFailures": []}"# + "\n")
        }
        let line =
            #"{"table":"Orders","region":"us-east-1","expired":"2026-01-01T00:00:00Z","eventID":"\#(records[1].eventID)","#
            + #""item":{"id":{"S":"s-1"},"n":{"N":"1"}}}"#
        // Delivered twice, there twice: the lines are equal.
        #expect(try folder.read("Orders.jsonl") == line + "\n" + line + "\n")
    }

    @Test func archiveWithoutOldImagesKeepsTheKeyAndSaysSo() async throws {
        let folder = try TemporaryFolder()
        let event = try await event(viewType: .keysOnly) { driver in
            try driver.put(session("s-1"))
            try driver.expire(session("s-1"))
        }
        let result = try PythonHandler.run("ttl-archive", Self.archive, event: event, arguments: [folder.path])
        #expect(result.errors.contains("Orders: the stream shows no old images"))
        #expect(try folder.read("Orders.jsonl").contains(#""item":{"id":{"S":"s-1"}}"#))
    }

    @Test func archiveNamesTheFirstRecordThatCouldNotBeWritten() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/Orders.jsonl", withIntermediateDirectories: true)
        let event = try await event { try $0.put(session("s-1")) }
        let result = try PythonHandler.run("ttl-archive", Self.archive, event: event, arguments: [folder.path])
        #expect(result.output == #"{"batchItemFailures": [{"itemIdentifier": "100000000000000000001"}]}"# + "\n")
        #expect(result.errors.contains("Is a directory"))
    }

    @Test func archiveRemovesHalfALineOfACrash() async throws {
        let folder = try TemporaryFolder()
        try Data("{\"whole\":1}\n{\"half".utf8).write(to: URL(fileURLWithPath: folder.path + "/Orders.jsonl"))
        let event = try await event { try $0.put(session("s-1")) }
        _ = try PythonHandler.run("ttl-archive", Self.archive, event: event, arguments: [folder.path])
        let lines = try folder.read("Orders.jsonl").split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == #"{"whole":1}"#)
    }
}

/// Runs code in the folder of a handler.
enum PythonHandler {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    static let isInstalled = (try? start(["-c", ""]).status) == 0

    /// - Parameter code: finds the event as `event`.
    static func run(
        _ name: String, _ code: String, event: [UInt8], arguments: [String] = [],
        path: String = #filePath
    ) throws -> Result {
        let root = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let preamble = "import json, sys; sys.path.insert(0, '.'); event = json.load(sys.stdin); "
        let result = try start(
            ["-B", "-c", preamble + code] + arguments, input: Data(event),
            folder: root.appendingPathComponent("Handlers/" + name))
        try #require(result.status == 0, "\(result.errors)")
        return result
    }

    private static func start(
        _ arguments: [String], input: Data = Data(), folder: URL? = nil
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        if let folder { process.currentDirectoryURL = folder }
        let pipes = (input: Pipe(), output: Pipe(), errors: Pipe())
        process.standardInput = pipes.input
        process.standardOutput = pipes.output
        process.standardError = pipes.errors
        try process.run()
        // The events of these tests are shorter than what a pipe holds.
        try pipes.input.fileHandleForWriting.write(contentsOf: input)
        try pipes.input.fileHandleForWriting.close()
        let output = try pipes.output.fileHandleForReading.readToEnd() ?? Data()
        let errors = try pipes.errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }
}

/// A folder that goes away after the test.
private final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/archive-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func read(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }
}
