import AttributeModel
import Bytes
import ChangeStream
import Foundation
import KeyValueStore
import Logging
import Partition
import Replication
import Testing

@testable import Region

/// The regions of a process as `tributary serve` runs them, with their control plane.
final class TestRegions {
    enum Storage: CaseIterable, CustomTestStringConvertible {
        case memory
        case rocksDB

        var testDescription: String { "\(self)" }
    }

    static let us = RegionName(stored: "us-east-1")
    static let eu = RegionName(stored: "eu-west-1")
    static let ap = RegionName(stored: "ap-east-1")

    let clock = TestClock()
    private let directory: String?
    private let delays: [LinkName: UInt64]
    private(set) var regions: RegionSet
    private(set) var controlPlane: ControlPlane?

    /// - Parameter delaysMilliseconds: of links, by their ends.
    init(_ storage: Storage, delaysMilliseconds: [LinkName: UInt64] = [:]) throws {
        directory = storage == .memory ? nil : temporaryPath()
        delays = delaysMilliseconds
        regions = try Self.open(directory, delays, clock)
    }

    private static func open(
        _ directory: String?, _ delays: [LinkName: UInt64], _ clock: TestClock
    ) throws -> RegionSet {
        var configuration = RegionSet.Configuration(regions: [us, eu, ap], dataDirectory: directory)
        configuration.linkSettings = delays.mapValues { LinkSettings(delay: .fixed(milliseconds: $0)) }
        configuration.wallClock = clock.wallClock
        return try RegionSet(configuration, logger: silentLogger)
    }

    func startControlPlane() {
        controlPlane = ControlPlane(regions: regions, logger: silentLogger)
    }

    func stop() {
        controlPlane?.stop()
        controlPlane = nil
        regions.stop()
    }

    /// Ends as a crash would: nobody waits for jobs, they find the regions gone.
    func abandon() {
        regions.stop()
        controlPlane?.stop()
        controlPlane = nil
    }

    /// Starts again on the same directories.
    func reopen(delaysMilliseconds: [LinkName: UInt64]? = nil) throws {
        regions = try Self.open(directory, delaysMilliseconds ?? delays, clock)
    }

    /// A second set of regions on the same directories, while the first one is running.
    func openAgain() throws -> RegionSet { try Self.open(directory, delays, clock) }

