public import Functions
import HandlerFolders
public import HandlerKit
public import KeyValueStore
public import LogTransport
public import Logging
public import Region
import Replication
import WireProtocol

/// Functions, handlers and event source mappings of all regions of the process.
public final class LambdaSystem: Sendable {
    public struct Configuration: Sendable {
        /// Where code packages of functions are unpacked.
        public var codeDirectory: String
        /// What functions get as `AWS_ENDPOINT_URL`.
        public var endpointURL: String
        /// By region, where another server answers for it.
        public var endpointURLs: [String: String] = [:]
        /// The folder of handlers; nil for none.
        public var handlersDirectory: String?
        /// The Python of functions with a Python runtime; nil looks for one.
        public var pythonInterpreter: String?
        /// Where commands of handlers are looked for before the system's folders.
        public var programsDirectory: String?
        /// Handlers that run in this process.
        public var handlers: [Handler] = []
        /// Filters that an event source mapping of the Lambda API may have: 5 on AWS, 10 at most after a raised quota.
        public var filtersPerMapping = 5
        /// Where changes are published, for mappings to read them there; nil reads the regions' stores.
        public var kafka: TransportConfiguration?
        /// Where the lines go that functions print.
        public var log: FunctionLog

        public init(codeDirectory: String, endpointURL: String, handlersDirectory: String?, log: FunctionLog) {
            self.codeDirectory = codeDirectory
            self.endpointURL = endpointURL
            self.handlersDirectory = handlersDirectory
            self.log = log
        }

        func functionSettings(of region: RegionName) -> FunctionSettings {
            FunctionSettings(
                codeDirectory: codeDirectory + "/" + region.name, endpointURL: endpointURLs[region.name] ?? endpointURL,
                pythonInterpreter: pythonInterpreter,
                searchPath: (programsDirectory.map { [$0] } ?? []) + FunctionSettings.searchPathDefault)
        }
    }

    let lambdas: [RegionLambda]
    let filtersPerMapping: Int
    private let local: LocalHandlers

    /// Reads back functions and mappings and starts everything.
    public init(_ regions: RegionSet, _ configuration: Configuration, logger: Logger) throws(StoreError) {
        var lambdas: [RegionLambda] = []
        for region in regions.regions {
            let settings = configuration.functionSettings(of: region.name)
            lambdas.append(
                try RegionLambda(
                    region: region, settings: settings, log: configuration.log,
                    kafka: configuration.kafka.flatMap { RegionTopics($0, of: region.name) }, logger: logger))
        }
        self.lambdas = lambdas
        filtersPerMapping = configuration.filtersPerMapping
        local = LocalHandlers(
            folders: configuration.handlersDirectory.map { HandlerFolders(directory: $0) },
            coded: configuration.handlers, places: lambdas,
            refusalOfTopic: FailureTopics.refusals(configuration.kafka),
            logger: logger)
        local.start()
    }

    /// Ends all processes of functions and saves the places of all mappings.
    public func stop() async {
        local.stop()
        for lambda in lambdas { await lambda.stop() }
    }
}
