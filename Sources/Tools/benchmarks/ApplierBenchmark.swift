import ArgumentParser
import ChangeMessage
import Dispatch
import Foundation
import KafkaLog
import LogTransport
import Partition
import RecordLog
import Region
import Replication

/// How fast a region takes over what another one has written meanwhile, beside how fast it was written. Both are in this process, and with Kafka the
/// mock cluster too.
struct ApplierBenchmark: ParsableCommand {
    static let writesInFlightMax = 1000
    /// So many that the mock cluster, which keeps 5 MiB of each, keeps everything.
    static let partitions: Int32 = 24

    static let configuration = CommandConfiguration(
        commandName: "applier",
        abstract: "Let a link catch up with a change log of records of about 600 bytes, beside the writes themselves.")

    @Option(help: "Writes that wait when the link begins.")
    var records = 200_000

    @Flag(help: "Replicate through a mock Kafka cluster of the process.")
    var kafka = false

    @Flag(
        name: .customLong("applier-alone"),
        help: "With --kafka: the target's own cluster is away, so that it does not publish what it takes over.")
    var isAlone = false

    @Option(help: "Where the data is kept during the run.")
    var directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-benchmark").path

    func validate() throws {
        guard (1...10_000_000).contains(records) else {
            throw ValidationError("--records must be between 1 and 10000000, not \(records)")
        }
        guard kafka || !isAlone else { throw ValidationError("--applier-alone is for --kafka") }
    }

    func run() throws {
        let source = RegionName(stored: "us-east-1")
        let target = RegionName(stored: "eu-west-1")
        let targetLog = MemoryRecordLog()
        let transport = try kafka ? makeTransport(source, target, targetLog) : nil
        let benchmark = try HandlerBenchmarkRegion(directory: directory, others: [target], transport: transport)
        transport?.start(benchmark.regions)
        let controlPlane = ControlPlane(regions: benchmark.regions, logger: HandlerBenchmarkRegion.logger)
        defer {
            controlPlane.stop()
            transport?.stop()
            benchmark.stop()
        }
        guard let replica = benchmark.regions.region(target) else { throw BenchmarkFailure("there is no \(target)") }
        controlPlane.submit { controlPlane.addReplica(of: benchmark.table.name, in: target, from: source) }
        try wait("the replica") { replica.catalogue.table(named: benchmark.table.name)?.status == .active }
        let link = LinkName(from: source, to: target)
        _ = benchmark.regions.changeLink(link) { $0.state = .paused }
        let written = try write(benchmark)
        if let transport {
            try wait("the publisher") { transport.reports.allSatisfy { $0.backlog == 0 } }
        }
        targetLog.setReachable(false)
        guard let number = replica.catalogue.table(named: benchmark.table.name)?.number else {
            throw BenchmarkFailure("the replica is gone")
        }
        let begin = monotonicNanoseconds()
        _ = benchmark.regions.changeLink(link) { $0.state = .running }
        try wait("the link") { replica.counters(number).itemCount >= UInt64(records) }
        let rate = Double(records) / (Double(monotonicNanoseconds() - begin) / 1e9)
        let way = kafka ? ", through a mock Kafka cluster in the process" : ""
        print("\(records) records of about 600 bytes\(way)\(isAlone ? ", the target publishes nothing" : "")")
        print("written: \(fixed(written, 0))/s (synced group commits)")
        print("replicated: \(fixed(rate, 0))/s")
        print("ratio: \(fixed(rate / written, 2))")
    }

    private func makeTransport(
        _ source: RegionName, _ target: RegionName, _ targetLog: MemoryRecordLog
    ) throws -> LogTransport {
        guard let topics = TopicNames(prefix: "benchmark") else { throw BenchmarkFailure("no prefix") }
        let log = try KafkaLog(try MockKafkaCluster(), logger: HandlerBenchmarkRegion.logger)
        let logs: [RegionName: any RecordLog] = [source: log, target: isAlone ? targetLog : log]
        var configuration = TransportConfiguration(logs: logs, servers: [:], names: topics)
        configuration.partitions = Self.partitions
        return LogTransport(configuration, logger: HandlerBenchmarkRegion.logger)
    }

    /// Writes per second.
    private func write(_ benchmark: HandlerBenchmarkRegion) throws -> Double {
        let room = DispatchSemaphore(value: Self.writesInFlightMax)
        let begin = monotonicNanoseconds()
        for number in 0..<records {
            room.wait()
            try benchmark.write(number) { _ in room.signal() }
        }
        for _ in 0..<Self.writesInFlightMax { room.wait() }
        for _ in 0..<Self.writesInFlightMax { room.signal() }
        return Double(records) / (Double(monotonicNanoseconds() - begin) / 1e9)
    }

    private func wait(_ what: String, until condition: () -> Bool) throws {
        let end = monotonicNanoseconds() + 300_000_000_000
        while !condition() {
            guard monotonicNanoseconds() < end else { throw BenchmarkFailure("\(what) does not come to its end") }
            usleep(2000)
        }
    }
}
