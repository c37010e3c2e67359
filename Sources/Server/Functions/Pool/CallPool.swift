import Synchronization

/// Runs invocations that need no process: a closure is called, within the function's concurrency and time.
final class CallPool: FunctionExecutor {
    /// Does one invocation within a time in milliseconds, and calls back once, from any thread.
    typealias Call =
        @Sendable (Invocation, FunctionDefinition, @escaping @Sendable (InvocationResult) -> Void) -> CancelCall
    /// Gives a call up: what it does has no effect any more.
    typealias CancelCall = @Sendable () -> Void

    private struct State {
        var definition: FunctionDefinition
        var waiting: WaitingInvocations
        /// By a number each.
        var running: [Int: Running] = [:]
        var nextNumber = 0
        var isStopping = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    private struct Running {
        let waiting: WaitingInvocations.Waiting
        /// Nil until the call has begun.
        var cancel: CancelCall?
        var isAnswered = false
        var timer: FunctionClock.Timer?
    }

    private let limits: FunctionLimits
    private let clock: FunctionClock
    private let call: Call
    private let waitingDeadline: Deadline
    private let state: Mutex<State>

    init(
        _ definition: FunctionDefinition, limits: FunctionLimits, clock: FunctionClock, call: @escaping Call
    ) {
        self.limits = limits
        self.clock = clock
        self.call = call
        waitingDeadline = Deadline(clock: clock)
        state = Mutex(State(definition: definition, waiting: WaitingInvocations(limits)))
    }

    func invoke(_ invocation: Invocation, completion: @escaping @Sendable (InvocationResult) -> Void) {
        let now = clock.uptimeMilliseconds()
        let waiting = WaitingInvocations.Waiting(
            invocation: invocation, completion: completion,
            untilMilliseconds: now + UInt64(limits.queueWaitMilliseconds))
        let refusal: NotStartedReason? = state.withLock { state in
            if state.isStopping { return .stopping }
            return state.definition.concurrencyMax > 0 && state.waiting.append(waiting) ? nil : .throttled
        }
        if let refusal { return completion(.notStarted(refusal)) }
        begin()
    }

    func update(_ definition: FunctionDefinition) {
        state.withLock { $0.definition = definition }
        begin()
    }

    func retire() async {
        waitingDeadline.cancel()
        await withCheckedContinuation { continuation in
            let (waiting, running) = state.withLock { state in
                state.isStopping = true
                state.stopped.append(continuation)
                return (state.waiting.takeAll(), Array(state.running.keys))
            }
            for one in waiting { one.completion(.notStarted(.stopping)) }
            for number in running { giveUp(number, .notStarted(.stopping)) }
            // Code that does not heed its cancellation is not waited for.
            _ = clock.schedule(limits.stopGraceMilliseconds) { [weak self] in self?.resumeStopped() }
            if state.withLock({ $0.running.isEmpty }) { resumeStopped() }
        }
    }

    /// Begins as many as there is room for.
    private func begin() {
        while let (number, waiting, definition) = takeNext() {
            let timeout = definition.timeoutMilliseconds
            let timer = clock.schedule(timeout) { [weak self] in
                let error = ErrorObject.timedOut(requestID: waiting.invocation.requestID, milliseconds: timeout)
                self?.giveUp(
                    number, .functionError(kind: InvocationResult.unhandled, payload: error, logTail: []))
            }
            let cancel = call(waiting.invocation, definition) { [weak self] result in self?.ended(number, result) }
            let (hasEnded, isGivenUp) = state.withLock { state in
                state.running[number]?.cancel = cancel
                state.running[number]?.timer = timer
                return (state.running[number] == nil, state.running[number]?.isAnswered ?? false)
            }
            if hasEnded { timer.cancel() }
            if isGivenUp { cancel() }
        }
        let wait: Int? = state.withLock { state in
            guard let until = state.waiting.firstUntilMilliseconds, !waitingDeadline.isSet else { return nil }
            let now = clock.uptimeMilliseconds()
            return until > now ? Int(until - now) : 0
        }
        if let wait {
            waitingDeadline.set(afterMilliseconds: wait) { [weak self] in self?.expireWaiting() }
        }
    }

    private func takeNext() -> (number: Int, waiting: WaitingInvocations.Waiting, definition: FunctionDefinition)? {
        state.withLock { state in
            guard state.running.count < state.definition.concurrencyMax, let waiting = state.waiting.takeFirst() else {
                return nil
            }
            state.nextNumber += 1
            state.running[state.nextNumber] = Running(waiting: waiting)
            return (state.nextNumber, waiting, state.definition)
        }
    }

    /// Answers in its place; its room is free only when it has really ended.
    private func giveUp(_ number: Int, _ result: InvocationResult) {
        let (completion, cancel): ((@Sendable (InvocationResult) -> Void)?, CancelCall?) = state.withLock { state in
            guard let running = state.running[number], !running.isAnswered else { return (nil, nil) }
            state.running[number]?.isAnswered = true
            return (running.waiting.completion, running.cancel)
        }
        cancel?()
        completion?(result)
    }

    private func ended(_ number: Int, _ result: InvocationResult) {
        let running = state.withLock { $0.running.removeValue(forKey: number) }
        guard let running else { return }
        running.timer?.cancel()
        if !running.isAnswered { running.waiting.completion(result) }
        begin()
        if state.withLock({ $0.isStopping && $0.running.isEmpty }) { resumeStopped() }
    }

    private func resumeStopped() {
        let stopped = state.withLock { state in
            defer { state.stopped = [] }
            return state.stopped
        }
        for continuation in stopped { continuation.resume() }
    }

    private func expireWaiting() {
        let expired = state.withLock { $0.waiting.takeExpired(at: clock.uptimeMilliseconds()) }
        for waiting in expired { waiting.completion(.notStarted(.throttled)) }
        begin()
    }
}
