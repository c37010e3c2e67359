/// How much a run tried.
public struct SimulationStatistics: Sendable, Equatable {
    /// Events of the simulation.
    public internal(set) var steps = 0
    /// Requests of clients.
    public internal(set) var requests = 0
    public internal(set) var commits = 0
    /// Changes that arrived over links, repeats included.
    public internal(set) var replicatedChanges = 0
    /// Records that handlers were called with, repeats included.
    public internal(set) var deliveredRecords = 0
    public internal(set) var expiredItems = 0
    public internal(set) var conflicts = 0
    public internal(set) var crashes = 0
    public internal(set) var powerFailures = 0
    public internal(set) var lostBatches = 0
    public internal(set) var failedCommits = 0
    public internal(set) var linkFaults = 0
    public internal(set) var clockJumps = 0
    public internal(set) var replicaChanges = 0
    public internal(set) var collectedTombstones = 0

    public init() {}

    /// What the goal of so many operations a second counts: requests, changes applied over links, records handed to handlers.
    public var operations: Int { requests + replicatedChanges + deliveredRecords }

    public static func += (total: inout SimulationStatistics, one: SimulationStatistics) {
        total.steps += one.steps
        total.requests += one.requests
        total.commits += one.commits
        total.replicatedChanges += one.replicatedChanges
        total.deliveredRecords += one.deliveredRecords
        total.expiredItems += one.expiredItems
        total.conflicts += one.conflicts
        total.crashes += one.crashes
        total.powerFailures += one.powerFailures
        total.lostBatches += one.lostBatches
        total.failedCommits += one.failedCommits
        total.linkFaults += one.linkFaults
        total.clockJumps += one.clockJumps
        total.replicaChanges += one.replicaChanges
        total.collectedTombstones += one.collectedTombstones
    }

    public var lines: [String] {
        [
            "operations \(operations): \(requests) requests, \(replicatedChanges) replicated changes, "
                + "\(deliveredRecords) records to handlers; \(commits) commits, \(steps) steps",
            "faults: \(crashes) crashes, of them \(powerFailures) power failures that lost \(lostBatches) batches; "
                + "\(failedCommits) failed commits, \(linkFaults) of links, \(clockJumps) of clocks; "
                + "\(replicaChanges) replicas came or went",
            "seen: \(conflicts) conflicts, \(expiredItems) expired items, \(collectedTombstones) collected tombstones",
        ]
    }
}

/// How a run ended.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    public let statistics: SimulationStatistics
    /// What did not hold, each with the number of its invariant.
    public let violations: [String]
    /// Virtual time, in milliseconds.
    public let milliseconds: UInt64
    /// A hash of everything that happened and of what the regions held in the end.
    public let digest: UInt64

    public var hasPassed: Bool { violations.isEmpty }

    public var lines: [String] {
        let hex = String(digest, radix: 16)
        return statistics.lines + violations.map { "violated: " + $0 } + [
            "seed \(seed) \(hasPassed ? "passed" : "FAILED") after \(milliseconds / 1000) virtual seconds, "
                + "digest \(String(repeating: "0", count: 16 - hex.utf8.count))\(hex)"
        ]
    }
}
