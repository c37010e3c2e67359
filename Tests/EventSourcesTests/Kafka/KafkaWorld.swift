import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import EventPattern
import EventSource
import EventSources
import Partition
import RecordLog
import Region
import Replication
import Synchronization
import Testing

/// A `.changes` topic in a log in memory, the messages of a table, and hosts of mappings that read it: each as a process of its own.
final class KafkaWorld: Sendable {
    static let region = RegionName(stored: "us-east-1")
    static let topic = "t.us-east-1.T.changes"
    static let streamARN = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/1970-01-01T00:00:00.000"

    let log = MemoryRecordLog()
    let functions = TestFunctions()
    let clock = TestClock()
    let partitionsCount: Int32
    private let writer: ChangeMessageWriter
    private let producer: any LogProducer
    private let nextSequence = Mutex<UInt64>(1)
    /// What was published to each partition, by offset.
    private let published: Mutex<[[Int?]]>
    private let hosts = Mutex<[KafkaMappingHost]>([])

    init(partitions: Int32 = 1, hasStream: Bool = true, viewType: StreamViewType = .newAndOldImages) throws {
        partitionsCount = partitions
        published = Mutex(Array(repeating: [], count: Int(partitions)))
        _ = try log.ensureTopics([
            TopicSpecification(name: Self.topic, settings: TopicSettings(partitions: partitions))
        ])
        let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
        var table = TableDefinition(
            number: 1, name: "T", region: Self.region, tableID: "id", createdMilliseconds: 0, status: .active,
            keySchema: schema, attributeDefinitions: schema.attributes,
            billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [], globalIndexes: [])
        if hasStream { table.streams = [Stream(viewType: viewType, nextSequence: 1, nowMilliseconds: 0)] }
        writer = ChangeMessageWriter(table, format: .streams, partitions: partitions)
        producer = try log.makeProducer(ProducerSettings()) { _ in }
    }

    func stop() {
        for host in hosts.withLock({ $0 }) { host.stop() }
    }

    // MARK: Processes

    func startHost(_ mappings: MappingSpecification..., settleMilliseconds: UInt64 = 3_000) -> KafkaMappingHost {
        let clock = clock.wallClock
        let host = KafkaMappingHost(
            KafkaPlace(
                region: Self.region, log: log, topicName: { "t.us-east-1.\($0).changes" }, prefix: "t",
                calls: functions.calls,
                reports: MappingReports(region: Self.region, logger: silentLogger, emit: { _ in }),
                clock: { clock.milliseconds }, settleMilliseconds: settleMilliseconds))
        for mapping in mappings { host.put(mapping) }
        hosts.withLock { $0.append(host) }
        return host
    }

    func mapping(
        _ id: String = "m", to function: String = "f", settings: MappingSettings = MappingSettings(),
        filters: [String] = [], onFailure path: String? = nil, isEnabled: Bool = true, handler: String? = nil
    ) throws -> MappingSpecification {
        var mapping = MappingSpecification(
            id: id, functionName: function,
            functionARN: "arn:aws:lambda:us-east-1:000000000000:function:\(function)", tableName: "T",
            streamARN: Self.streamARN, settings: settings, filters: try filters.map { try FilterPattern($0) },
            failureDestination: path.map { .init(target: .file(path: $0), includesPayload: true) },
            isEnabled: isEnabled)
        mapping.handlerName = handler
        return mapping
    }

    // MARK: The topic

    /// Publishes inserts of `n` to items, one after the other, as written in this region or another one.
    func publish(_ items: [(key: String, n: Int)], from origin: RegionName = KafkaWorld.region) throws {
        for (key, n) in items {
            var map = AttributeMap()
            map["pk"] = .string(Text(key))
            map["n"] = .number(DecimalNumber(n))
            let sequence = nextSequence.withLock { next in
                defer { next += 1 }
                return next
            }
            let version = Version(timestamp: HybridTimestamp(milliseconds: sequence, counter: 0), region: origin)
            let record = ChangeRecord(
                sequence: sequence, version: version, baseVersion: nil,
                commitMilliseconds: clock.wallClock.milliseconds, cause: .user, transaction: nil,
                change: .insert(Item(map)))
            try append(writer.change(record, nowMilliseconds: 1), n: n)
        }
    }

    /// Numbered writes to one item each.
    func publish(_ numbers: ClosedRange<Int>) throws { try publish(numbers.map { (key: "k\($0)", n: $0) }) }

    func append(_ message: LogMessage, n: Int? = nil) throws {
        published.withLock { $0[Int(message.partition)].append(n) }
        #expect(try producer.append([message], to: Self.topic) == 1)
        try producer.flush(timeoutMilliseconds: 10_000)
    }

    private var partitions: [TopicPartition] { (0..<partitionsCount).map { TopicPartition(Self.topic, $0) } }

    /// What the group would go on with in each partition.
    func committed(_ group: String = "t.handler.us-east-1.m") throws -> [Int64?] {
        try log.committedOffsets(ofGroup: group, in: partitions)
    }

    /// What lies before these offsets.
    func numbers(before offsets: [Int64?]) -> Set<Int> {
        published.withLock { published in
            Set(zip(published, offsets).flatMap { $0.prefix(Int($1 ?? 0)) }.compactMap { $0 })
        }
    }

    func ends() throws -> [Int64] { try log.offsets(of: partitions).map(\.end) }

    func waitUntilCommitted(
        _ group: String = "t.handler.us-east-1.m", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually("\(group) has committed all", sourceLocation: sourceLocation) {
            try committed(group).map { $0 ?? 0 } == ends()
        }
    }

    func waitUntilAssigned(_ hosts: [KafkaMappingHost], sourceLocation: SourceLocation = #_sourceLocation) async throws
    {
        try await eventually("all partitions are shared out", sourceLocation: sourceLocation) {
            let counts = hosts.map { $0.status(of: "m")?.membership?.lag.count ?? 0 }
            return counts.reduce(0, +) == Int(partitionsCount) && counts.allSatisfy { $0 > 0 }
        }
    }
}

/// Runs a scenario and stops what it started.
func withKafkaWorld(
    partitions: Int32 = 1, _ scenario: (KafkaWorld) async throws -> Void
) async throws {
    let world = try KafkaWorld(partitions: partitions)
    defer { world.stop() }
    try await scenario(world)
}
