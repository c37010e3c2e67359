import ArgumentParser
import Foundation
import Functions
import Gateway
import Glibc
import HTTPEndpoint
import KeyValueStore
import LogTransport
import Logging
import Region
import Replication
import ServiceLifecycle
import UnixSignals

/// Runs the regions and their endpoint until SIGINT or SIGTERM.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the regions of this process behind the DynamoDB API.",
        discussion: """
            The region of a request comes from its signature (--region of the AWS CLI), or from the host name \
            dynamodb.REGION.localhost, or from the port with --port-per-region. Any access key is accepted.
            """)

    @Option(help: "The port of the endpoint; 0 takes a free one.")
    var port = 8000

    @Option(help: "The address to listen on; 0.0.0.0 for all.")
    var host = "127.0.0.1"

    @Option(
        help: ArgumentHelp(
            "From where requests may come that look into the server, change links, run programs or write files: loopback, any, or CIDR blocks separated by commas (beside loopback). Tables are open to all who reach the port.",
            valueName: "who"))
    var adminFrom = "loopback"

    @Option(help: "The regions of this process, separated by commas.")
    var regions = "us-east-1,eu-west-1,ap-southeast-1"

    @Option(help: "Where the data is kept, one directory per region. Default: tributary-data")
    var dataDirectory: String?

    @Flag(help: "Keep everything in memory; nothing survives the process.")
    var inMemory = false

    @Flag(help: "Serve each region on its own port, counting up from --port, whatever a request's signature says.")
    var portPerRegion = false

    @Option(
        name: .customLong("link"),
        help: ArgumentHelp(
            "How changes travel between two regions, as in us-east-1:eu-west-1=200ms: a delay (200ms, uniform:100ms..300ms or normal:200ms±50ms), paused, cut, or reorder. May be repeated.",
            valueName: "from:to=how"))
    var links: [String] = []

    @Flag(
        help:
            "Offer global tables of version 2017.11.29 (CreateGlobalTable). Without it that is refused, as AWS does for new users."
    )
    var legacyGlobalTables = false

    @Option(help: "What random delays are drawn from: the same seed gives the same delays.")
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Whether requests on tables with provisioned capacity are refused when it is used up (enforce), or only counted (ignore).",
            valueName: "enforce|ignore"))
    var provisionedThroughput = ProvisionedThroughput.ignore

    @Option(
        help: ArgumentHelp(
            "The folder of event handlers: each folder in it with a handler.yaml. Default: Handlers, if it is there.",
            valueName: "directory"))
    var handlers: String?

    @Option(
        help: ArgumentHelp(
            "The Python of handlers and functions with a Python runtime; it must have awslambdaric. Default: python3.x of the runtime, or python3.",
            valueName: "program"))
    var python: String?

    @Option(
        help:
            "Filters that an event source mapping of the Lambda API may have, 5 to 10: AWS raises its quota of 5 on request."
    )
    var filtersPerMapping = 5

    @Flag(help: "Start no handlers.")
    var noHandlers = false

    @OptionGroup(title: "Kafka")
    var kafka: KafkaOptions

    @Option(help: "Event loop threads.")
    var eventLoops = 2

    @OptionGroup(title: "Log")
    var log: LogOptions

    private static let handlersDefault = "Handlers"
    /// Open files that are not connections: up to 512 table files for each region, logs, processes of handlers.
    private static let otherFiles = 3000
    private static let connectionsMin = 512
    /// Idle ones cost some 10 KiB each.
    private static let connectionsMax = 16_384

    enum ProvisionedThroughput: String, ExpressibleByArgument, CaseIterable {
        case enforce
        case ignore
    }

    func validate() throws {
        _ = try regionNames()
        _ = try linkSettings()
        try kafka.check(try regionNames())
        _ = try adminAccess()
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be between 0 and 65535, not \(port)")
        }
        guard (1...64).contains(eventLoops) else {
            throw ValidationError("--event-loops must be between 1 and 64, not \(eventLoops)")
        }
        guard (5...10).contains(filtersPerMapping) else {
            throw ValidationError("--filters-per-mapping must be between 5 and 10, not \(filtersPerMapping)")
        }
        if noHandlers, handlers != nil {
            throw ValidationError("--handlers and --no-handlers exclude each other")
        }
        if inMemory, dataDirectory != nil {
            throw ValidationError("--in-memory and --data-directory exclude each other")
        }
    }

    private func adminAccess() throws -> AdminAccess {
        do throws(AdminAccess.Invalid) {
            return try AdminAccess(adminFrom)
        } catch {
            throw ValidationError("--admin-from \(error)")
        }
    }

    func run() async throws {
        let logger = log.makeLogger()
        do {
            try await serve(logger)
        } catch let error as StoreError {
            throw CommandFailure("\(error)")
        } catch HTTPServer.StartError.cannotListen(let host, let port, let reason) {
            throw CommandFailure("cannot listen on \(host):\(port): \(reason)")
        }
    }

    private func serve(_ logger: Logger) async throws {
        raiseFileLimit(logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Endpoint(serve: self, logger: logger))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    /// Opens the regions and listens; the group has the signals in its hands by then.
    fileprivate func start(_ logger: Logger) async throws -> RunningEndpoint {
        let names = try regionNames()
        let directory = inMemory ? nil : dataDirectory ?? "tributary-data"
        var configuration = RegionSet.Configuration(regions: names, dataDirectory: directory)
        configuration.linkSettings = try linkSettings()
        configuration.remoteRegions = try kafka.remoteRegions(names)
        configuration.linkSeed = seed
        let transport = try kafka.transport(names, logger: logger)
        configuration.transport = transport
        configuration.logsAllTables = transport != nil
        configuration.enforcesThroughput = provisionedThroughput == .enforce
        let regions = try RegionSet(configuration, logger: logger)
        transport?.start(regions)
        let controlPlane = ControlPlane(regions: regions, logger: logger)
        let service = AWSService(
            regions: regions, controlPlane: controlPlane, transport: transport,
            listenerRegions: portPerRegion ? names : [nil], adminAccess: try adminAccess(),
            offersLegacyGlobalTables: legacyGlobalTables, logger: logger)
        do {
            let server = try await HTTPServer.start(
                .init(listeners: listeners(names), eventLoops: eventLoops, limits: Self.limits), logger: logger
            ) { request, responder in service.handle(request, responder) }
            let lambda: LambdaSystem
            do {
                lambda = try LambdaSystem(
                    regions, lambdaConfiguration(directory, port: server.ports[0], transport), logger: logger)
            } catch {
                await server.shutdown()
                throw error
            }
            service.attach(lambda)
            printStart(names, directory: directory, ports: server.ports, transport)
            return RunningEndpoint(
                server: server, service: service, lambda: lambda, controlPlane: controlPlane, transport: transport,
                regions: regions)
        } catch {
            controlPlane.stop()
            transport?.stop()
            regions.stop()
            throw error
        }
    }

    /// As many connections as the open files allow, beside those of the stores. Code packages of functions come in requests of the Lambda
    /// API, in base64.
    private static var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        var files = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        let left = Int(clamping: files.rlim_cur) - otherFiles
        limits.connections = min(max(left, connectionsMin), connectionsMax)
        limits.largeBodies = .init(pathPrefix: "/2015-03-31/functions", bytes: 72 << 20)
        return limits
    }

    private func lambdaConfiguration(
        _ directory: String?, port: Int, _ transport: LogTransport?
    ) -> LambdaSystem.Configuration {
        let code =
            directory.map { $0 + "/functions" }
            ?? FileManager.default.temporaryDirectory.path + "/tributary-\(getpid())/functions"
        var configuration = LambdaSystem.Configuration(
            codeDirectory: absolute(code), endpointURL: "http://\(shownHost):\(port)",
            handlersDirectory: handlersDirectory,
            log: log.functionLog)
        configuration.pythonInterpreter = python.map(absolute)
        configuration.filtersPerMapping = filtersPerMapping
        configuration.kafka = transport?.configuration
        // Handlers in Swift are built beside this program.
        configuration.programsDirectory = Bundle.main.executableURL?.deletingLastPathComponent().path
        return configuration
    }

    private func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// Nil when nobody asked for handlers and the usual folder is not there.
    private var handlersDirectory: String? {
        if noHandlers { return nil }
        if let handlers { return handlers }
        return FileManager.default.fileExists(atPath: Self.handlersDefault) ? Self.handlersDefault : nil
    }

    private func listeners(_ names: [RegionName]) -> [HTTPServer.Listener] {
        guard portPerRegion else { return [.init(host: host, port: port)] }
        return names.indices.map { .init(host: host, port: port == 0 ? 0 : port + $0) }
    }

    /// Connections and RocksDB's files together need more descriptors than the usual soft limit allows.
    private func raiseFileLimit(_ logger: Logger) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            logger.warning("the limit of open files cannot be raised", metadata: ["errno": "\(errno)"])
        }
    }

    private var shownHost: String {
        ["127.0.0.1", "0.0.0.0", "::", "::1"].contains(host) ? "localhost" : host
    }

    private func printStart(
        _ names: [RegionName], directory: String?, ports: [Int], _ transport: LogTransport?
    ) {
        let endpoints = ports.map { "http://\(shownHost):\($0)" }
        print("Tributary \(Tributary.version)")
        print("  regions         \(names.map(\.name).joined(separator: ", "))")
        print(
            "  data            \(directory.map { "\($0) (each write is on disk before it is acknowledged)" } ?? "in memory (nothing survives the process)")"
        )
        for line in transport.map({ kafka.startLines($0.configuration, names) }) ?? [] {
            print("  kafka           \(line)")
        }
        if portPerRegion {
            for (name, endpoint) in zip(names, endpoints) { print("  endpoint        \(endpoint)  \(name)") }
        } else {
            print("  endpoint        \(endpoints[0])")
        }
        print("")
        print("  export AWS_ENDPOINT_URL=\(endpoints[0]) AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test")
        print("")
        print("ready \(endpoints[0])")
        flushStandardOutput()
    }
}

/// The server as one service of the group, which traps the signals before it runs its services: a signal that
/// comes right after the first answered request ends the process in order.
private struct Endpoint: ServiceLifecycle.Service, CustomStringConvertible {
    // The group logs it, and options may be secrets.
    let description = "endpoint"
    let serve: Serve
    let logger: Logger

    func run() async throws {
        let running = try await serve.start(logger)
        try await gracefulShutdown()
        await running.stop()
    }
}

/// What was started, to be stopped from the outside in.
private struct RunningEndpoint {
    let server: HTTPServer
    let service: AWSService
    let lambda: LambdaSystem
    let controlPlane: ControlPlane
    let transport: LogTransport?
    let regions: RegionSet

    func stop() async {
        await server.shutdown()
        await lambda.stop()
        await service.stop()
        controlPlane.stop()
        transport?.stop()
        regions.stop()
    }
}
