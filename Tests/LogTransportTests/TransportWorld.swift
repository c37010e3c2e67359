import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import Foundation
import KafkaLog
import KeyValueStore
import LogTransport
import Logging
import Partition
import RecordLog
import Region
import Replication
import Testing

let us = RegionName(stored: "us-east-1")
let eu = RegionName(stored: "eu-west-1")

/// Regions whose changes travel over a log in memory, with everything that `tributary serve` runs.
final class TransportWorld: RegionWorld {
    /// What the regions' logs are.
    enum Cluster: CaseIterable, CustomTestStringConvertible {
        case memory
        /// Kafka, on mock clusters of this process.
        case kafka

        var testDescription: String { "\(self)" }
    }

    /// The regions' own when they are in memory; these can be made to misbehave.
    let logs: [RegionName: MemoryRecordLog]
    private let clusters: [RegionName: MockKafkaCluster]
    private let allLogs: [RegionName: any RecordLog]
    private let directory: String
    private(set) var regions: RegionSet
    private(set) var controlPlane: ControlPlane
    private(set) var transport: LogTransport
    private let settings: Settings

    /// What transports differ in.
    struct Settings {
        var format = RecordFormat.streams
        /// Nil for what is usual.
        var linkBytesKeptMax: Int?
    }

    /// - Parameter sharesLog: whether both regions have one log; else each has its own.
    init(_ cluster: Cluster = .memory, sharesLog: Bool = false, _ settings: Settings) throws {
        switch cluster {
        case .memory:
            let first = MemoryRecordLog()
            logs = [us: first, eu: sharesLog ? first : MemoryRecordLog()]
            clusters = [:]
            allLogs = logs
        case .kafka:
            let first = try MockKafkaCluster()
            logs = [:]
            clusters = [us: first, eu: sharesLog ? first : try MockKafkaCluster()]
            allLogs = try clusters.mapValues { try KafkaLog($0, logger: silentLogger) }
        }
        self.settings = settings
        directory = FileManager.default.temporaryDirectory.appending(path: "tributary-log-\(UUID().uuidString)").path
        (regions, controlPlane, transport) = try Self.open(directory, allLogs, settings)
    }

    private static func open(
        _ directory: String, _ logs: [RegionName: any RecordLog], _ given: Settings
    ) throws -> (RegionSet, ControlPlane, LogTransport) {
        let names = try #require(TopicNames(prefix: "t"))
        var configuration = TransportConfiguration(logs: logs, servers: [:], names: names)
        configuration.partitions = 3
        configuration.format = given.format
        configuration.linkBytesKeptMax = given.linkBytesKeptMax ?? configuration.linkBytesKeptMax
        let transport = LogTransport(configuration, logger: silentLogger)
        var settings = RegionSet.Configuration(regions: [us, eu], dataDirectory: directory)
        settings.transport = transport
        settings.logsAllTables = true
        let regions = try RegionSet(settings, logger: silentLogger)
        transport.start(regions)
        return (regions, ControlPlane(regions: regions, logger: silentLogger), transport)
    }

    func stop() {
        controlPlane.stop()
        transport.stop()
        regions.stop()
    }

    func restart() throws {
        stop()
        (regions, controlPlane, transport) = try Self.open(directory, allLogs, settings)
    }

    /// Breaks or mends the way to all logs.
    func setReachable(_ isReachable: Bool) throws {
        for log in logs.values { log.setReachable(isReachable) }
        for cluster in clusters.values {
            if isReachable { try cluster.setBroker(up: 1) } else { try cluster.setBroker(down: 1) }
        }
    }

    func removeFiles() { try? FileManager.default.removeItem(atPath: directory) }

