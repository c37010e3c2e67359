import ChangeMessage
import ChangeStream
import Foundation
import KeyValueStore
import LogTransport
import Logging
import Partition
import RecordLog
import Region
import Replication
import Testing

let ap = RegionName(stored: "ap-southeast-1")

/// Processes with a region each, as far apart as two programs: they share nothing but the logs, one for each region.
final class ProcessWorld: RegionWorld {
    let logs: [RegionName: MemoryRecordLog]
    private var groups: [[RegionName]]
    private let directory: String
    private var running: [RegionName: Process] = [:]

    private struct Process {
        let regions: RegionSet
        let controlPlane: ControlPlane
        let transport: LogTransport
    }

    /// - Parameter groups: the regions of each process.
    init(_ groups: [[RegionName]]) throws {
        self.groups = groups
        logs = Dictionary(uniqueKeysWithValues: groups.joined().map { ($0, MemoryRecordLog()) })
        directory = FileManager.default.temporaryDirectory.appending(path: "tributary-far-\(UUID().uuidString)").path
        for group in groups { try start(group[0]) }
    }

    /// Starts the process of a region, with all its regions.
    func start(_ name: RegionName) throws {
        let held = try #require(groups.first { $0.contains(name) })
        let names = try #require(TopicNames(prefix: "t"))
        var configuration = TransportConfiguration(logs: logs, servers: [:], names: names)
        configuration.partitions = 3
        let transport = LogTransport(configuration, logger: silentLogger)
        var settings = RegionSet.Configuration(
            regions: held, dataDirectory: directory + "/of-" + held[0].name)
        settings.transport = transport
        settings.logsAllTables = true
        settings.remoteRegions = logs.keys.filter { !held.contains($0) }.sorted()
        settings.sweepIntervalMilliseconds = 20
        let regions = try RegionSet(settings, logger: silentLogger)
        transport.start(regions)
        let controlPlane = ControlPlane(regions: regions, logger: silentLogger)
        let process = Process(regions: regions, controlPlane: controlPlane, transport: transport)
        for region in held { running[region] = process }
    }

    func stop(_ name: RegionName) {
        guard let process = running[name] else { return }
        for region in process.regions.names { running[region] = nil }
        process.controlPlane.stop()
        process.transport.stop()
        process.regions.stop()
    }

    func stopAll() {
        for name in Array(running.keys) { stop(name) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Lets other processes have the regions, with their data; none of them runs.
    func regroup(_ groups: [[RegionName]]) throws {
        for name in Array(running.keys) { stop(name) }
        for group in groups {
            for name in group {
                guard let before = self.groups.first(where: { $0.contains(name) }), before[0] != group[0] else {
                    continue
                }
                let new = directory + "/of-" + group[0].name
                try FileManager.default.createDirectory(atPath: new, withIntermediateDirectories: true)
                try FileManager.default.moveItem(
                    atPath: directory + "/of-" + before[0].name + "/" + name.name, toPath: new + "/" + name.name)
            }
        }
        self.groups = groups
    }

    /// What a region had on the disk of its process is gone.
    func loseRegion(_ name: RegionName) throws {
        let group = try #require(groups.first { $0.contains(name) })
        try FileManager.default.removeItem(atPath: directory + "/of-" + group[0].name + "/" + name.name)
    }

    /// Everything that a process had on its disk is gone.
    func loseData(of name: RegionName) throws {
        try FileManager.default.removeItem(atPath: directory + "/of-" + name.name)
    }

    func keepCopy(of name: RegionName) throws {
        let own = directory + "/of-" + name.name
        try FileManager.default.copyItem(atPath: own, toPath: own + "-copy")
    }

    func restoreCopy(of name: RegionName) throws {
        try loseData(of: name)
        let own = directory + "/of-" + name.name
        try FileManager.default.moveItem(atPath: own + "-copy", toPath: own)
    }

    func region(_ name: RegionName) throws -> Region { try #require(try regions(of: name).region(name)) }

    func regions(of name: RegionName) throws -> RegionSet { try #require(running[name]).regions }

    // MARK: Decisions

    /// Runs a decision in a process, as a request of its own clients.
    func decide(in name: RegionName, _ body: @escaping @Sendable (ControlPlane) -> Void) throws {
        let controlPlane = try #require(running[name]).controlPlane
        let done = Signal()
        controlPlane.submit {
            body(controlPlane)
            done.signal()
        }
        done.wait()
    }

    func addReplica(_ table: String = "T", in target: RegionName, from source: RegionName = us) throws {
        let own = try regions(of: source)
        try eventually("\(source) knows \(target), and nobody has an old replica of it") {
            let isThere = own.region(target) != nil || own.remotes.contains { $0.name == target && $0.isKnown }
            return isThere && own.memberListing(target, in: table) == nil
        }
        try decide(in: source) { $0.addReplica(of: table, in: target, from: source) }
        try waitUntilActive(table)
    }

    /// Waits until all processes that have the table agree that all its replicas are active.
    func waitUntilActive(_ table: String = "T", sourceLocation: SourceLocation = #_sourceLocation) throws {
        try eventually("the replicas are active", sourceLocation: sourceLocation) {
            let tables = try running.keys.compactMap { try self.table(table, in: $0) }
            let members = Set(tables.map(\.region))
            return tables.allSatisfy { own in
                own.status == .active && own.peers.allSatisfy { $0.status == .active }
                    && members == Set(own.peers.map(\.region) + [own.region])
            }
        }
    }

    /// Waits until the replicas hold the same items, byte by byte, versions included.
    func waitUntilEqual(
        _ names: [RegionName], _ table: String = "T", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var differences: [String] = []
        do {
            try eventually("the replicas are equal", sourceLocation: sourceLocation) {
                let found = try names.map { try self.states(of: table, in: $0) }
                differences = zip(names, found).flatMap { name, states in
                    Set(states.keys).union(found[0].keys).filter { states[$0] != found[0][$0] }.map { key in
                        let text = String(decoding: key.dropFirst(4), as: UTF8.self)
                        return "\(text): \(name) \(states[key] ?? []), \(names[0]) \(found[0][key] ?? [])"
                    }
                }
                return differences.isEmpty
            }
        } catch {
            for difference in differences.prefix(3) { Issue.record("\(difference)", sourceLocation: sourceLocation) }
            for name in names {
                let table = try self.table(table, in: name)
                let links = try regions(of: name).linkStatuses
                Issue.record("\(name): \(String(describing: table)) \(links)", sourceLocation: sourceLocation)
            }
            throw error
        }
    }

    /// By key, the items of a replica. Tombstones go when nobody needs them any more, each at its time.
    func states(of tableName: String, in name: RegionName) throws -> [[UInt8]: [UInt8]] {
        guard let table = try table(tableName, in: name) else { return [:] }
        var states: [[UInt8]: [UInt8]] = [:]
        try region(name).store.scan(StorageKeys.items(table.number), in: .items, reverse: false) { key, value in
            if (try? StoredItem(decoding: value))?.item != nil { states[Array(key.dropFirst(4))] = Array(value) }
            return .next
        }
        return states
    }

    func events(of name: RegionName) throws -> [String] {
        try ControlLog.entries(from: 1, limit: 1000, reading: try region(name).store).map(\.kind.name)
    }
}

func withProcesses(_ names: RegionName..., scenario: (ProcessWorld) throws -> Void) throws {
    try withProcesses(groups: names.map { [$0] }, scenario: scenario)
}

func withProcesses(groups: [[RegionName]], scenario: (ProcessWorld) throws -> Void) throws {
    let world = try ProcessWorld(groups)
    defer { world.stopAll() }
    try scenario(world)
}
