import Functions
import HandlerFolders
import HandlerKit
import Logging
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
    private let places: [any HandlerPlace]
    private let refusalOfTopic: MappingFacts.RefusalOfTopic
    private let logger: Logger
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    init(
        folders: HandlerFolders?, coded: [Handler], places: [any HandlerPlace],
        refusalOfTopic: @escaping MappingFacts.RefusalOfTopic, logger: Logger
    ) {
        self.folders = folders
        self.coded = coded
        self.places = places
        self.refusalOfTopic = refusalOfTopic
        self.logger = logger
    }

    func start() {
        thread.start(named: "handlers") { [self] in run() }
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
            for place in places { place.reconcile(sources) }
            wakeUp.wait(milliseconds: Self.lookMilliseconds)
        }
    }

    // MARK: Functions

    private func apply(_ change: HandlerChange, to sources: inout [String: LocalHandler]) {
        switch change {
        case .added(let definition), .changed(let definition), .rewritten(let definition):
            do throws(LocalHandlerError) {
                let handler = try LocalHandler(definition, refusalOfTopic: refusalOfTopic)
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
        for place in places where handler.isOf(place.regionName) {
            do throws(FunctionRegistryError) {
                try place.functions.register(handler.definition(in: place.regionName), handler: handler.inProcess)
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
        for place in places {
            // A region that the handler was not for has nothing to take away.
            try? place.functions.unregister(name)
        }
    }

    private func tell(_ what: String, _ name: String, _ reason: String) {
        logger.error("\(what)", metadata: ["handler": "\(name)", "reason": "\(reason)"])
    }
}
