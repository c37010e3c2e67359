import Dispatch
public import Logging
public import Replication
import Synchronization

/// The functions of one region: made, changed and removed one at a time on a queue of its own; looked up and invoked from any thread.
public final class FunctionRegistry: Sendable {
    public typealias Completion = @Sendable (Result<FunctionStatus, FunctionRegistryError>) -> Void

    struct Entry {
        var status: FunctionStatus
        let pool: FunctionPool
    }

    struct State {
        var entries: [String: Entry] = [:]
        var isStopping = false
    }

    static let nameLengthMax = 140

    public let region: RegionName
    let settings: FunctionSettings
    let storage: FunctionStorage
    let code: CodeDirectory
    let clock: FunctionClock
    let log: FunctionLog
    let logger: Logger
    /// Everything that changes functions, unpacks and removes code, or waits for the store.
    let queue: DispatchQueue
    let state = Mutex(State())
    private let asynchronous: AsynchronousInvocations

    public init(
        region: RegionName, settings: FunctionSettings, storage: FunctionStorage, log: FunctionLog, logger: Logger,
        clock: FunctionClock = .system
    ) {
        self.region = region
        self.settings = settings
        self.storage = storage
        self.log = log
        self.logger = logger
        self.clock = clock
        code = CodeDirectory(path: settings.codeDirectory, limits: settings.limits)
        queue = DispatchQueue(label: "functions.\(region)")
        asynchronous = AsynchronousInvocations(limits: settings.limits, clock: clock, logger: logger)
    }

    /// Reads what is stored and removes code that no function has. To be called once, before anything else; it blocks.
    /// - Throws: what the storage throws.
    public func load() throws {
        for bytes in try storage.load() {
            do throws(FunctionDefinitionError) {
                let stored = try FunctionDefinitionCodec.decode(bytes)
                var definition = stored
                definition.target = code.absolute(stored.target)
                insert(definition, status: loadedStatus(definition))
            } catch {
                logger.error("a stored function cannot be read", metadata: ["region": "\(region)"])
            }
        }
        code.removeAll(except: state.withLock { $0.entries.values.map(\.status.definition) })
    }

    // MARK: Lookup

    /// The function of this name; nil when there is none.
    public func function(_ name: String) -> FunctionStatus? {
        state.withLock { $0.entries[name]?.status }
    }

    /// All functions, in the order of their names.
    public func functions() -> [FunctionStatus] {
        state.withLock { Array($0.entries.values.map(\.status)) }.sorted { $0.definition.name < $1.definition.name }
    }

    // MARK: Invocation

    /// Runs a function. The completion is called exactly once, on any thread, and must not block.
    public func invoke(
        _ name: String, _ invocation: Invocation, completion: @escaping @Sendable (InvocationResult) -> Void
    ) {
        let entry: Entry? = state.withLock { $0.entries[name] }
        guard let entry else { return completion(.notStarted(.noSuchFunction)) }
        guard entry.status.state == .active else {
            return completion(.notStarted(.notActive(state: entry.status.state.rawValue)))
        }
        entry.pool.invoke(invocation, completion: completion)
    }

    /// Takes an invocation whose result nobody waits for. Function errors are tried again twice, after one and after two more minutes;
    /// an invocation that does not start is tried for six hours. What fails then is dropped and logged. The queue is in memory: a restart
    /// of the server forgets it.
    /// - Returns: why it was not taken; nil when it was.
    public func invokeLater(_ name: String, _ invocation: Invocation) -> NotStartedReason? {
        guard function(name) != nil else { return .noSuchFunction }
        return asynchronous.take(invocation, of: name) { [weak self] invocation, completion in
            guard let self else { return completion(.notStarted(.stopping)) }
            self.invoke(name, invocation, completion: completion)
        }
    }

    // MARK: End

    /// Ends all processes and returns when nothing is left. Whatever is asked afterwards is refused.
    public func stop() async {
        asynchronous.stop()
        let pools = state.withLock { state in
            state.isStopping = true
            return state.entries.values.map(\.pool)
        }
        await withTaskGroup { group in
            for pool in pools { group.addTask { await pool.stop() } }
        }
        // What was begun before is finished, too.
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }

    // MARK: Entries

    func insert(_ definition: FunctionDefinition, status: FunctionStatus, handler: FunctionPool.Handler? = nil) {
        let surroundings = FunctionSurroundings(clock: clock, log: log, logger: logger) { [weak self] target in
            self?.release(target)
        }
        let pool = FunctionPool(definition, settings: settings, surroundings: surroundings, handler: handler)
        state.withLock { $0.entries[definition.name] = Entry(status: status, pool: pool) }
    }

    /// Removes code that nothing uses any more.
    func release(_ target: FunctionTarget) {
        queue.async { [self] in
            let isUsed = state.withLock { state in
                state.entries.values.contains { $0.status.definition.target == target }
            }
            if !isUsed { code.remove(target) }
        }
    }

    private func loadedStatus(_ definition: FunctionDefinition) -> FunctionStatus {
        guard case .package(let directory) = definition.target, !FileTree.isDirectory(directory) else {
            return .active(definition)
        }
        return .failed(definition, reason: "The function's code is not in \(directory).")
    }
}
