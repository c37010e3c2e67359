import Region
import Synchronization

/// The machine's clock, put forward and back, or held still for a moment.
final class TestClock: Sendable {
    private struct State {
        var offsetMilliseconds: UInt64 = 0
        var heldMilliseconds: UInt64?
    }

    private let state = Mutex(State())

    func move(milliseconds: UInt64) {
        state.withLock { $0.offsetMilliseconds += milliseconds }
    }

    /// Puts it back, at most to the machine's time.
    func moveBack(milliseconds: UInt64) {
        state.withLock { $0.offsetMilliseconds -= milliseconds }
    }

    /// Shows one time during the body.
    func hold<Result>(at milliseconds: UInt64, _ body: () throws -> Result) rethrows -> Result {
        state.withLock { $0.heldMilliseconds = milliseconds }
        defer { state.withLock { $0.heldMilliseconds = nil } }
        return try body()
    }

    var wallClock: WallClock {
        WallClock { [self] in
            state.withLock { $0.heldMilliseconds ?? WallClock.system.milliseconds + $0.offsetMilliseconds }
        }
    }
}
