import EventSource
import EventSources
import Foundation
import Functions
import HandlerKit
import Partition
import Region
import Synchronization

/// Measures the time from a commit to a handler's start.
struct HandlerBenchmarkStarts {
    /// How long records may be on their way after the last write, in nanoseconds.
    private static let patienceNanoseconds: UInt64 = 10_000_000_000

    let rate: Double
    let seconds: Double
    let warmUpSeconds: Double
    let directory: String

    private var warmUpCount: Int { Int(rate * warmUpSeconds) }
    private var writesCount: Int { warmUpCount + max(1, Int(rate * seconds)) }

    func run() throws {
        print(
            "\(fixed(rate, 0)) writes/s for \(fixed(seconds, 1)) s, after \(fixed(warmUpSeconds, 1)) s that do not count"
        )
        print("commit to start                     starts  p50         p99         wanted")
        row("bare thread, woken by the region", try bareThread(), "(baseline)")
        row("handler in this process", try handlerInProcess(), "p50 under 1 ms")
        row("handler in a process of its own", try handlerProcess(), "p50 under 3 ms")
    }

    private func row(_ name: String, _ latencies: Latencies, _ wanted: String) {
        let columns = [
            (name, 36), ("\(latencies.count)", 8), (latencies.percentile(0.5), 12), (latencies.percentile(0.99), 12),
            (wanted, 0),
        ]
        print(columns.map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }.joined())
    }

    // MARK: The three

    private func bareThread() throws -> Latencies {
        let place = try HandlerBenchmarkRegion(directory: directory)
        defer { place.stop() }
        let times = HandlerStartTimes(count: writesCount)
        let signal = place.region.observe(as: "benchmark")
        let isStopping = StopFlag()
        let thread = OwnedThread()
        thread.start(named: "benchmark") {
            while !isStopping.isSet {
                signal.wait()
                times.started(upTo: Int(place.nextSequence) - 1, at: monotonicNanoseconds())
            }
        }
        defer {
            isStopping.set()
            signal.signal()
            thread.wait()
        }
        return try measure(place, times) { times.hasAllStarts }
    }

    private func handlerInProcess() throws -> Latencies {
        let times = HandlerStartTimes(count: writesCount)
        let handler = Handler(name: "benchmark") { batch, _ in
            let now = monotonicNanoseconds()
            for record in batch.records {
                if let number = record.newImage?["n"]?.integer { times.started(number, at: now) }
            }
            return .done
        }
        return try withHandler(.inProcess, handler) { place in
            try measure(place, times) { times.hasAllStarts }
        }
    }

    private func handlerProcess() throws -> Latencies {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = FileManager.default.temporaryDirectory.appending(path: "handler-starts-\(getpid()).txt").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let words = [executable] + HandlerBenchmarkProcess.words + [path]
        return try withHandler(.command(words, workingDirectory: "/"), nil) { place in
            let times = HandlerStartTimes(count: writesCount)
            return try measure(place, times) {
                try HandlerBenchmarkProcess.read(path, into: times)
                return times.hasAllStarts
            }
        }
    }

    // MARK: Parts

    /// Runs the body with a handler on the stream, with the settings of handlers from handler.yaml.
    private func withHandler(
        _ target: FunctionTarget, _ handler: Handler?, _ body: (HandlerBenchmarkRegion) throws -> Latencies
    ) throws -> Latencies {
        let place = try HandlerBenchmarkRegion(directory: directory)
        defer { place.stop() }
        let registry = FunctionRegistry(
            region: place.region.name,
            settings: FunctionSettings(codeDirectory: directory + "/code", endpointURL: nil),
            storage: FunctionStorage(load: { [] }, store: { _, _ in }), log: FunctionLog { _ in },
            logger: HandlerBenchmarkRegion.logger)
        try registry.load()
        var definition = FunctionDefinition(name: "benchmark", region: place.region.name, target: target)
        definition.concurrencyMax = FunctionDefinition.localConcurrencyDefault
        try registry.register(definition, handler: handler.map(Self.call))
        defer {
            let stopped = Signal()
            Task {
                await registry.stop()
                stopped.signal()
            }
            stopped.wait()
        }
        let host = EventSourceHost(
            region: place.region,
            calls: FunctionCalls(
                invoke: { registry.invoke($0, $1, completion: $2) }, enqueue: { _, _ in "not here" },
                post: { _, _, completion in completion("not here") }),
            logger: HandlerBenchmarkRegion.logger)
        host.put(place.mapping("benchmark", to: "benchmark", settings: .handler))
        host.start()
        defer { host.stop() }
        try HandlerBenchmarkRegion.wait(for: "benchmark", in: host)
        return try body(place)
    }

    /// A handler as the server calls one that runs in it.
    private static func call(_ handler: Handler) -> FunctionPool.Handler {
        { invocation in
            let context = HandlerContext(
                requestID: invocation.requestID,
                deadlineMilliseconds: FunctionClock.system.wallMilliseconds() + handler.timeoutMilliseconds,
                functionARN: "")
            return switch await handler.respond(to: invocation.payload, context) {
            case .success(let payload): .success(payload: payload, logTail: [])
            case .failure(let failure):
                .functionError(
                    kind: InvocationResult.unhandled, payload: failure.json(requestID: invocation.requestID),
                    logTail: [])
            }
        }
    }

    /// Writes at the rate, waits until every write's handler has started, and gives the times behind the warm-up.
    private func measure(
        _ place: HandlerBenchmarkRegion, _ times: HandlerStartTimes, isComplete: () throws -> Bool
    ) throws -> Latencies {
        let begin = monotonicNanoseconds()
        for number in 1...writesCount {
            sleep(until: begin + UInt64(Double(number) / rate * 1e9))
            try place.write(number) { reply in
                if case .written = reply { times.committed(number, at: monotonicNanoseconds()) }
            }
        }
        let end = monotonicNanoseconds() + Self.patienceNanoseconds
        while try !isComplete() || !times.hasAllCommits {
            guard monotonicNanoseconds() < end else { throw BenchmarkFailure("not every write reached the handler") }
            usleep(10_000)
        }
        return times.latencies(from: warmUpCount + 1)
    }

    /// Sleeps, so that the writer takes no processor from what is measured.
    private func sleep(until nanoseconds: UInt64) {
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil)
    }
}

