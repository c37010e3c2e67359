import ArgumentParser
import Dispatch
import KeyValueStore
import Simulation
import Synchronization

/// Checks the checks.
struct Meta: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Break rules on purpose, one after the other, and see within how many seeds each is noticed.")

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Only this rule.")
    var mutation: Mutation?

    func run() throws {
        SeedsUnderWay.watch(workers: 2)
        let mutations = mutation.map { [$0] } ?? Mutation.allCases
        let searches = Mutex<[Mutation: MutationSearch]>([:])
        DispatchQueue.concurrentPerform(iterations: mutations.count) { index in
            let search = MutationSearch(mutations[index], from: seed)
            searches.withLock { $0[mutations[index]] = search }
        }
        let found = searches.withLock { $0 }
        for mutation in mutations {
            guard let search = found[mutation] else { continue }
            print(search.line)
        }
        guard found.values.allSatisfy({ $0.seed != nil }) else { throw ExitCode.failure }
    }
}
