import Logging
import Synchronization

/// Invocations whose results nobody waits for, with their retries (reference 6, Async).
final class AsynchronousInvocations: Sendable {
    typealias Invoke = @Sendable (Invocation, @escaping @Sendable (InvocationResult) -> Void) -> Void

    /// The pauses after a function error; as many as there are further tries.
    static let errorPausesMilliseconds = [60_000, 120_000]
    /// The pause after an invocation that did not start; doubles up to the maximum, until the time is over.
    static let startPauseMilliseconds = 1000
    static let startPauseMaxMilliseconds = 300_000
    static let startTriesMilliseconds: UInt64 = 6 * 3600 * 1000

    private struct Attempt: Sendable {
        let function: String
        let invocation: Invocation
        let invoke: Invoke
        let giveUpStartingAtMilliseconds: UInt64
        var errors = 0
        var startPauseMilliseconds = AsynchronousInvocations.startPauseMilliseconds
    }

    private struct State {
        var count = 0
        var bytes = 0
        var timers: [Int: FunctionClock.Timer] = [:]
        var nextTimer = 0
        var isStopping = false
    }

    private let limits: FunctionLimits
    private let clock: FunctionClock
    private let logger: Logger
    private let state = Mutex(State())

    init(limits: FunctionLimits, clock: FunctionClock, logger: Logger) {
        self.limits = limits
        self.clock = clock
        self.logger = logger
    }

    /// - Returns: why it was not taken.
    func take(_ invocation: Invocation, of function: String, _ invoke: @escaping Invoke) -> NotStartedReason? {
        let refusal: NotStartedReason? = state.withLock { state in
            if state.isStopping { return .stopping }
            let bytes = state.bytes + invocation.payload.count
            guard state.count < limits.asynchronousInvocations, bytes <= limits.asynchronousBytes else {
                return .throttled
            }
            state.count += 1
            state.bytes = bytes
            return nil
        }
        if let refusal { return refusal }
        attempt(
            Attempt(
                function: function, invocation: invocation, invoke: invoke,
                giveUpStartingAtMilliseconds: clock.uptimeMilliseconds() + Self.startTriesMilliseconds))
        return nil
    }

    /// Forgets what waits.
    func stop() {
        let (timers, count) = state.withLock { state in
            state.isStopping = true
            defer { state.timers = [:] }
            return (state.timers.values, state.count)
        }
        for timer in timers { timer.cancel() }
        if count > 0 {
            logger.warning("asynchronous invocations are forgotten by the stop", metadata: ["count": "\(count)"])
        }
    }

    private func attempt(_ attempt: Attempt) {
        attempt.invoke(attempt.invocation) { [weak self] result in self?.ended(attempt, result) }
    }

    private func ended(_ attempt: Attempt, _ result: InvocationResult) {
        var next = attempt
        switch result {
        case .success:
            forget(attempt)
        case .functionError(_, let payload, _):
            guard attempt.errors < Self.errorPausesMilliseconds.count else {
                return drop(attempt, String(decoding: payload.prefix(1000), as: UTF8.self))
            }
            next.errors += 1
            again(next, afterMilliseconds: Self.errorPausesMilliseconds[attempt.errors])
        case .notStarted(.noSuchFunction):
            drop(attempt, NotStartedReason.noSuchFunction.description)
        case .notStarted(let reason):
            guard clock.uptimeMilliseconds() < attempt.giveUpStartingAtMilliseconds else {
                return drop(attempt, reason.description)
            }
            next.startPauseMilliseconds = min(2 * attempt.startPauseMilliseconds, Self.startPauseMaxMilliseconds)
            again(next, afterMilliseconds: attempt.startPauseMilliseconds)
        }
    }

    private func again(_ attempt: Attempt, afterMilliseconds delay: Int) {
        state.withLock { state in
            guard !state.isStopping else { return }
            state.nextTimer += 1
            let number = state.nextTimer
            state.timers[number] = clock.schedule(delay) { [weak self] in
                guard let self else { return }
                self.state.withLock { $0.timers[number] = nil }
                self.attempt(attempt)
            }
        }
    }

    private func drop(_ attempt: Attempt, _ reason: String) {
        forget(attempt)
        logger.error(
            "an asynchronous invocation was dropped",
            metadata: [
                "handler": "\(attempt.function)", "request": "\(attempt.invocation.requestID)",
                "errors": "\(attempt.errors + 1)", "reason": "\(reason)",
            ])
    }

    private func forget(_ attempt: Attempt) {
        state.withLock { state in
            state.count -= 1
            state.bytes -= attempt.invocation.payload.count
        }
    }
}
