import Foundation
import KafkaLog
import Logging
import RecordLog
import Synchronization
import Testing

/// The implementations that the conformance suite runs over.
enum LogKind: CaseIterable, CustomTestStringConvertible {
    case memory
    case mockKafka
    /// The cluster that `TRIBUTARY_TEST_KAFKA` names.
    case kafka

    static var allCases: [LogKind] { realServers == nil ? [.memory, .mockKafka] : [.memory, .mockKafka, .kafka] }
    private static let realServers = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_KAFKA"]

    /// Whether it tells the settings of a topic.
    var tellsSettings: Bool { self != .mockKafka }

    /// Runs a scenario on a log whose topics are the scenario's own.
    func withLog(_ scenario: (LogUnderTest) throws -> Void) throws {
        let prefix = "test-\(UUID().uuidString.prefix(8))."
        switch self {
        case .memory:
            let log = MemoryRecordLog()
            try scenario(LogUnderTest(log: log, prefix: prefix, setReachable: log.setReachable))
        case .mockKafka:
            let cluster = try MockKafkaCluster()
            let log = try KafkaLog(cluster, logger: quiet)
            try scenario(
                LogUnderTest(log: log, prefix: prefix) { isReachable in
                    try isReachable ? cluster.setBroker(up: 1) : cluster.setBroker(down: 1)
                })
        case .kafka:
            let properties = try KafkaProperties(bootstrapServers: Self.realServers ?? "")
            let log = try KafkaLog(properties, logger: quiet)
            try scenario(LogUnderTest(log: log, prefix: prefix, setReachable: nil))
        }
    }

    /// As `withLog`, on a thread of its own: for scenarios that spend seconds waiting.
    func withLogOnThread(_ scenario: @escaping @Sendable (LogUnderTest) throws -> Void) async throws {
        try await onThread { try withLog(scenario) }
    }

    var testDescription: String { "\(self)" }
}

/// librdkafka tells of every broken connection, and the tests break many.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waiting is by condition; this only ends a test that would never end.
let deadlineSeconds = 60

struct LogUnderTest {
    let log: any RecordLog
    let prefix: String
    /// nil when the log cannot be switched off.
    let setReachable: ((Bool) throws -> Void)?

    /// The name of a new topic with this many partitions.
    func topic(
        _ name: String = "topic", partitions: Int32 = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let topic = prefix + name
        let outcomes = try log.ensureTopics([
            TopicSpecification(name: topic, settings: TopicSettings(partitions: partitions))
        ])
        #expect(outcomes == [.created], sourceLocation: sourceLocation)
        return topic
    }

    func producer(_ change: (inout ProducerSettings) -> Void = { _ in }) throws -> TestProducer {
        var settings = ProducerSettings()
        change(&settings)
        return try TestProducer(log: log, settings: settings)
    }

    /// Appends values to a topic partition and waits until they are there.
    func append(_ values: [String], to topic: String, partition: Int32 = 0) throws {
        let producer = try producer()
        try producer.append(values.map { LogMessage(partition: partition, value: $0) }, to: topic)
        try producer.flush()
        producer.producer.close()
    }

    func reader(of positions: [TopicPartition: LogPosition]) throws -> any LogReader {
        let reader = try log.makeReader(ReaderSettings())
        try reader.assign(positions)
        return reader
    }

    func member(
        of group: String, _ topics: [String], _ change: (inout GroupSettings) -> Void = { _ in }
    ) throws -> any GroupConsumer {
        var settings = GroupSettings()
        // No test waits for a member to be missed: none is to be missed because the machine is busy.
        settings.sessionTimeoutMilliseconds = 20_000
        change(&settings)
        return try log.makeGroupConsumer(group: prefix + group, topics: topics, settings)
    }
}

/// A producer whose deliveries are kept.
final class TestProducer: Sendable {
    let producer: any LogProducer
    private let kept: KeptDeliveries

    final class KeptDeliveries: Sendable {
        let deliveries = Mutex<[Delivery]>([])
    }

    init(log: any RecordLog, settings: ProducerSettings) throws {
        let kept = KeptDeliveries()
        self.kept = kept
        producer = try log.makeProducer(settings) { deliveries in
            kept.deliveries.withLock { $0 += deliveries }
        }
    }

    /// In the order in which they were reported.
    var deliveries: [Delivery] { kept.deliveries.withLock { $0 } }

    func outcome(of token: UInt64) -> Delivery.Outcome? { deliveries.first { $0.token == token }?.outcome }

    /// Appends all, waiting for room.
    func append(_ messages: [LogMessage], to topic: String) throws {
        var rest = messages[...]
        while !rest.isEmpty {
            rest = rest.dropFirst(try producer.append(rest, to: topic))
            if !rest.isEmpty { Thread.sleep(forTimeInterval: 0.001) }
        }
    }

    func flush() throws { try producer.flush(timeoutMilliseconds: deadlineSeconds * 1_000) }
}

extension LogMessage {
    init(partition: Int32 = 0, key: String? = nil, value: String?, token: UInt64 = 0) {
        self.init(
            partition: partition, key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) },
            timestampMilliseconds: 1_700_000_000_000, token: token)
    }
}

extension LogRecord {
    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}

extension LogReader {
    /// The next records up to this number, whatever the polls that bring them.
    func records(_ count: Int) throws -> [TopicPartition: [LogRecord]] {
        var found: [TopicPartition: [LogRecord]] = [:]
        try until("\(count) records are read") {
            let missing = count - found.values.reduce(0) { $0 + $1.count }
            for batch in try poll(recordsMax: missing, bytesMax: 1 << 20, waitMilliseconds: 100) {
                found[batch.source, default: []] += batch.records
            }
            return found.values.reduce(0) { $0 + $1.count } >= count
        }
        return found
    }

    /// The values of the next records of the only topic partition.
    func texts(_ count: Int) throws -> [String?] { try records(count).values.flatMap { $0.map(\.text) } }
}

func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        Thread { done.resume(with: Result(catching: body)) }.start()
    }
}

struct NeverHappened: Error { let what: String }

/// Asks until it is true.
func until(_ what: String, _ isTrue: () throws -> Bool) throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(deadlineSeconds))
    while try !isTrue() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what) }
        Thread.sleep(forTimeInterval: 0.001)
    }
}
