import ArgumentParser
import EventPattern
import Glibc
import JSONBytes

/// Answers pattern and event pairs line by line, so that other programs can keep it running beside them.
struct FilterMatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Match the patterns and events of JSON lines.",
        discussion: """
            Reads {"pattern":…,"event":…} from each line of standard input and answers each with one line, in order \
            and at once: {"matches":true}, {"matches":false}, or {"invalid":"reason"} when the pattern, the event or \
            the line itself is not valid.
            """)

    private static let chunkBytes = 1 << 16

    func run() throws {
        var answers = FilterAnswers()
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while true {
            let count = read(STDIN_FILENO, &chunk, Self.chunkBytes)
            guard count >= 0 else { throw CommandFailure("standard input cannot be read: errno \(errno)") }
            if count == 0 { break }
            var output: [UInt8] = []
            var lines = chunk[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let incomplete = lines.removeLast()
            for line in lines {
                output += answers.answer(to: rest + line) + [UInt8(ascii: "\n")]
                rest = []
            }
            rest += incomplete
            try write(output)
        }
        if !rest.isEmpty { try write(answers.answer(to: rest) + [UInt8(ascii: "\n")]) }
    }

    private func write(_ output: [UInt8]) throws {
        var written = 0
        while written < output.count {
            let count = output[written...].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { throw CommandFailure("the answer cannot be written: errno \(errno)") }
            written += count
        }
    }
}

/// The answers of `filter match`. The last pattern is kept, because many events are often asked of one.
struct FilterAnswers {
    private var pattern: [UInt8] = []
    private var matcher: PatternMatcher?

    mutating func answer(to line: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reserving: 64)
        writer.beginObject()
        do throws(Refusal) {
            let matches = try matches(line)
            writer.key("matches")
            writer.boolean(matches)
        } catch {
            writer.key("invalid")
            writer.string(error.reason)
        }
        writer.endObject()
        return writer.bytes
    }

    private struct Refusal: Error {
        let reason: String
    }

    private mutating func matches(_ line: [UInt8]) throws(Refusal) -> Bool {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: line)
        } catch {
            throw Refusal(reason: "The line is not JSON (position \(error.position))")
        }
        let pattern = try member("pattern", document)
        let event = try member("event", document)
        try prepare(pattern)
        do throws(EventError) {
            try matcher?.match(json: event)
        } catch {
            throw Refusal(reason: error.description)
        }
        return matcher?.matches.isEmpty == false
    }

    private func member(_ name: StaticString, _ document: JSONDocument) throws(Refusal) -> [UInt8] {
        guard let node = document.member(name, of: document.root) else {
            throw Refusal(reason: "The line has no \"\(name)\"; it must be {\"pattern\":…,\"event\":…}")
        }
        let content = document.withRawBytes(of: node) { Array($0) }
        guard document.kind(node) == .string else { return content }
        return [UInt8(ascii: "\"")] + content + [UInt8(ascii: "\"")]
    }

    private mutating func prepare(_ text: [UInt8]) throws(Refusal) {
        if matcher != nil, pattern == text { return }
        do throws(PatternError) {
            matcher = PatternMatcher(PatternSet(try FilterPattern(parsing: text)))
            pattern = text
        } catch {
            // As event-ruler says it, without the path.
            throw Refusal(reason: error.reason)
        }
    }
}
