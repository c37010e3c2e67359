import ChangeStream
import Dispatch
import EventSource
import Functions
import HandlerFolders
import HandlerKit
import Logging
import Partition
import Region
import Replication
import Synchronization
import WireProtocol

/// Handlers that are not made through the API: the folders with a `handler.yaml`, and Swift values registered in code.
///
/// A thread looks at the folders every second and gives each region the functions and mappings that they ask for, and mappings to tables
/// that came meanwhile.
final class LocalHandlers: Sendable {
    /// How often folders and tables are looked at, in milliseconds.
    static let lookMilliseconds = 1000

    private let folders: HandlerFolders?
    private let coded: [Handler]
    private let lambdas: [RegionLambda]
    private let logger: Logger
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = DispatchGroup()

    init(folders: HandlerFolders?, coded: [Handler], lambdas: [RegionLambda], logger: Logger) {
        self.folders = folders
        self.coded = coded
        self.lambdas = lambdas
        self.logger = logger
    }

    func start() {
        thread.enter()
        startThread(named: "handlers") { [self] in
            run()
            thread.leave()
        }
    }

    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    private func run() {
        var sources: [String: LocalHandler] = [:]
        for handler in coded {
            let problems = handler.violations
            guard problems.isEmpty else {
                tell("a handler registered in code cannot be used", handler.name, problems.joined(separator: "; "))
                continue
            }
            add(LocalHandler(handler), to: &sources)
        }
        var scan = HandlerScan()
        while !isStopping.isSet {
            if let folders {
                scan = folders.scan(previous: scan)
                for change in scan.changes { apply(change, to: &sources) }
            }
            for lambda in lambdas { reconcile(lambda, sources) }
            wakeUp.wait(milliseconds: Self.lookMilliseconds)
        }
    }

    // MARK: Functions

    private func apply(_ change: HandlerChange, to sources: inout [String: LocalHandler]) {
        switch change {
        case .added(let definition), .changed(let definition), .rewritten(let definition):
            do throws(LocalHandlerError) {
                let handler = try LocalHandler(definition)
                try handler.checkLoop(among: Array(sources.values))
                remove(definition.name, from: &sources)
                add(handler, to: &sources)
            } catch {
                tell("a handler cannot be used", definition.name, error.reason)
            }
        case .removed(let name):
            remove(name, from: &sources)
            logger.notice("a handler was removed", metadata: ["handler": "\(name)"])
        case .broken(let error):
            logger.error("\(error)")
        }
    }

    private func add(_ handler: LocalHandler, to sources: inout [String: LocalHandler]) {
        for lambda in lambdas where handler.isOf(lambda.region.name) {
            do throws(FunctionRegistryError) {
                try lambda.functions.register(handler.definition(in: lambda.region.name), handler: handler.inProcess)
            } catch {
                return tell("a handler cannot be used", handler.name, "\(error)")
            }
        }
        sources[handler.name] = handler
        logger.notice("a handler is there", metadata: ["handler": "\(handler.name)", "from": "\(handler.origin)"])
    }

    /// Takes the functions away; the mappings follow when they are reconciled, and keep their places when the handler comes back.
    private func remove(_ name: String, from sources: inout [String: LocalHandler]) {
        guard sources.removeValue(forKey: name) != nil else { return }
        for lambda in lambdas {
            // A region that the handler was not for has nothing to take away.
            try? lambda.functions.unregister(name)
        }
    }

    private func tell(_ what: String, _ name: String, _ reason: String) {
        logger.error("\(what)", metadata: ["handler": "\(name)", "reason": "\(reason)"])
    }

    // MARK: Mappings

    private func reconcile(_ lambda: RegionLambda, _ sources: [String: LocalHandler]) {
        let tables = lambda.region.catalogue.tables
        var wanted: [String: RegionLambda.Mapping] = [:]
        for handler in sources.values where handler.isOf(lambda.region.name) {
            for table in tables where handler.tables.contains(table.name) {
                guard let stream = table.enabledStream else { continue }
                let mapping = handler.mapping(
                    to: table.streamARN(stream), of: table.name, in: lambda.region.name,
                    nowMilliseconds: lambda.region.wallClock.milliseconds)
                wanted[mapping.definition.uuid] = mapping
            }
        }
        for mapping in lambda.allMappings {
            guard let name = mapping.handler else { continue }
            let uuid = mapping.definition.uuid
            // What a table that is gone has left in its stream is still delivered.
            if wanted[uuid] == nil, sources[name] == nil || !isReadable(mapping.definition.streamARN, in: lambda) {
                lambda.end(uuid)
            }
        }
        for (uuid, mapping) in wanted {
            if let known = lambda.mapping(uuid), known.isEquivalent(to: mapping) { continue }
            lambda.run(mapping)
        }
    }

    private func isReadable(_ streamARN: String, in lambda: RegionLambda) -> Bool {
        let catalogue = lambda.region.catalogue
        return (catalogue.tables + catalogue.deletedTables).contains { table in
            table.streams.contains { table.streamARN($0) == streamARN }
        }
    }
}

extension RegionLambda.Mapping {
    /// Whether it asks for the same, whenever it was made.
    fileprivate func isEquivalent(to other: RegionLambda.Mapping) -> Bool {
        let (left, right) = (definition, other.definition)
        return left.streamARN == right.streamARN && left.settings == right.settings
            && left.filterPatterns == right.filterPatterns && left.isEnabled == right.isEnabled
            && destination == other.destination
    }
}
