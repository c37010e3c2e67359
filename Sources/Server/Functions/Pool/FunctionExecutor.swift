import Logging

/// What runs a function's invocations.
protocol FunctionExecutor: Sendable {
    /// Runs it now or when there is room. The completion is called once, on any thread.
    func invoke(_ invocation: Invocation, completion: @escaping @Sendable (InvocationResult) -> Void)

    /// From now on invocations run as this says; those under way end as they began.
    func update(_ definition: FunctionDefinition)

    /// Refuses what waits and what comes, ends what runs, and returns when nothing is left of it.
    func retire() async
}

/// What the functions of a region share.
struct FunctionSurroundings: Sendable {
    let clock: FunctionClock
    let log: FunctionLog
    let logger: Logger
    /// Called when nothing uses a target any more that its function has left.
    let release: @Sendable (FunctionTarget) -> Void
}
