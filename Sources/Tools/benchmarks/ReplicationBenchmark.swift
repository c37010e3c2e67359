import ArgumentParser
import Foundation

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
        _ = try writer.perform(.createTable(Self.table, region: Self.source, stream: true))
        _ = try writer.perform(.addReplica(Self.table, region: Self.source, target: Self.target))
        while try !reader.perform(.describeTable(Self.table, region: Self.target)).contains(#""TableStatus":"ACTIVE""#)
        {}
        var put = APIRequest.putItem(Self.table, region: Self.source)
        var get = APIRequest.getItem(Self.table, region: Self.target)
        var latencies = Latencies()
        let begin = monotonicNanoseconds()
        let writes = UInt64(rate * seconds)
        for number in 1...max(1, writes) {
            let due = begin + UInt64(Double(number) / rate * 1e9)
            while monotonicNanoseconds() < due {}
            put.setNumber(number)
            _ = try writer.perform(put)
            let acknowledged = monotonicNanoseconds()
            guard number % UInt64(max(1, watchEvery)) == 0 else { continue }
            get.setNumber(number)
            while try !reader.perform(get).contains(#""Item""#) {}
            latencies.add(monotonicNanoseconds() - acknowledged)
        }
        let achieved = Double(writes) / (Double(monotonicNanoseconds() - begin) / 1e9)
        print(
            "\(Self.source) to \(Self.target), no link delay\(kafka ? ", through Kafka" : ""), \(fixed(achieved, 0)) writes/s (asked: \(fixed(rate, 0)))"
        )
        print(
            "acknowledged to visible, \(latencies.count) writes watched: p50 \(latencies.percentile(0.5)), p99 \(latencies.percentile(0.99))"
        )
    }
}
