import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import EventSource
import EventSources
import Foundation
import KeyValueStore
import Logging
import Partition
import Region
import Replication

/// A region on RocksDB with one table and its stream. The directory is emptied before and removed behind.
final class HandlerBenchmarkRegion: Sendable {
    private static let tableName = "Benchmark"
    /// Fills an item up, so that its record has about 600 bytes.
    private static let filler = String(repeating: "all work and no play ", count: 22)
    /// Values of `customer`, over which records are spread.
    private static let customersCount = 1000

    let region: Region
    let table: TableDefinition
    let directory: String
    let regions: RegionSet

    static let logger = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameters:
    ///   - others: regions beside it, without the table.
    ///   - transport: carries changes between them; not started.
    init(directory: String, others: [RegionName] = [], transport: (any LinkTransport)? = nil) throws {
        try? FileManager.default.removeItem(atPath: directory)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        self.directory = directory
        let name = RegionName(stored: "us-east-1")
        var configuration = RegionSet.Configuration(regions: [name] + others, dataDirectory: directory + "/data")
        configuration.transport = transport
        configuration.logsAllTables = transport != nil
        regions = try RegionSet(configuration, logger: Self.logger)
        region = regions.regions[0]
        let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
        let definition = TableDefinition(
            number: region.nextTableNumber, name: Self.tableName, region: name, tableID: "benchmark",
            createdMilliseconds: region.wallClock.milliseconds, status: .active, keySchema: schema,
            attributeDefinitions: schema.attributes, billing: Billing(mode: .payPerRequest, throughput: .none),
            localIndexes: [], globalIndexes: [])
        _ = region.perform(.changeCatalogue(.create(definition)))
        _ = region.perform(.changeCatalogue(.enableStream(definition.number, .newAndOldImages)))
        guard let table = region.catalogue.table(named: Self.tableName), table.enabledStream != nil else {
            throw BenchmarkFailure("the table could not be made")
        }
        self.table = table
    }

    func stop() {
        regions.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The sequence number that the next write gets.
    var nextSequence: UInt64 { region.counters(table.number).nextSequence }

    /// Writes an item of its own for each number.
    func write(
        _ number: Int, customer: String? = nil, completion: @escaping @Sendable (Reply) -> Void
    ) throws {
        var map = AttributeMap()
        map["pk"] = .string(Text("item-\(number)"))
        let keyItem = Item(map)
        map["n"] = .number(DecimalNumber(number))
        map["customer"] = .string(Text(customer ?? "customer-\(number % Self.customersCount)"))
        map["state"] = .string(Text("open"))
        map["text"] = .string(Text(Self.filler))
        let write = ItemWrite(
            table: table.number, key: try table.keySchema.key(of: keyItem), keyItem: keyItem, change: .put(Item(map)),
            condition: nil)
        region.submit(.write(write), completion: completion)
    }

    func mapping(
        _ id: String, to function: String, settings: MappingSettings, filters: [FilterPattern] = []
    ) -> MappingSpecification {
        MappingSpecification(
            id: id, functionName: function,
            functionARN: "arn:aws:lambda:\(region.name):\(TableDefinition.account):function:\(function)",
            tableName: table.name, streamARN: table.enabledStream.map { table.streamARN($0) } ?? "",
            settings: settings, filters: filters, failureDestination: nil, isEnabled: true)
    }

    /// Returns when the mapping runs.
    static func wait(for id: String, in host: EventSourceHost) throws {
        let end = monotonicNanoseconds() + 10_000_000_000
        while host.status(of: id)?.state != .enabled {
            guard monotonicNanoseconds() < end else { throw BenchmarkFailure("the mapping does not start") }
            usleep(1000)
        }
    }
}
