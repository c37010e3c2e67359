import ArgumentParser
import Dispatch
import Foundation
import HandlerKit
import HandlerRuntime

/// The handler process of the benchmark: writes down when each batch's handler starts.
///
/// All processes of a machine read the same monotonic clock.
struct HandlerBenchmarkProcess: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "process", abstract: "The handler process of this benchmark.", shouldDisplay: false)

    /// What starts it.
    static var words: [String] {
        [HandlerBenchmark.configuration.commandName, configuration.commandName].compactMap { $0 }
    }

    @Argument(help: "The file to which one line for each batch is appended: nanoseconds, then the writes' numbers.")
    var path: String

    func run() throws {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw BenchmarkFailure("\(path) cannot be written") }
        let handler = Handler(name: "benchmark") { batch, _ in
            let now = monotonicNanoseconds()
            let numbers = batch.records.compactMap { $0.newImage?["n"]?.integer }
            let line = ([String(now)] + numbers.map(String.init)).joined(separator: " ") + "\n"
            // One write at the file's end, as a second process may append too.
            let bytes = Array(line.utf8)
            guard bytes.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == bytes.count else {
                throw BenchmarkFailure("the file cannot be written")
            }
            return .done
        }
        Task { await HandlerRuntime.run(handler) }
        dispatchMain()
    }

    /// Reads what the process has written so far.
    static func read(_ path: String, into times: HandlerStartTimes) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let fields = line.split(separator: " ")
            guard let start = fields.first.flatMap({ UInt64($0) }) else {
                throw BenchmarkFailure("\(path) has an unknown form")
            }
            for number in fields.dropFirst().compactMap({ Int($0) }) { times.started(number, at: start) }
        }
    }
}