    func removeFiles() {
        if let directory { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// Puts the files that lie under a name beside the regions in the place of a region's, and those under that name.
    func exchangeFiles(of region: RegionName, with name: String, copying: Bool = false) throws {
        let base = try #require(directory)
        let (own, other) = ("\(base)/\(region)", "\(base)/\(name)")
        if copying { return try FileManager.default.copyItem(atPath: own, toPath: other) }
        try moveFile(own, to: other + "-moved")
        try moveFile(other, to: own)
        try moveFile(other + "-moved", to: other)
    }

    subscript(_ name: RegionName) -> Region { regions.regions.first { $0.name == name }! }

    // MARK: Control

    /// Carries out a decision and returns when it is made.
    func control(_ decision: @escaping @Sendable (ControlPlane) -> Void) {
        guard let controlPlane else { return }
        let done = Signal()
        controlPlane.submit {
            decision(controlPlane)
            done.signal()
        }
        done.wait()
    }

    func createTable(_ name: String = "T", in region: RegionName = us, global: [IndexDefinition] = []) {
        let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
        let definition = TableDefinition(
            number: self[region].nextTableNumber, name: name, region: region, tableID: "id-\(region)-\(name)",
            createdMilliseconds: clock.wallClock.milliseconds, status: .active, keySchema: schema,
            attributeDefinitions: schema.attributes + global.flatMap(\.keySchema.attributes),
            billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [], globalIndexes: global)
        _ = self[region].perform(.changeCatalogue(.create(definition)))
        _ = self[region].perform(.changeCatalogue(.enableStream(definition.number, .newAndOldImages)))
    }

    func addReplica(_ table: String = "T", in target: RegionName, from source: RegionName = us) {
        control { $0.addReplica(of: table, in: target, from: source) }
    }

    /// A table that all regions hold.
    func createGlobalTable(_ name: String = "T", global: [IndexDefinition] = []) throws {
        createTable(name, global: global)
        for target in [Self.eu, Self.ap] {
            addReplica(name, in: target)
            try waitUntilActive(name, in: [Self.us, target])
        }
    }

    /// The links on which a change of Asia is an hour late, so that whoever waits for it waits for ever.
    static let lateFromAsia: [LinkName: UInt64] = [
        LinkName(from: ap, to: us): 3_600_000, LinkName(from: ap, to: eu): 3_600_000,
    ]

    /// Begins to fill a replica in Europe from the United States. With `lateFromAsia` it does not end: a change of Asia is under way.
    func beginEndlessFilling(global: [IndexDefinition] = []) throws {
        createTable(global: global)
        addReplica(in: Self.ap)
        try waitUntilActive(in: [Self.us, Self.ap])
        try self[Self.us].put(item("a"))
        try self[Self.ap].put(item("late"))
        addReplica(in: Self.eu)
        try eventually("what is not late has arrived") { try self[Self.eu].storedItem("a") != nil }
    }

    func table(_ name: String = "T", in region: RegionName) -> TableDefinition? {
        self[region].catalogue.table(named: name)
    }

    func edit(
        _ name: String = "T", in region: RegionName, _ body: @escaping @Sendable (inout TableDefinition) -> Void
    ) throws {
        let number = try #require(table(name, in: region)).number
        _ = self[region].perform(.changeCatalogue(.edit(number, body)))
    }

    // MARK: What is expected

    func waitUntilActive(
        _ table: String = "T", in names: [RegionName], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try eventually("\(table) is active", sourceLocation: sourceLocation) {
            names.allSatisfy { name in
                guard let own = self.table(table, in: name) else { return false }
                return own.status == .active && own.peers.allSatisfy { $0.status == .active }
                    && own.globalIndexes.allSatisfy { $0.status == .active }
            }
        }
    }

    /// Waits until the replicas hold the same items and versions, and checks what follows from them.
    func waitUntilEqual(
        _ table: String = "T", in names: [RegionName] = [us, eu, ap], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try eventually("the replicas of \(table) are equal", sourceLocation: sourceLocation) {
            let states = try names.map { try self[$0].items(of: table) }
            return states.allSatisfy { $0 == states[0] }
        }
        for name in names {
            // What a commit left is shown a moment after it can be read.
            _ = self[name].perform(.flush)
            try self[name].expectConsistent(table, sourceLocation: sourceLocation)
        }
    }
}

/// Runs a scenario and stops the regions behind it.
func withRegions(
    _ storage: TestRegions.Storage = .memory, delaysMilliseconds: [LinkName: UInt64] = [:],
    withControlPlane: Bool = true, _ scenario: (TestRegions) throws -> Void
) throws {
    let regions = try TestRegions(storage, delaysMilliseconds: delaysMilliseconds)
    defer {
        regions.stop()
        regions.removeFiles()
    }
    if withControlPlane { regions.startControlPlane() }
    try scenario(regions)
}

let silentLogger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appending(path: "tributary-region-\(UUID().uuidString)").path
}

/// Looks again and again until the condition holds; a minute is long beside everything that is waited for here.
func eventually(
    _ what: String, withinMilliseconds limit: Int = 60_000, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + .milliseconds(limit)
    while ContinuousClock.now < deadline {
        if try condition() { return }
        Thread.sleep(forTimeInterval: 0.002)
    }
    try #require(try condition(), "\(what), within \(limit) ms", sourceLocation: sourceLocation)
}

func removeFiles(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
}

func moveFile(_ path: String, to target: String) throws {
    try FileManager.default.moveItem(atPath: path, toPath: target)
}
