import ArgumentParser

/// Measures the numbers that the project promises, each beside its baseline in the same run.
@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks",
        abstract: "Measure Tributary beside its baselines. Build with -c release.",
        subcommands: [
            RequestBenchmark.self, ReplicationBenchmark.self, ApplierBenchmark.self, PublicationBenchmark.self,
            KafkaBenchmark.self, FilterBenchmark.self, HandlerBenchmark.self, HandlerBenchmarkProcess.self,
        ])
}

/// Ends the command with one line on stderr and exit code 1.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
