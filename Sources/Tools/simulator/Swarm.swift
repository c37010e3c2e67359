import ArgumentParser
import Dispatch
import Foundation
import KeyValueStore
import Simulation
import Synchronization

/// Many seeds on all cores.
struct Swarm: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run many seeds on all cores. Prints the seeds that fail, each with the command that repeats it.")

    @Option(help: "The first and the last seed, as in 1..1000.")
    var seeds: SeedRange

    @Option(help: "How many seeds run at a time; as many as there are cores when it is not given.")
    var workers: Int = ProcessInfo.processInfo.activeProcessorCount

    func validate() throws {
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be 1 to 64, but is \(workers)") }
    }

    func run() throws {
        let began = ContinuousClock.now
        let tally = Mutex(Tally(next: seeds.first))
        SeedsUnderWay.watch(workers: workers)
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            while let seed = tally.withLock({ $0.take(through: seeds.last) }) {
                SeedsUnderWay.set(seed, worker: worker)
                let result = Result { try Simulation(SimulationOptions(seed: seed)).run() }
                tally.withLock { $0.add(seed, result) }
            }
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        try tally.withLock { try $0.conclude(seconds: seconds) }
    }
}

/// `A..B`, both included.
struct SeedRange: ExpressibleByArgument {
    let first: UInt64
    let last: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: "..", maxSplits: 1).map(String.init)
        guard let first = parts.first.flatMap(UInt64.init), let last = parts.last.flatMap(UInt64.init), first <= last
        else { return nil }
        self.first = first
        self.last = last
    }
}

/// What has come of the seeds so far.
private struct Tally {
    private var next: UInt64
    private var seedsCount = 0
    private var failedCount = 0
    private var statistics = SimulationStatistics()
    private var milliseconds: UInt64 = 0
    /// The sum of all digests: the same for the same seeds, however many workers there are.
    private var digest: UInt64 = 0
    private var toldSeconds = ContinuousClock.now

    init(next: UInt64) {
        self.next = next
    }

    mutating func take(through last: UInt64) -> UInt64? {
        guard next <= last else { return nil }
        next += 1
        return next - 1
    }

    mutating func add(_ seed: UInt64, _ result: Result<SimulationReport, any Error>) {
        seedsCount += 1
        switch result {
        case .success(let report):
            statistics += report.statistics
            milliseconds += report.milliseconds
            digest &+= report.digest
            if !report.hasPassed { tellFailure(seed, report.violations) }
        case .failure(let error): tellFailure(seed, ["\(error)"])
        }
        guard ContinuousClock.now - toldSeconds > .seconds(5) else { return }
        toldSeconds = .now
        FileHandle.standardError.write(
            Data("\(seedsCount) seeds, \(statistics.operations) operations, \(failedCount) failed\n".utf8))
    }

    private mutating func tellFailure(_ seed: UInt64, _ reasons: [String]) {
        failedCount += 1
        // At once, whatever ends the process later.
        let head = "seed \(seed) FAILED; repeat it with: simulator run --seed \(seed) --verbose"
        let lines = [head] + reasons.map { "  " + $0 }
        FileHandle.standardOutput.write(Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    func conclude(seconds: Double) throws {
        for line in statistics.lines { print(line) }
        let rate = Int(Double(statistics.operations) / max(seconds, 0.001))
        print(
            "\(seedsCount) seeds, \(milliseconds / 3_600_000) virtual hours in \(Int(seconds)) s, "
                + "\(rate) operations/s, digest \(String(digest, radix: 16))")
        guard failedCount == 0 else {
            print("\(failedCount) seeds FAILED")
            throw ExitCode.failure
        }
        print("all passed")
    }
}