    func region(_ name: RegionName) throws -> Region { try #require(regions.region(name)) }

    // MARK: Tables

    func createGlobalTable(_ name: String = "T") throws {
        try createTable(name)
        try addReplica(name)
    }

    func addReplica(_ name: String = "T") throws {
        controlPlane.submit { [controlPlane] in controlPlane.addReplica(of: name, in: eu, from: us) }
        try eventually("the replica is active") {
            try [us, eu].allSatisfy { try self.table(name, in: $0)?.status == .active }
        }
    }

    // MARK: Topics

    /// All records of a topic by partition.
    func records(_ topic: String, of name: RegionName = us) throws -> [[LogRecord]] {
        let log = try #require(allLogs[name])
        guard let found = try log.topics(withPrefix: topic).first(where: { $0.name == topic }) else { return [] }
        let reader = try log.makeReader(ReaderSettings())
        defer { reader.close() }
        let ends = try log.offsets(of: found.topicPartitions)
        return try zip(found.topicPartitions, ends).map { partition, range in
            try reader.assign([partition: .start])
            var records: [LogRecord] = []
            while range.start < range.end, (records.last?.offset ?? -1) + 1 < range.end {
                let batches = try reader.poll(recordsMax: 10_000, bytesMax: 1 << 30, waitMilliseconds: 1000)
                records += batches.flatMap(\.records)
            }
            return records
        }
    }

    /// The sequence numbers in a topic, by partition.
    func sequences(_ topic: String, of name: RegionName = us) throws -> [[UInt64]] {
        try records(topic, of: name).map { records in
            try records.map { try MessageHeaders($0.headers).place().sequence }
        }
    }

    /// Waits until all changes of the region's table are in its topic, each once and in order.
    func waitUntilPublished(
        _ name: RegionName = us, table tableName: String = "T", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let number = try #require(try table(tableName, in: name)).number
        let topic = "t.\(name).\(tableName).changes"
        let last = try region(name).counters(number).nextSequence - 1
        try eventually("all \(last) changes are in \(topic)", sourceLocation: sourceLocation) {
            try records(topic, of: name).reduce(0) { $0 + $1.count } >= Int(last)
        }
        let found = try sequences(topic, of: name)
        #expect(found.joined().sorted() == Array(1...max(last, 1)), sourceLocation: sourceLocation)
        for partition in found { #expect(partition == partition.sorted(), sourceLocation: sourceLocation) }
    }
}

/// Where regions are, in one process or several, for tests that look at their tables.
protocol RegionWorld {
    func region(_ name: RegionName) throws -> Region
}

extension RegionWorld {
    func createTable(_ name: String = "T", id: String = "one", stream: Bool = true) throws {
        let region = try region(us)
        let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
        let definition = TableDefinition(
            number: region.nextTableNumber, name: name, region: us, tableID: id,
            createdMilliseconds: region.wallClock.milliseconds, status: .active, keySchema: schema,
            attributeDefinitions: schema.attributes, billing: Billing(mode: .payPerRequest, throughput: .none),
            localIndexes: [], globalIndexes: [])
        _ = region.perform(.changeCatalogue(.create(definition)))
        if stream { _ = region.perform(.changeCatalogue(.enableStream(definition.number, .keysOnly))) }
    }

    func table(_ name: String = "T", in region: RegionName) throws -> TableDefinition? {
        try self.region(region).catalogue.table(named: name)
    }

    func put(_ key: String, _ value: String, in name: RegionName, table tableName: String = "T") throws {
        try write(key, .put(item(key, value)), in: name, tableName)
    }

    func delete(_ key: String, in name: RegionName, table tableName: String = "T") throws {
        try write(key, .delete, in: name, tableName)
    }

    private func write(_ key: String, _ change: ItemWrite.Change, in name: RegionName, _ tableName: String) throws {
        let table = try #require(try table(tableName, in: name))
        let keyItem = Item(["pk": .string(Text(key))])
        let write = ItemWrite(
            table: table.number, key: try table.keySchema.key(of: keyItem), keyItem: keyItem, change: change,
            condition: nil)
        guard case .written = try region(name).perform(.write(write)) else {
            Issue.record("\(key) was not written")
            return
        }
    }

    func value(_ key: String, in name: RegionName, table tableName: String = "T") throws -> String? {
        guard let table = try table(tableName, in: name) else { return nil }
        let encoded = try table.keySchema.key(of: Item(["pk": .string(Text(key))]))
        guard let bytes = try region(name).store.value(of: StorageKeys.item(table.number, encoded), in: .items),
            case .string(let text)? = try bytes.withUnsafeBytes({ try StoredItem(decoding: $0) }).item?.value(of: "v")
        else { return nil }
        return text.description
    }
}

func item(_ key: String, _ value: String) -> Item {
    Item(["pk": .string(Text(key)), "v": .string(Text(value))])
}

func withTransport(
    _ cluster: TransportWorld.Cluster = .memory, sharesLog: Bool = false, format: RecordFormat = .streams,
    linkBytesKeptMax: Int? = nil, _ scenario: (TransportWorld) throws -> Void
) throws {
    let settings = TransportWorld.Settings(format: format, linkBytesKeptMax: linkBytesKeptMax)
    let world = try TransportWorld(cluster, sharesLog: sharesLog, settings)
    defer {
        world.stop()
        world.removeFiles()
    }
    try scenario(world)
}

let silentLogger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// Looks again and again until the condition holds; a minute is long beside everything that is waited for here.
func eventually(
    _ what: String, withinMilliseconds limit: Int = 60_000, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + .milliseconds(limit)
    while ContinuousClock.now < deadline {
        if try condition() { return }
        Thread.sleep(forTimeInterval: 0.005)
    }
    try #require(try condition(), "\(what), within \(limit) ms", sourceLocation: sourceLocation)
}
