import Foundation

/// A `tributary serve` of its own, on a fresh directory, for one benchmark.
final class ServerProcess {
    let port: Int
    private let process: Process
    private let directory: String

    var identifier: pid_t { process.processIdentifier }

    /// Starts the binary that lies beside this one, with the arguments after `serve --port 0`.
    init(arguments: [String], directory: String) throws {
        let binary = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("tributary")
        guard FileManager.default.isExecutableFile(atPath: binary.path) else {
            throw BenchmarkFailure("\(binary.path) is missing; build it with: swift build -c release")
        }
        self.directory = directory
        try? FileManager.default.removeItem(atPath: directory)
        process = Process()
        process.executableURL = binary
        process.arguments = ["serve", "--port", "0", "--data-directory", directory, "--no-handlers"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        guard let port = Self.readPort(output.fileHandleForReading) else {
            process.terminate()
            throw BenchmarkFailure("the server did not become ready")
        }
        self.port = port
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Reads the start-up lines until `ready http://localhost:PORT`.
    private static func readPort(_ handle: FileHandle) -> Int? {
        var text = ""
        while true {
            let data = handle.availableData
            guard !data.isEmpty else { return nil }
            text += String(decoding: data, as: UTF8.self)
            for line in text.split(separator: "\n") where line.hasPrefix("ready ") && text.hasSuffix("\n") {
                return line.split(separator: ":").last.flatMap { Int($0) }
            }
        }
    }
}
