import ArgumentParser

/// Proves the guarantees under faults, from seeds.
@main
struct Simulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulator",
        abstract: "Run Tributary's engines in virtual time, under faults that a seed draws, and check every guarantee.",
        subcommands: [Run.self, Swarm.self, Meta.self])
}
