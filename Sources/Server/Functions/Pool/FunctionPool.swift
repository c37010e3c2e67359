public import Logging
import Synchronization

/// Runs the invocations of one function, whatever its target: at most `concurrencyMax` at a time; more wait, up to limits, and beyond them
/// are throttled.
public final class FunctionPool: Sendable {
    /// A function of this process.
    public typealias Handler = @Sendable (Invocation) async -> InvocationResult

    private enum Kind {
        case process
        case url
        case inProcess

        init(_ target: FunctionTarget) {
            switch target {
            case .package, .command: self = .process
            case .url: self = .url
            case .inProcess: self = .inProcess
            }
        }
    }

    private struct State {
        var target: FunctionTarget
        var executor: any FunctionExecutor
        var isStopped = false
    }

    private let settings: FunctionSettings
    private let surroundings: FunctionSurroundings
    private let handler: Handler?
    private let state: Mutex<State>

    /// - Parameter handler: what `FunctionTarget.inProcess` stands for.
    public convenience init(
        _ definition: FunctionDefinition, settings: FunctionSettings, log: FunctionLog, logger: Logger,
        clock: FunctionClock = .system, handler: Handler? = nil
    ) {
        let surroundings = FunctionSurroundings(clock: clock, log: log, logger: logger) { _ in }
        self.init(definition, settings: settings, surroundings: surroundings, handler: handler)
    }

    init(
        _ definition: FunctionDefinition, settings: FunctionSettings, surroundings: FunctionSurroundings,
        handler: Handler?
    ) {
        self.settings = settings
        self.surroundings = surroundings
        self.handler = handler
        state = Mutex(
            State(
                target: definition.target,
                executor: Self.executor(definition, settings, surroundings, handler)))
    }

    /// Runs an invocation. The completion is called exactly once, on any thread, and must not block.
    public func invoke(_ invocation: Invocation, completion: @escaping @Sendable (InvocationResult) -> Void) {
        state.withLock { $0.executor }.invoke(invocation, completion: completion)
    }

    /// From now on invocations run as the new definition says, in new processes. Those under way end as they began, unless the target is
    /// of another kind now: then they are interrupted.
    public func update(_ definition: FunctionDefinition) {
        let (current, old): (any FunctionExecutor, State?) = state.withLock { state in
            let isSameKind = Kind(definition.target) == Kind(state.target)
            let before = state
            state.target = definition.target
            if isSameKind || state.isStopped { return (state.executor, nil) }
            state.executor = Self.executor(definition, settings, surroundings, handler)
            return (state.executor, before)
        }
        guard let old else { return current.update(definition) }
        Task {
            await old.executor.retire()
            surroundings.release(old.target)
        }
    }

    /// Ends all processes (SIGTERM, then SIGKILL), answers what waits and what is interrupted with `stopping`, and returns when
    /// nothing is left. Later invocations get `stopping` too.
    public func stop() async {
        let executor = state.withLock { state in
            state.isStopped = true
            return state.executor
        }
        await executor.retire()
    }

    /// How many processes there are now.
    public var processCount: Int { (state.withLock { $0.executor } as? ProcessPool)?.processCount ?? 0 }

    private static func executor(
        _ definition: FunctionDefinition, _ settings: FunctionSettings, _ surroundings: FunctionSurroundings,
        _ handler: Handler?
    ) -> any FunctionExecutor {
        switch Kind(definition.target) {
        case .process:
            return ProcessPool(definition, settings: settings, surroundings: surroundings)
        case .url:
            let target = HTTPTarget(settings: settings, clock: surroundings.clock)
            return CallPool(definition, limits: settings.limits, clock: surroundings.clock, call: target.call)
        case .inProcess:
            return CallPool(definition, limits: settings.limits, clock: surroundings.clock) {
                invocation, _, completion in
                let task = Task {
                    completion(await handler?(invocation) ?? .notStarted(.noSuchFunction))
                }
                return { task.cancel() }
            }
        }
    }
}
