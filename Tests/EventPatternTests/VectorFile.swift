import Bytes
import EventPattern
import Foundation
import JSONBytes
import Testing

/// One line of `Fixtures/filter-vectors.jsonl.gz`: what event-ruler says of a pattern and an event.
struct Vector: Sendable {
    enum Expected: String, Sendable {
        case matches = "true"
        case fails = "false"
        case invalid = "\"invalid\""
    }

    let line: Int
    /// As they stand in the file: repeated keys and spellings of numbers matter.
    let pattern: [UInt8]
    let event: [UInt8]
    let expected: Expected

    init(line: Int, _ text: ArraySlice<UInt8>) throws {
        self.line = line
        let document = try JSONDocument(parsing: Array(text))
        func raw(_ name: StaticString) throws -> [UInt8] {
            let node = try #require(document.member(name, of: document.root))
            return document.withRawBytes(of: node) { Array($0) }
        }
        pattern = try raw("pattern")
        event = try raw("event")
        let node = try #require(document.member("matches", of: document.root))
        let answer =
            document.kind(node) == .string
            ? Array("\"".utf8) + (try raw("matches")) + Array("\"".utf8) : try raw("matches")
        expected = try #require(Expected(rawValue: String(decoding: answer, as: UTF8.self)))
    }

    /// All lines of the file, unpacked by gzip.
    static func readAll() throws -> [Vector] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/filter-vectors.jsonl.gz")
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc", file.path]
        process.standardOutput = pipe
        try process.run()
        let bytes = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { try Vector(line: $0 + 1, $1) }
    }
}
