import ArgumentParser
import Foundation

/// Durable PutItem and strongly consistent GetItem over HTTP, beside what RocksDB alone does with the same durability.
struct RequestBenchmark: ParsableCommand {
    static let region = "us-east-1"
    static let table = "Benchmark"

    static let configuration = CommandConfiguration(
        commandName: "requests",
        abstract: "PutItem and GetItem over HTTP: throughput, latency and CPU per request, beside RocksDB alone.")

    @Option(help: "Connections, each with one request under way.")
    var connections = 64

    @Option(help: "How long each part runs, in seconds.")
    var seconds = 5.0

    @Option(help: "Where the data is kept during the run.")
    var directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-benchmark").path

    @Flag(help: "Keep a change stream for the table, so that each write is logged too.")
    var stream = false

    func run() throws {
        print(
            "\(connections) connections, items of 400 bytes, \(fixed(seconds, 1)) s each, \(stream ? "with" : "without") a stream"
        )
        print("measured                         requests/s   p50          p99          server CPU per request")
        let server = try ServerProcess(arguments: [], directory: directory)
        defer { server.stop() }
        _ = try Connection(port: server.port).perform(.createTable(Self.table, region: Self.region, stream: stream))
        let load = LoadGenerator(port: server.port, connections: connections)
        try measure("PutItem, durable", load, server, .putItem(Self.table, region: Self.region)) { counter in
            counter += 1
            return counter
        }
        // Reads go to keys that the writes above have made.
        try measure("GetItem, strongly consistent", load, server, .getItem(Self.table, region: Self.region)) {
            counter in
            counter += 1
            return counter % 10_000 + 1
        }
        try StoreBaseline(directory: directory + "-store", seconds: seconds).run(writers: connections)
    }

    private func measure(
        _ name: String, _ load: LoadGenerator, _ server: ServerProcess, _ request: APIRequest,
        number: (inout UInt64) -> UInt64
    ) throws {
        let before = try processorMicroseconds(of: server.identifier)
        let result = try load.run(request, seconds: seconds, number: number)
        let used = try processorMicroseconds(of: server.identifier) - before
        printRow(
            name, result, processor: fixed(used / Double(result.latencies.count), 1) + " us")
    }
}

/// One line of the table of results.
func printRow(_ name: String, _ result: LoadGenerator.Result, processor: String) {
    func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
    print(
        padded(name, 33) + padded(fixed(result.perSecond, 0), 13) + padded(result.latencies.percentile(0.5), 13)
            + padded(result.latencies.percentile(0.99), 13) + processor)
}