/// When each write was committed and when its handler started first, by the number of the write, in monotonic nanoseconds.
final class HandlerStartTimes: Sendable {
    private struct Times: Sendable {
        var commits: [UInt64]
        var starts: [UInt64]
        var commitsCount = 0
        var startsCount = 0
        /// All starts up to this number are known.
        var startedUpTo = 0
    }

    private let times: Mutex<Times>

    init(count: Int) {
        let none = [UInt64](repeating: 0, count: count + 1)
        times = Mutex(Times(commits: none, starts: none))
    }

    func committed(_ number: Int, at nanoseconds: UInt64) {
        times.withLock { times in
            times.commits[number] = nanoseconds
            times.commitsCount += 1
        }
    }

    func started(_ number: Int, at nanoseconds: UInt64) {
        times.withLock { times in
            guard times.starts.indices.contains(number), times.starts[number] == 0 else { return }
            times.starts[number] = nanoseconds
            times.startsCount += 1
        }
    }

    /// All that had not started before.
    func started(upTo number: Int, at nanoseconds: UInt64) {
        times.withLock { times in
            let end = min(number, times.starts.count - 1)
            guard end > times.startedUpTo else { return }
            for index in times.startedUpTo + 1...end { times.starts[index] = nanoseconds }
            times.startsCount += end - times.startedUpTo
            times.startedUpTo = end
        }
    }

    var hasAllCommits: Bool { times.withLock { $0.commitsCount == $0.commits.count - 1 } }
    var hasAllStarts: Bool { times.withLock { $0.startsCount == $0.starts.count - 1 } }

    /// From commits to starts. A handler can be awake before the writer hears of its commit: that counts as 0.
    func latencies(from first: Int) -> Latencies {
        times.withLock { times in
            var latencies = Latencies()
            for number in first..<times.commits.count {
                latencies.add(times.starts[number] - min(times.starts[number], times.commits[number]))
            }
            return latencies
        }
    }
}
