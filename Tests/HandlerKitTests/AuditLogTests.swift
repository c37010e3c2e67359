import Foundation
import HandlerKit
import Testing

@testable import audit_log

/// A file that goes away after the test.
private final class TemporaryFile {
    let path: String

    init() throws {
        let folder = NSTemporaryDirectory() + "/audit-log-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/audit-log.jsonl"
    }

    deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

    var lines: [String] {
        get throws { try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init) }
    }

    func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    func append(_ text: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}

/// The records of changes to a table, as they would be delivered.
private func records(
    viewType: StreamViewType = .newAndOldImages, _ changes: (inout HandlerDriver) throws -> Void
) async throws -> [HandlerRecord] {
    let handler = Handler(name: "test", settings: MappingSettings()) { _, _ in .done }
    var driver = try HandlerDriver(handler, table: "Orders", viewType: viewType)
    try changes(&driver)
    await driver.run()
    return try driver.deliveries.flatMap { try HandlerBatch(parsing: $0.payload).records }
}

private func order(_ json: String) throws -> Item { try Item(json: #"{"id":{"S":"o-1"}"# + json + "}") }

/// The line without its event's identifier, which is the same for the same change and means nothing.
private func line(_ record: HandlerRecord) -> String {
    String(decoding: AuditLine(record: record).json, as: UTF8.self)
        .replacingOccurrences(of: #","eventID":"\#(record.eventID)"}"#, with: "}")
}

@Suite struct AuditLineTests {
    private static let start = #"{"time":"2026-01-01T00:00:00Z","region":"us-east-1","table":"Orders","event":"#

    @Test func insertionHasValuesAfter() async throws {
        let records = try await records { try $0.put(order(#","status":{"S":"new"}"#)) }
        #expect(
            try line(#require(records.first)) == Self.start
                + #""INSERT","keys":{"id":{"S":"o-1"}},"changes":{"status":{"after":{"S":"new"}}},"sequenceNumber":"100000000000000000001"}"#
        )
    }

    @Test func modificationHasWhatDiffers() async throws {
        let records = try await records { driver in
            try driver.put(order(#","status":{"S":"new"},"same":{"N":"1"},"gone":{"BOOL":true}"#))
            try driver.put(order(#","status":{"S":"paid"},"same":{"N":"1"},"added":{"L":[]}"#))
        }
        #expect(
            try line(#require(records.last)) == Self.start
                + #""MODIFY","keys":{"id":{"S":"o-1"}},"changes":{"added":{"after":{"L":[]}},"gone":{"before":{"BOOL":true}},"#
                + #""status":{"before":{"S":"new"},"after":{"S":"paid"}}},"sequenceNumber":"100000000000000000002"}"#)
    }

    @Test func expiryIsMarked() async throws {
        let records = try await records { driver in
            try driver.put(order(#","status":{"S":"new"}"#))
            try driver.expire(order(""))
        }
        #expect(
            try line(#require(records.last)) == Self.start
                + #""REMOVE","expired":true,"keys":{"id":{"S":"o-1"}},"changes":{"status":{"before":{"S":"new"}}},"#
                + #""sequenceNumber":"100000000000000000002"}"#)
    }

    @Test func streamThatDoesNotShowAllSaysSo() async throws {
        let records = try await records(viewType: .newImage) { driver in
            try driver.put(order(#","a":{"S":"1"},"b":{"S":"1"}"#))
            try driver.put(order(#","a":{"S":"2"},"b":{"S":"1"}"#))
        }
        #expect(
            try line(#require(records.last)) == Self.start
                + #""MODIFY","keys":{"id":{"S":"o-1"}},"view":"NEW_IMAGE","changes":{"a":{"after":{"S":"2"}},"b":{"after":{"S":"1"}}},"#
                + #""sequenceNumber":"100000000000000000002"}"#)
    }
}

@Suite struct AuditLogTests {
    private func changes(_ count: Int) async throws -> [HandlerRecord] {
        try await records { driver in
            for number in 0..<count { try driver.put(order(#","n":{"N":"\#(number)"}"#)) }
        }
    }

    @Test func eachChangeIsALine() async throws {
        let file = try TemporaryFile()
        let records = try await changes(3)
        let log = AuditLog(path: file.path)
        try await log.append([])
        #expect(try file.lines == [])
        try await log.append(Array(records[0...1]))
        try await log.append([records[2]])
        #expect(try file.lines == records.map { String(decoding: AuditLine(record: $0).json, as: UTF8.self) })
    }

    @Test func batchThatComesAgainIsNotWrittenAgain() async throws {
        let file = try TemporaryFile()
        let records = try await changes(4)
        let log = AuditLog(path: file.path)
        try await log.append(Array(records[0...2]))
        try await log.append(Array(records[1...3]))
        #expect(try file.lines.count == 4)
        // A new process learns it from the file.
        try await AuditLog(path: file.path).append(records)
        #expect(try file.lines.count == 4)
    }

    @Test func halfALineOfACrashIsRemoved() async throws {
        let file = try TemporaryFile()
        let records = try await changes(2)
        try await AuditLog(path: file.path).append([records[0]])
        try file.append(String(repeating: "x", count: 100_000))
        try await AuditLog(path: file.path).append(records)
        #expect(try file.lines == records.map { String(decoding: AuditLine(record: $0).json, as: UTF8.self) })
    }

    @Test func linesOfOthersStay() async throws {
        let file = try TemporaryFile()
        try file.write("not ours\n{\"eventID\":7}\n")
        try await AuditLog(path: file.path).append(try await changes(1))
        #expect(try file.lines.count == 3)
    }

    @Test func fileThatWasMovedAwayIsBegunAnew() async throws {
        let file = try TemporaryFile()
        let records = try await changes(2)
        let log = AuditLog(path: file.path)
        try await log.append([records[0]])
        try FileManager.default.moveItem(atPath: file.path, toPath: file.path + ".1")
        try await log.append([records[1]])
        #expect(try file.lines.count == 1)
    }

    @Test func pathThatCannotBeWrittenIsAnError() async throws {
        let records = try await changes(1)
        let error = await #expect(throws: AuditLogError.self) {
            try await AuditLog(path: "/nowhere/audit.jsonl").append(records)
        }
        #expect(error?.description == "cannot open /nowhere/audit.jsonl: No such file or directory")
    }

    @Test func severalWritersKeepTheirLinesWhole() async throws {
        let file = try TemporaryFile()
        let records = try await changes(40)
        let path = file.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let log = AuditLog(path: path)
                    // Each learns of the others' lines only when it begins, so they write different ones.
                    for index in stride(from: writer, to: 40, by: 4) { try await log.append([records[index]]) }
                }
            }
            try await group.waitForAll()
        }
        #expect(
            try Set(file.lines) == Set(records.map { String(decoding: AuditLine(record: $0).json, as: UTF8.self) }))
        #expect(try file.lines.count == 40)
    }
}
