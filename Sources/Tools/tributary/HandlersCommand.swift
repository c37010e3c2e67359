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

    @Option(
        name: .customLong("endpoint-url"),
        help: ArgumentHelp(
            "What handlers get as AWS_ENDPOINT_URL: a server of the regions. For regions of different processes one each, as in us-east-1=http://localhost:8001. Default: http://localhost:8000",
            valueName: "[region=]url"))
    var endpointURLs: [String] = []

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
        _ = try endpoints()
    }

    /// What handlers of each region call, and those of all others.
    private func endpoints() throws -> (byRegion: [String: String], others: String) {
        var found = (byRegion: [String: String](), others: Self.endpointDefault)
        for text in endpointURLs {
            let sides = text.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let region = RegionName(String(sides[0])) else {
                found.others = text
                continue
            }
            guard regions.contains(region) else {
                throw ValidationError("--endpoint-url: \(region) is not among the regions that --kafka names")
            }
            found.byRegion[region.name] = String(sides[1])
        }
        return found
    }

    private static let endpointDefault = "http://localhost:8000"

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

    fileprivate func start(_ transport: TransportConfiguration, _ logger: Logger) throws -> HandlerWorker {
        let endpoints = try endpoints()
        func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        var configuration = LambdaSystem.Configuration(
            codeDirectory: FileManager.default.temporaryDirectory.path + "/tributary-\(getpid())/functions",
            endpointURL: endpoints.others, handlersDirectory: handlers, log: log.functionLog)
        configuration.endpointURLs = endpoints.byRegion
        configuration.pythonInterpreter = python.map(absolute)
        // Handlers in Swift are built beside this program.
        configuration.programsDirectory = Bundle.main.executableURL?.deletingLastPathComponent().path
        let worker = HandlerWorker(transport, configuration, logger: logger)
        print("Tributary \(Tributary.version), handlers only")
        print("  regions         \(regions.map(\.name).joined(separator: ", "))")
        print("  handlers        \(absolute(handlers))")
        print("  groups          \(kafka.topicPrefix).handler.<region>.<handler>.<table>")
        for line in kafka.startLines(transport, regions) { print("  kafka           \(line)") }
        for region in regions {
            let endpoint = endpoints.byRegion[region.name] ?? endpoints.others
            print("  endpoint        \(endpoint) (what handlers of \(region) call)")
        }
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
        let worker = try command.start(transport, logger)
        try await gracefulShutdown()
        await worker.stop()
    }
}
