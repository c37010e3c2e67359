import ArgumentParser
import Foundation

/// What handlers cost: how soon they start after a commit, and what many of them cost that want nothing of a stream.
struct HandlerBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handlers",
        abstract: "Time from a commit to a handler's start, and what 100 handlers cost beside one.",
        discussion: """
            Everything runs in this process, on RocksDB in a temporary directory with synced commits, without HTTP.

            1. Commit to start. Writes come at a steady rate. The commit's time is taken when the region tells the \
            writer that the write is durable, the start's time when the handler's code begins, its batch being read; \
            a start before the writer is told counts as 0. One handler runs in this process, one is a process of its own that speaks the Runtime API (this program \
            again). Baseline: a bare thread that waits for the region's signal.

            2. Many against one. Records are written first. Then mappings whose filters match none of them read the \
            log from its beginning, one mapping and then many, each with another filter. The last record matches one \
            of them and stops the clock; making the mappings counts. Baseline: reading and decoding the log.
            """,
        subcommands: [HandlerBenchmarkProcess.self])

    @Option(help: "Writes per second.")
    var rate = 500.0

    @Option(help: "How long each measurement of starts runs, in seconds.")
    var seconds = 5.0

    @Option(help: "How long writes come before that, in seconds.")
    var warmUpSeconds = 1.0

    @Option(help: "Records that one mapping and many mappings read.")
    var records = 100_000

    @Option(help: "How many mappings are many.")
    var mappings = 100

    @Option(help: "How often the log is read by one and by many. The median counts.")
    var rounds = 3

    @Option(help: "Where the data is kept during the run.")
    var directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-benchmark").path

    func validate() throws {
        guard rate > 0, seconds > 0, warmUpSeconds >= 0, records > 0, mappings > 0, rounds > 0 else {
            throw ValidationError("Counts and times must be positive.")
        }
    }

    func run() throws {
        try HandlerBenchmarkStarts(
            rate: rate, seconds: seconds, warmUpSeconds: warmUpSeconds, directory: directory
        ).run()
        print("")
        try HandlerBenchmarkReading(
            recordsCount: records, mappingsCount: mappings, rounds: rounds, directory: directory
        ).run()
    }
}
