import ChangeStream
import Dispatch
import EventPattern
import EventSource
import EventSources
import Functions
import KeyValueStore
import Logging
import Partition
import Region
import Synchronization
import WireProtocol

/// The functions and event source mappings of one region: what the Lambda API, `handler.yaml` and code make of them, kept in the region.
final class RegionLambda: Sendable {
    private static let functionPrefix = "function/"
    private static let mappingPrefix = "mapping/"

    /// A mapping and where it comes from.
    struct Mapping: Sendable {
        var definition: EventSourceMappingDefinition
        /// The handler of `handler.yaml` or code that owns it; nil for those of the API.
        var handler: String?
        var destination: MappingSpecification.Destination?
    }

    let region: Region
    let functions: FunctionRegistry
    let eventSources: any MappingHost
    /// Nil without Kafka.
    let failureTopics: FailureTopics?
    let logger: Logger
    /// Changes of mappings, one after the other; they wait for the store.
    let queue: DispatchQueue
    private let mappings = Mutex<[String: Mapping]>([:])

    /// Reads back what the region keeps and starts the mappings.
    /// - Parameter kafka: where the region's changes are published, for mappings to read them there; nil reads the region's store.
    init(
        region: Region, settings: Functions.FunctionSettings, log: FunctionLog, kafka: RegionTopics?, logger: Logger
    ) throws(StoreError) {
        self.region = region
        self.logger = logger
        queue = DispatchQueue(label: "mappings.\(region.name)")
        let functions = FunctionRegistry(
            region: region.name, settings: settings, storage: Self.storage(in: region), log: log, logger: logger)
        self.functions = functions
        do {
            try functions.load()
        } catch {
            throw error as? StoreError ?? .failed(reason: "\(error)")
        }
        failureTopics = kafka.map { FailureTopics($0, logger: logger) }
        let posts = FailurePosts(region: region.name, settings: settings, logger: logger)
        let calls = FunctionCalls(functions, posts, failureTopics)
        eventSources =
            if let kafka {
                KafkaMappingHost(
                    kafka.place(
                        calls: calls,
                        reports: MappingReports(
                            region: region.name, logger: logger, emit: { region.submit(.emit($0)) { _ in } }),
                        clock: { region.wallClock.milliseconds }))
            } else {
                EventSourceHost(region: region, calls: calls, logger: logger)
            }
        try loadMappings()
        eventSources.start()
    }

    func stop() async {
        eventSources.stop()
        await functions.stop()
        failureTopics?.stop()
    }

    private static func storage(in region: Region) -> FunctionStorage {
        FunctionStorage(
            load: { try KeptValue.values(withPrefix: functionPrefix, reading: region.store).map(\.value) },
            store: { name, bytes in
                let kept = KeptValue(name: functionPrefix + name, value: bytes, isDurable: true)
                guard case .done = region.perform(.keep(kept)) else { throw NotKept() }
            })
    }

    private struct NotKept: Error {}

    // MARK: Mappings

    private func loadMappings() throws(StoreError) {
        for (name, bytes) in try KeptValue.values(withPrefix: Self.mappingPrefix, reading: region.store) {
            do throws(DamagedMapping) {
                let definition = try EventSourceMappingDefinition(decoding: bytes)
                run(Mapping(definition: definition))
            } catch {
                logger.error(
                    "a stored event source mapping cannot be read",
                    metadata: ["region": "\(region.name)", "mapping": "\(name)", "error": "\(error)"])
            }
        }
    }

    func mapping(_ uuid: String) -> Mapping? { mappings.withLock { $0[uuid] } }

    var allMappings: [Mapping] { mappings.withLock { Array($0.values) } }

    /// Keeps a mapping of the API, then runs it.
    func put(_ definition: EventSourceMappingDefinition) throws(LambdaError) {
        try keep(definition.encode(), uuid: definition.uuid)
        run(Mapping(definition: definition))
    }

    func remove(_ uuid: String) throws(LambdaError) {
        try keep(nil, uuid: uuid)
        end(uuid)
    }

    private func keep(_ bytes: [UInt8]?, uuid: String) throws(LambdaError) {
        let kept = KeptValue(name: Self.mappingPrefix + uuid, value: bytes, isDurable: true)
        guard case .done = region.perform(.keep(kept)) else { throw .internalError }
    }

    /// Runs a mapping without keeping it: `handler.yaml` and code say it anew at each start.
    func run(_ mapping: Mapping) {
        let uuid = mapping.definition.uuid
        let before = mappings.withLock { $0.updateValue(mapping, forKey: uuid) }
        let specification = mapping.specification
        if before?.definition.filterPatterns != mapping.definition.filterPatterns { warn(about: specification) }
        eventSources.put(specification)
    }

    /// Tells of filters that are valid and surely not what was meant.
    private func warn(about specification: MappingSpecification) {
        let table = region.catalogue.table(named: specification.tableName)
        let stream = FilterLint.Stream(keySchema: table?.keySchema, viewType: table?.enabledStream?.viewType)
        for pattern in specification.filters {
            for warning in FilterLint.warnings(for: pattern, stream: stream) {
                logger.warning(
                    "a filter looks wrong",
                    metadata: [
                        "region": "\(region.name)", "handler": "\(specification.functionName)",
                        "path": "\(warning.path)", "reason": "\(warning.message)",
                    ])
            }
        }
    }

    func end(_ uuid: String) {
        _ = mappings.withLock { $0.removeValue(forKey: uuid) }
        eventSources.remove(id: uuid)
    }

    func view(of mapping: Mapping) -> EventSourceMappingView {
        let status = eventSources.status(of: mapping.definition.uuid)
        return EventSourceMappingView(
            mapping.definition, state: status?.state ?? .creating,
            lastProcessingResult: (status?.lastProcessingResult ?? .noRecordsProcessed).rawValue)
    }
}

extension RegionLambda.Mapping {
    /// As it runs.
    var specification: MappingSpecification {
        var specification = MappingSpecification(
            id: definition.uuid, functionName: definition.function.name, functionARN: definition.function.arn,
            tableName: Self.tableName(ofStreamARN: definition.streamARN), streamARN: definition.streamARN,
            settings: definition.settings,
            // Patterns were checked when the mapping was made.
            filters: definition.filterPatterns.compactMap { try? FilterPattern(parsing: Array($0.utf8)) },
            failureDestination: destination ?? Self.destination(of: definition), isEnabled: definition.isEnabled)
        specification.handlerName = handler
        return specification
    }

    private static func tableName(ofStreamARN arn: String) -> String {
        let parts = arn.split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    /// Lambda's destinations get where the records are; files also what they were, as buckets do.
    private static func destination(of definition: EventSourceMappingDefinition) -> MappingSpecification.Destination? {
        switch definition.failureDestination {
        case nil: nil
        case .file(let path): .init(target: .file(path: path), includesPayload: true)
        case .url(let url): .init(target: .url(url), includesPayload: false)
        case .function(let function): .init(target: .function(name: function.name), includesPayload: false)
        case .kafkaTopic(let topic): .init(target: .kafkaTopic(topic), includesPayload: false)
        }
    }
}
