public import ArgumentParser
import KeyValueStore
public import Simulation

/// One seed, as a report.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run one seed. The same seed prints the same bytes.")

    @Option(help: "What everything is drawn from.")
    var seed: UInt64

    @Flag(help: "Print faults and what else happens, with virtual times.")
    var verbose = false

    @Option(help: "Break a rule on purpose: \(Mutation.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutation: Mutation?

    func run() throws {
        SeedsUnderWay.watch(workers: 1)
        SeedsUnderWay.set(seed, worker: 0)
        let options = SimulationOptions(seed: seed)
        print("seed \(seed)\(mutation.map { " with the rule broken: \($0.rawValue)" } ?? "")")
        for line in options.lines { print("  " + line) }
        let report = try Simulation(options, mutation: mutation, showsSteps: verbose ? { print($0) } : nil).run()
        for line in report.lines { print(line) }
        if !report.hasPassed { throw ExitCode.failure }
    }
}

extension Mutation: ExpressibleByArgument {}
