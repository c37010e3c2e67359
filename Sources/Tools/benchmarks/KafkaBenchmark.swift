import ArgumentParser
import Foundation
import KafkaLog
import Logging
import RecordLog
import Synchronization

/// The record log on Kafka beside librdkafka alone: the same messages, the same settings, turn and turn about.
struct KafkaBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kafka",
        abstract: "Produce and consume records through the record log and through bare librdkafka.",
        discussion: """
            Without --kafka both use librdkafka's mock cluster in this process, whose brokers take their share of the \
            processor: the rates are those of client and broker together. A mock cluster keeps 5 MiB of each partition; \
            consuming reads what is left.
            """)

    @Option(help: "Brokers of a real cluster, as HOST:PORT; the topics that the run makes stay there.")
    var kafka: String?

    @Option(help: "Records of each measurement.")
    var records = 400_000

    @Option(help: "Bytes of a record's value.")
    var bytes = 600

    @Option(help: "Headers of a record; a published record has about fifteen.")
    var headers = 15

    @Option(help: "Topic partitions.")
    var partitions: Int32 = 4

    @Option(help: "How often everything is measured; the median counts.")
    var rounds = 3

    @Option(help: "Records in each call of the record log.")
    var batch = 256

    func validate() throws {
        guard records > 0, bytes >= 100, headers >= 0, partitions > 0, rounds > 0, batch > 0 else {
            throw ValidationError("numbers must be positive, and --bytes at least 100")
        }
    }

    func run() throws {
        let logger = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
        let mockCluster = kafka == nil ? try MockKafkaCluster() : nil
        let servers = mockCluster?.bootstrapServers ?? kafka ?? ""
        let log: KafkaLog =
            if let mockCluster {
                try KafkaLog(mockCluster, logger: logger)
            } else {
                try KafkaLog(KafkaProperties(bootstrapServers: servers), logger: logger)
            }
        let messages = KafkaWorkload.messages(bytes: bytes, headers: headers, partitions: partitions)
        print(
            "\(records) records of \(bytes) bytes and \(headers) headers, \(partitions) partitions, zstd, acks=all, "
                + "idempotent; librdkafka \(KafkaLog.clientVersion), "
                + (mockCluster == nil ? "cluster \(servers)" : "mock cluster in this process"))
        print("")
        print("                      records/s   µs of CPU per record (with a mock cluster's brokers)")
        var rates = (bare: [Double](), log: [Double]())
        var readRates = (bare: [Double](), log: [Double]())
        for round in 0..<rounds {
            let topic = "benchmark-\(UInt64.random(in: 0...UInt64.max))-\(round)."
            for name in [topic + "bare", topic + "log"] {
                _ = try log.ensureTopics([
                    TopicSpecification(name: name, settings: TopicSettings(partitions: partitions))
                ])
            }
            let baseline = KafkaBaseline(servers: servers)
            rates.bare.append(
                try measured("produce, librdkafka") {
                    try baseline.produce(messages, count: records, to: topic + "bare")
                })
            rates.log.append(
                try measured("produce, record log") { try produce(messages, to: topic + "log", through: log) })
            readRates.bare.append(
                try measured("consume, librdkafka") {
                    try baseline.consume(try left(in: topic + "bare", of: log))
                })
            readRates.log.append(
                try measured("consume, record log") {
                    try consume(try left(in: topic + "log", of: log), from: log)
                })
        }
        print("")
        print("median: produce \(Self.comparison(rates.log, rates.bare))")
        print("        consume \(Self.comparison(readRates.log, readRates.bare))")
    }

    private func measured(_ name: String, _ body: () throws -> Int) throws -> Double {
        let processor = try processorMicroseconds(of: getpid())
        let begin = monotonicNanoseconds()
        let count = Double(try body())
        let seconds = Double(monotonicNanoseconds() - begin) / 1e9
        let perRecord = (try processorMicroseconds(of: getpid()) - processor) / count
        let rate = fixed(count / seconds, 0)
        print(
            "\(name.padding(toLength: 20, withPad: " ", startingAt: 0))  \(rate.leftPadded(to: 9))   \(fixed(perRecord, 2))"
        )
        return count / seconds
    }

    private static func comparison(_ ours: [Double], _ baseline: [Double]) -> String {
        let (ours, baseline) = (ours.sorted()[ours.count / 2], baseline.sorted()[baseline.count / 2])
        return "\(fixed(ours, 0)) records/s, librdkafka alone \(fixed(baseline, 0)): \(fixed(ours / baseline, 2)) of it"
    }

    /// What can be read: the mock cluster drops the oldest records in silence.
    private func left(in topic: String, of log: KafkaLog) throws -> [TopicPartition: OffsetRange] {
        let partitions = TopicDescription(name: topic, partitions: partitions).topicPartitions
        return Dictionary(uniqueKeysWithValues: zip(partitions, try log.offsets(of: partitions)))
    }

    private func produce(_ messages: [LogMessage], to topic: String, through log: KafkaLog) throws -> Int {
        let failures = Mutex(0)
        let producer = try log.makeProducer(ProducerSettings()) { deliveries in
            var failed = 0
            for delivery in deliveries {
                if case .failed = delivery.outcome { failed += 1 }
            }
            if failed > 0 { failures.withLock { $0 += failed } }
        }
        defer { producer.close() }
        var sent = 0
        while sent < records {
            let start = sent % messages.count
            let end = min(start + batch, messages.count, start + records - sent)
            let taken = try producer.append(messages[start..<end], to: topic)
            sent += taken
            if taken < end - start { usleep(200) }
        }
        try producer.flush(timeoutMilliseconds: 60_000)
        let failed = failures.withLock { $0 }
        guard failed == 0 else { throw BenchmarkFailure("\(failed) records were not delivered") }
        return records
    }

    private func consume(_ ranges: [TopicPartition: OffsetRange], from log: KafkaLog) throws -> Int {
        let reader = try log.makeReader(ReaderSettings())
        defer { reader.close() }
        try reader.assign(ranges.mapValues { .offset($0.start) })
        let expected = ranges.values.reduce(0) { $0 + Int($1.end - $1.start) }
        var count = 0
        while count < expected {
            let batches = try reader.poll(recordsMax: 1_000, bytesMax: 4 << 20, waitMilliseconds: 1_000)
            count += batches.reduce(0) { $0 + $1.records.count }
        }
        return count
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

/// Messages that compress about as well as stream records do.
enum KafkaWorkload {
    private static let messageCount = 4_096

    static func messages(bytes: Int, headers: Int, partitions: Int32) -> [LogMessage] {
        (0..<messageCount).map { index in
            var value = Array(
                #"{"eventID":"\#(UInt64.random(in: 0...UInt64.max))","eventName":"MODIFY","dynamodb":{"NewImage":{"#
                    .utf8)
            while value.count < bytes {
                value += Array(#""attribute\#(value.count)":{"N":"\#(UInt32.random(in: 0...UInt32.max))"},"#.utf8)
            }
            var names = LogHeaders()
            for header in 0..<headers { names.append("ce_header\(header)", "value \(index) of \(header)") }
            return LogMessage(
                partition: Int32(index) % partitions, key: Array("customer-\(index)".utf8),
                value: Array(value.prefix(bytes)), headers: names,
                timestampMilliseconds: 1_700_000_000_000 + Int64(index))
        }
    }
}
