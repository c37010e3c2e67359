import ArgumentParser
import Foundation
import Gateway
import Glibc
import LogTransport
import Logging
import Replication
import ServiceLifecycle
import UnixSignals

/// Runs handlers without regions: a worker that shares the load of the servers' handlers through Kafka.
struct HandlersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handlers",
        abstract: "Run event handlers in a process of their own, fed by the regions' Kafka topics.",
        discussion: """
            Each handler is a consumer group for each of its tables, the same in servers and in all workers: they share the \
            topic's partitions, and when one ends the others go on where it was. To have the work done here alone, start \
            the servers with --no-handlers. Every record is handled at least once.
            """)

    @Option(
        help: ArgumentHelp(
            "The folder of event handlers: each folder in it with a handler.yaml.", valueName: "directory"))
    var handlers = "Handlers"

    @Option(
        help: ArgumentHelp(
            "The Python of handlers with a Python runtime; it must have awslambdaric. Default: python3.x of the runtime, or python3.",
            valueName: "program"))
    var python: String?

    @Option(help: ArgumentHelp("What handlers get as AWS_ENDPOINT_URL: a server of the regions.", valueName: "url"))
    var endpointURL = "http://localhost:8000"

    @OptionGroup(title: "Kafka")
    var kafka: KafkaOptions

    @OptionGroup(title: "Log")
    var log: LogOptions

    func validate() throws {
        guard !kafka.clusters.isEmpty else {
            throw ValidationError("--kafka must name the cluster of each region, as in us-east-1=broker:9092")
        }
        guard !kafka.clusters.contains(KafkaOptions.embedded) else {
            throw ValidationError(
                "--kafka embedded is a cluster of the server's process: give the address that its start-up output shows"
            )
        }
        try kafka.check(regions)
    }

    /// The regions that `--kafka` names.
    private var regions: [RegionName] {
        kafka.clusters.compactMap { cluster in RegionName(String(cluster.prefix { $0 != "=" })) }
    }

    func run() async throws {
        let logger = log.makeLogger()
        guard let transport = try kafka.transport(regions, logger: logger)?.configuration else { return }
        guard FileManager.default.fileExists(atPath: handlers) else {
            throw CommandFailure("--handlers \(handlers): there is no such folder")
        }
        let worker = Worker(command: self, transport: transport, logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: worker)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    fileprivate func start(_ transport: TransportConfiguration, _ logger: Logger) -> HandlerWorker {
        func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        var configuration = LambdaSystem.Configuration(
            codeDirectory: FileManager.default.temporaryDirectory.path + "/tributary-\(getpid())/functions",
            endpointURL: endpointURL, handlersDirectory: handlers, log: log.functionLog)
        configuration.pythonInterpreter = python.map(absolute)
        // Handlers in Swift are built beside this program.
        configuration.programsDirectory = Bundle.main.executableURL?.deletingLastPathComponent().path
        let worker = HandlerWorker(transport, configuration, logger: logger)
        print("Tributary \(Tributary.version), handlers only")
        print("  regions         \(regions.map(\.name).joined(separator: ", "))")
        print("  handlers        \(absolute(handlers))")
        print("  groups          \(kafka.topicPrefix).handler.<region>.<handler>.<table>")
        for line in kafka.startLines(transport, regions) { print("  kafka           \(line)") }
        print("  endpoint        \(endpointURL) (what handlers call)")
        print("")
        print("ready")
        flushStandardOutput()
        return worker
    }
}

/// The worker as one service of the group, which has the signals in its hands by then.
private struct Worker: ServiceLifecycle.Service, CustomStringConvertible {
    // The group logs it, and options may be secrets.
    let description = "handlers"
    let command: HandlersCommand
    let transport: TransportConfiguration
    let logger: Logger

    func run() async throws {
        let worker = command.start(transport, logger)
        try await gracefulShutdown()
        await worker.stop()
    }
}
