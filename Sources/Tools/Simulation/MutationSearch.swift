import KeyValueStore

/// Within how many seeds a broken rule is noticed.
public struct MutationSearch: Sendable {
    public let mutation: Mutation
    public let first: UInt64
    /// The seed that noticed; nil when none of `mutation.seedsMax` did.
    public let seed: UInt64?
    /// What it noticed.
    public let violation: String

    public init(_ mutation: Mutation, from first: UInt64) {
        self.mutation = mutation
        self.first = first
        for seed in first..<first + mutation.seedsMax {
            do throws(StoreError) {
                let report = try Simulation(SimulationOptions(seed: seed), mutation: mutation).run()
                guard let violation = report.violations.first else { continue }
                self.seed = seed
                self.violation = violation
            } catch {
                self.seed = seed
                violation = "\(error)"
            }
            return
        }
        seed = nil
        violation = "NOT NOTICED within \(mutation.seedsMax) seeds"
    }

    public var line: String {
        let count = seed.map { "\($0 - first + 1) seeds" } ?? "-"
        return "\(mutation.rawValue): \(count): \(violation)"
    }
}
