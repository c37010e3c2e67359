import Dispatch
import EventSource
import EventSources
import Functions
import HandlerFolders
import HandlerKit
public import LogTransport
public import Logging
import RecordLog
import Replication
import Synchronization
import WireProtocol

/// Handler folders without regions: a process of its own that shares the load of the regions' handlers through Kafka.
///
/// Its mappings are members of the same consumer groups as those of the servers and of other workers.
public final class HandlerWorker: Sendable {
    private let regions: [WorkerRegion]
    private let local: LocalHandlers

    /// - Parameters:
    ///   - kafka: the regions whose handlers run here.
    ///   - configuration: its handlers in code and its Kafka are not looked at.
    public init(_ kafka: TransportConfiguration, _ configuration: LambdaSystem.Configuration, logger: Logger) {
        let names = kafka.logs.keys.sorted { $0.name < $1.name }
        regions = names.compactMap { name in
            RegionTopics(kafka, of: name).map { topics in
                WorkerRegion(
                    topics, settings: configuration.functionSettings(of: name), log: configuration.log, logger: logger)
            }
        }
        local = LocalHandlers(
            folders: configuration.handlersDirectory.map { HandlerFolders(directory: $0) }, coded: [],
            places: regions, refusalOfTopic: FailureTopics.refusals(kafka), logger: logger)
        local.start()
    }

    /// Lets calls under way end for a few seconds, commits, leaves the groups and ends all processes of handlers.
    public func stop() async {
        local.stop()
        await withTaskGroup { group in
            for region in regions { group.addTask { await region.stop() } }
        }
    }
}

/// One region as a worker knows it: its topics.
final class WorkerRegion: HandlerPlace {
    /// How often the topics are listed for handlers of all tables, in milliseconds.
    private static let topicsMilliseconds: UInt64 = 5_000

    private struct State {
        var mappings: [String: MappingSpecification] = [:]
        var tables: [String] = []
        var tablesReadMilliseconds: UInt64?
        var toldTrouble: String?
    }

    let functions: FunctionRegistry
    private let topics: RegionTopics
    private let mappings: KafkaMappingHost
    private let failureTopics: FailureTopics
    private let logger: Logger
    private let state = Mutex(State())

    init(_ topics: RegionTopics, settings: Functions.FunctionSettings, log: FunctionLog, logger: Logger) {
        self.topics = topics
        self.logger = logger
        functions = FunctionRegistry(
            region: topics.region, settings: settings,
            storage: FunctionStorage(load: { [] }, store: { _, _ in }), log: log, logger: logger)
        failureTopics = FailureTopics(topics, logger: logger)
        let posts = FailurePosts(region: topics.region, settings: settings, logger: logger)
        mappings = KafkaMappingHost(
            topics.place(
                calls: FunctionCalls(functions, posts, failureTopics),
                // Control events are kept by servers; here the log tells.
                reports: MappingReports(region: topics.region, logger: logger, emit: { _ in }),
                clock: { FunctionClock.system.wallMilliseconds() }))
    }

    var regionName: RegionName { topics.region }

    func stop() async {
        mappings.stop()
        await functions.stop()
        failureTopics.stop()
    }

    func reconcile(_ handlers: [String: LocalHandler]) {
        var wanted: [String: MappingSpecification] = [:]
        for handler in handlers.values where handler.isOf(regionName) {
            for table in tables(of: handler) {
                var specification = handler.mapping(to: "", of: table, in: regionName, nowMilliseconds: 0).specification
                specification.tableName = table
                wanted[specification.id] = specification
            }
        }
        let known = state.withLock { state in
            defer { state.mappings = wanted }
            return state.mappings
        }
        for id in known.keys where wanted[id] == nil { mappings.remove(id: id) }
        for (id, specification) in wanted where known[id] != specification { mappings.put(specification) }
    }

    /// Named tables need not have a topic yet.
    private func tables(of handler: LocalHandler) -> [String] {
        if case .named(let names) = handler.tables { return names }
        let now = FunctionClock.system.wallMilliseconds()
        let (known, readMilliseconds) = state.withLock { ($0.tables, $0.tablesReadMilliseconds) }
        if let readMilliseconds, now < readMilliseconds + Self.topicsMilliseconds { return known }
        var trouble: String?
        var tables = known
        do throws(RecordLogError) {
            tables = try topics.tables()
        } catch {
            trouble = "\(error)"
        }
        let isNews = state.withLock { state in
            state.tables = tables
            // Asking may have taken longer than the answer is good for.
            state.tablesReadMilliseconds = FunctionClock.system.wallMilliseconds()
            defer { state.toldTrouble = trouble }
            return trouble != nil && state.toldTrouble != trouble
        }
        if isNews, let trouble {
            logger.warning("topics cannot be listed", metadata: ["region": "\(regionName)", "reason": "\(trouble)"])
        }
        return tables
    }
}
