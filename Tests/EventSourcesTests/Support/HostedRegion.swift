import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import EventSource
import EventSources
import KeyValueStore
import Logging
import Partition
import Region
import Replication
import Testing

/// A region in memory with the host of its event source mappings, and the functions that these call.
final class HostedRegion {
    static let tableName = "T"

    let clock = TestClock()
    let functions = TestFunctions()
    private let regions: RegionSet
    private(set) var host: EventSourceHost

    init() throws {
        let name = RegionName(stored: "us-east-1")
        var configuration = RegionSet.Configuration(regions: [name], dataDirectory: nil)
        configuration.wallClock = clock.wallClock
        regions = try RegionSet(configuration, logger: silentLogger)
        host = EventSourceHost(region: regions.regions[0], calls: functions.calls, logger: silentLogger)
        host.start()
    }

    var region: Region { regions.regions[0] }

    func stop() {
        host.stop()
        regions.stop()
    }

    func stopHost() { host.stop() }

    /// A new host on the same region, as after a restart.
    func startHost(_ mappings: MappingSpecification...) {
        host = EventSourceHost(region: region, calls: functions.calls, logger: silentLogger)
        for mapping in mappings { host.put(mapping) }
        host.start()
    }

    // MARK: The table

    func createTable() throws {
        let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
        let definition = TableDefinition(
            number: region.nextTableNumber, name: Self.tableName, region: region.name, tableID: "id",
            createdMilliseconds: clock.wallClock.milliseconds, status: .active, keySchema: schema,
            attributeDefinitions: schema.attributes, billing: Billing(mode: .payPerRequest, throughput: .none),
            localIndexes: [], globalIndexes: [])
        _ = region.perform(.changeCatalogue(.create(definition)))
        try enableStream()
    }

    func enableStream() throws {
        _ = region.perform(.changeCatalogue(.enableStream(try table.number, .newAndOldImages)))
    }

    func disableStream() throws { _ = region.perform(.changeCatalogue(.disableStream(try table.number))) }

    var table: TableDefinition {
        get throws { try #require(region.catalogue.table(named: Self.tableName)) }
    }

    var streamARN: String {
        get throws {
            let table = try table
            return table.streamARN(try #require(table.enabledStream))
        }
    }

    /// Writes `n` to items, one after the other.
    func put(_ items: [(key: String, n: Int)]) throws {
        let table = try table
        for (key, n) in items {
            var map = AttributeMap()
            map["pk"] = .string(Text(key))
            let keyItem = Item(map)
            map["n"] = .number(DecimalNumber(n))
            let write = ItemWrite(
                table: table.number, key: try table.keySchema.key(of: keyItem), keyItem: keyItem,
                change: .put(Item(map)), condition: nil)
            guard case .written = region.perform(.write(write)) else { throw RefusedWrite() }
        }
    }

    /// Numbered writes to one item each.
    func put(_ numbers: ClosedRange<Int>) throws { try put(numbers.map { (key: "k\($0)", n: $0) }) }

    func trim(before sequence: UInt64) throws {
        _ = region.perform(.expire(.changes(table: try table.number, before: sequence)))
    }

    struct RefusedWrite: Error {}

    // MARK: Mappings

    func mapping(
        _ id: String = "m", to function: String = "f", settings: MappingSettings = MappingSettings(),
        filters: [String] = [], onFailure path: String? = nil, isEnabled: Bool = true, stream: String? = nil
    ) throws -> MappingSpecification {
        MappingSpecification(
            id: id, functionName: function,
            functionARN: "arn:aws:lambda:us-east-1:000000000000:function:\(function)", tableName: Self.tableName,
            streamARN: try stream ?? streamARN, settings: settings, filters: try filters.map { try FilterPattern($0) },
            failureDestination: path.map { .init(target: .file(path: $0), includesPayload: true) },
            isEnabled: isEnabled)
    }

    func waitUntil(
        _ state: MappingState, _ id: String = "m", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually("\(id) is \(state)", sourceLocation: sourceLocation) {
            host.status(of: id)?.state == state
        }
    }

    /// Waits until the mapping has handled or given up everything that is in the log.
    func waitUntilRead(_ id: String = "m", sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let last = region.counters(try table.number).nextSequence - 1
        try await eventually("\(id) has read \(last) records", sourceLocation: sourceLocation) {
            host.status(of: id)?.checkpoint == last
        }
    }

    /// The texts of all control events of a kind.
    func events(_ kind: ControlEvent.Kind) throws -> [String] {
        try ControlLog.entries(from: 1, limit: 1000, reading: region.store).filter { $0.kind == kind }
            .map { String(decoding: $0.json, as: UTF8.self) }
    }

    /// Whether a position is kept under the mapping's id.
    func keepsPosition(of id: String) throws -> Bool {
        try !KeptValue.values(withPrefix: "checkpoint/" + id, reading: region.store).isEmpty
    }
}

/// Runs a scenario and stops what it started.
func withHostedRegion(_ scenario: (HostedRegion) async throws -> Void) async throws {
    let hosted = try HostedRegion()
    defer { hosted.stop() }
    try await scenario(hosted)
}

let silentLogger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// Looks again and again until the condition holds; the limit is long beside everything that is waited for here.
func eventually(
    _ what: String, withinMilliseconds limit: Int = 60_000, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .milliseconds(limit)
    while ContinuousClock.now < deadline {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    try #require(try condition(), "\(what), within \(limit) ms", sourceLocation: sourceLocation)
}
