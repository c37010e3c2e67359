import Synchronization

/// A moment that keeps being moved, and what happens when it is reached. Moving it to later costs no timer: the one that is set looks
/// again when it fires.
final class Deadline: Sendable {
    private struct State {
        var atMilliseconds: UInt64?
        var reached: (@Sendable () -> Void)?
        var timer: FunctionClock.Timer?
        var timerAtMilliseconds = UInt64.max
        /// Tells a timer that fires whether it is still the one that is set.
        var timerNumber = 0
    }

    private let clock: FunctionClock
    private let state = Mutex(State())

    init(clock: FunctionClock) {
        self.clock = clock
    }

    /// Whether a moment is set and not reached.
    var isSet: Bool { state.withLock { $0.atMilliseconds != nil } }

    /// Sets the moment, in place of any other. `reached` is called from a timer's thread when it has come.
    func set(afterMilliseconds delay: Int, _ reached: @escaping @Sendable () -> Void) {
        let at = clock.uptimeMilliseconds() + UInt64(max(0, delay))
        state.withLock { state in
            state.atMilliseconds = at
            state.reached = reached
            if at < state.timerAtMilliseconds { startTimer(&state, at: at, delay: delay) }
        }
    }

    func clear() {
        state.withLock { state in
            state.atMilliseconds = nil
            state.reached = nil
        }
    }

    /// Clears it, and lets go of the timer too.
    func cancel() {
        state.withLock { state in
            state.atMilliseconds = nil
            state.reached = nil
            state.timer?.cancel()
            state.timer = nil
            state.timerNumber += 1
            state.timerAtMilliseconds = .max
        }
    }

    private func startTimer(_ state: inout State, at: UInt64, delay: Int) {
        state.timer?.cancel()
        state.timerNumber += 1
        state.timerAtMilliseconds = at
        let number = state.timerNumber
        state.timer = clock.schedule(delay) { [weak self] in self?.fired(number) }
    }

    private func fired(_ number: Int) {
        let now = clock.uptimeMilliseconds()
        let reached: (@Sendable () -> Void)? = state.withLock { state in
            guard number == state.timerNumber else { return nil }
            state.timer = nil
            state.timerAtMilliseconds = .max
            guard let at = state.atMilliseconds else { return nil }
            guard now >= at else {
                startTimer(&state, at: at, delay: Int(at - now))
                return nil
            }
            state.atMilliseconds = nil
            return state.reached.take()
        }
        reached?()
    }
}
