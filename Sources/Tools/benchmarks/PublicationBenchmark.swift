import ArgumentParser
import ChangeMessage
import ChangeStream
import Dispatch
import Foundation
import KafkaLog
import KeyValueStore
import LogTransport
import Partition
import RecordLog
import Region
import Replication
import Synchronization

/// How fast a region's change log is published to Kafka, beside librdkafka alone with the same messages. Over a mock cluster of this process, which
/// takes its share of the processors.
struct PublicationBenchmark: ParsableCommand {
    static let partitions: Int32 = 6
    static let writesInFlightMax = 1000

    static let configuration = CommandConfiguration(
        commandName: "publication",
        abstract: "Publish a change log of records of about 600 bytes to a mock Kafka cluster, beside librdkafka alone."
    )

    @Option(help: "Records of the change log.")
    var records = 100_000

    @Option(help: "How values show changes: streams, debezium or plain.")
    var recordFormat = "streams"

    @Option(help: "Where the data is kept during the run.")
    var directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-benchmark").path

    func validate() throws {
        guard RecordFormat(rawValue: recordFormat) != nil else {
            throw ValidationError("--record-format must be streams, debezium or plain, not '\(recordFormat)'")
        }
        guard (1...10_000_000).contains(records) else {
            throw ValidationError("--records must be between 1 and 10000000, not \(records)")
        }
    }

    func run() throws {
        let benchmark = try HandlerBenchmarkRegion(directory: directory)
        defer { benchmark.stop() }
        try write(benchmark)
        let format = RecordFormat(rawValue: recordFormat) ?? .streams
        let messages = try messages(of: benchmark, format)
        let alone = try measured(messages: records) { try producerAlone(messages) }
        let published = try measured(messages: 2 * records) { try publisher(benchmark, format) }
        print(
            "\(records) records, values \(recordFormat), \(Self.partitions) topic partitions, zstd, mock cluster in the process"
        )
        print("librdkafka alone, messages made before: \(alone)")
        print("publisher, .changes and .state: \(fixed(published.perSecond / 2, 0)) records/s, \(published)")
        print("ratio of messages: \(fixed(published.perSecond / alone.perSecond, 2))")
    }

    private struct Rate: CustomStringConvertible {
        let perSecond: Double
        /// Of all threads of the process, the mock cluster's too.
        let processorMicroseconds: Double

        var description: String {
            "\(fixed(perSecond, 0)) messages/s, \(fixed(processorMicroseconds, 1)) µs of CPU per message"
        }
    }

    /// - Parameter body: answers how many seconds it took.
    private func measured(messages count: Int, _ body: () throws -> Double) throws -> Rate {
        let before = try processorMicroseconds(of: getpid())
        let seconds = try body()
        let processor = try processorMicroseconds(of: getpid()) - before
        return Rate(perSecond: Double(count) / seconds, processorMicroseconds: processor / Double(count))
    }

    private func write(_ benchmark: HandlerBenchmarkRegion) throws {
        let room = DispatchSemaphore(value: Self.writesInFlightMax)
        for number in 0..<records {
            room.wait()
            try benchmark.write(number) { _ in room.signal() }
        }
        for _ in 0..<Self.writesInFlightMax { room.wait() }
        for _ in 0..<Self.writesInFlightMax { room.signal() }
    }

    private func messages(of benchmark: HandlerBenchmarkRegion, _ format: RecordFormat) throws -> [LogMessage] {
        let writer = ChangeMessageWriter(benchmark.table, format: format, partitions: Self.partitions)
        var messages: [LogMessage] = []
        let range = StorageKeys.changes(benchmark.table.number, from: 1)
        try benchmark.region.store.scan(range, in: .changes, reverse: false) { key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key),
                let record = try? ChangeRecord(sequence: sequence, decoding: value)
            else { return .stop }
            messages.append(writer.change(record, nowMilliseconds: 0))
            return .next
        }
        guard messages.count == records else { throw BenchmarkFailure("the change log cannot be read") }
        return messages
    }

    /// Answers how many seconds the messages took.
    private func producerAlone(_ messages: [LogMessage]) throws -> Double {
        let log = try KafkaLog(try MockKafkaCluster(), logger: HandlerBenchmarkRegion.logger)
        _ = try log.ensureTopics([
            TopicSpecification(name: "alone", settings: TopicSettings(partitions: Self.partitions))
        ])
        let delivered = Atomic<Int>(0)
        let failed = Atomic<Int>(0)
        let producer = try log.makeProducer(ProducerSettings()) { deliveries in
            for delivery in deliveries {
                if case .delivered = delivery.outcome { continue }
                failed.add(1, ordering: .relaxed)
            }
            delivered.add(deliveries.count, ordering: .releasing)
        }
        defer { producer.close() }
        let begin = monotonicNanoseconds()
        var rest = messages[...]
        while !rest.isEmpty {
            let taken = try producer.append(rest, to: "alone")
            rest = rest.dropFirst(taken)
            if taken == 0 { usleep(100) }
        }
        while delivered.load(ordering: .acquiring) < messages.count { usleep(200) }
        guard failed.load(ordering: .relaxed) == 0 else { throw BenchmarkFailure("messages were not delivered") }
        return Double(monotonicNanoseconds() - begin) / 1e9
    }

    /// Answers how many seconds the records took, each as a message of two topics.
    private func publisher(_ benchmark: HandlerBenchmarkRegion, _ format: RecordFormat) throws -> Double {
        guard let names = TopicNames(prefix: "benchmark") else { throw BenchmarkFailure("no prefix") }
        let log = try KafkaLog(try MockKafkaCluster(), logger: HandlerBenchmarkRegion.logger)
        var configuration = TransportConfiguration(logs: [benchmark.region.name: log], servers: [:], names: names)
        configuration.format = format
        configuration.partitions = Self.partitions
        let transport = LogTransport(configuration, logger: HandlerBenchmarkRegion.logger)
        let begin = monotonicNanoseconds()
        transport.start(benchmark.regions)
        defer { transport.stop() }
        func isPublished() -> Bool {
            let reports = transport.reports.filter { $0.table != nil }
            return reports.count == 2 && reports.allSatisfy { $0.backlog == 0 && $0.published >= UInt64(records) }
        }
        while !isPublished() { usleep(500) }
        return Double(monotonicNanoseconds() - begin) / 1e9
    }
}
