import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// How long after its acknowledgement in one region a write is visible in another.
struct ReplicationBenchmark: ParsableCommand {
    static let source = "us-east-1"
    static let target = "eu-west-1"
    static let table = "Benchmark"

    static let configuration = CommandConfiguration(
        commandName: "replication",
        abstract: "Time from a write's acknowledgement in one region to its visibility in another, at a given rate.")

    @Option(help: "Writes per second.")
    var rate = 1000.0

    @Option(help: "How long the run takes, in seconds.")
    var seconds = 10.0

    @Option(help: "Every so many writes, one is watched in the other region.")
    var watchEvery = 10

    @Flag(help: "Replicate through a mock Kafka cluster of the server's process.")
    var kafka = false

    @Option(help: "Where the data is kept during the run.")
    var directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-benchmark").path

    func run() throws {
        let server = try ServerProcess(arguments: kafka ? ["--kafka", "embedded"] : [], directory: directory)
        defer { server.stop() }
        let writer = try Connection(port: server.port)
        let reader = try Connection(port: server.port)
        let watcher = ReplicationWatcher(port: server.port)
        watcher.start()
        _ = try writer.perform(.createTable(Self.table, region: Self.source, stream: true))
        _ = try writer.perform(.addReplica(Self.table, region: Self.source, target: Self.target))
        while try !reader.perform(.describeTable(Self.table, region: Self.target)).contains(#""TableStatus":"ACTIVE""#)
        {}
        var put = APIRequest.putItem(Self.table, region: Self.source)
        let begin = monotonicNanoseconds()
        let writes = UInt64(rate * seconds)
        for number in 1...max(1, writes) {
            let due = begin + UInt64(Double(number) / rate * 1e9)
            while monotonicNanoseconds() < due {}
            put.setNumber(number)
            _ = try writer.perform(put)
            if number % UInt64(max(1, watchEvery)) == 0 { watcher.watch(number, since: monotonicNanoseconds()) }
        }
        let achieved = Double(writes) / (Double(monotonicNanoseconds() - begin) / 1e9)
        let latencies = try watcher.stop()
        print(
            "\(Self.source) to \(Self.target), no link delay\(kafka ? ", through Kafka" : ""), \(fixed(achieved, 0)) writes/s (asked: \(fixed(rate, 0)))"
        )
        print(
            "acknowledged to visible, \(latencies.count) writes watched: p50 \(latencies.percentile(0.5)), p99 \(latencies.percentile(0.99))"
        )
    }
}

/// Looks for written items in the other region, one at a time, beside the writes: those that come while one is awaited are not watched.
private final class ReplicationWatcher: Sendable {
    /// Between two looks, in microseconds: a look costs the server some of the time that it is to replicate in.
    static let pauseMicroseconds: UInt32 = 200

    private struct State: Sendable {
        var wanted: (number: UInt64, since: UInt64)?
        var latencies = Latencies()
        var failure: String?
        var isStopping = false
    }

    private let port: Int
    private let state = Mutex(State())
    private let thread = DispatchGroup()

    init(port: Int) {
        self.port = port
    }

    func start() {
        thread.enter()
        Thread.detachNewThread { [self] in
            do { try run() } catch { state.withLock { $0.failure = "\(error)" } }
            thread.leave()
        }
    }

    func watch(_ number: UInt64, since: UInt64) {
        state.withLock { if $0.wanted == nil { $0.wanted = (number, since) } }
    }

    /// Waits for the last one.
    func stop() throws -> Latencies {
        state.withLock { $0.isStopping = true }
        thread.wait()
        let (latencies, failure) = state.withLock { ($0.latencies, $0.failure) }
        if let failure { throw BenchmarkFailure(failure) }
        return latencies
    }

    private func run() throws {
        let reader = try Connection(port: port)
        var get = APIRequest.getItem(ReplicationBenchmark.table, region: ReplicationBenchmark.target)
        while true {
            let (wanted, isStopping) = state.withLock { ($0.wanted, $0.isStopping) }
            guard let wanted else {
                if isStopping { return }
                usleep(Self.pauseMicroseconds)
                continue
            }
            get.setNumber(wanted.number)
            while try !reader.perform(get).contains(#""Item""#) { usleep(Self.pauseMicroseconds) }
            state.withLock { state in
                state.latencies.add(monotonicNanoseconds() - wanted.since)
                state.wanted = nil
            }
        }
    }
}
