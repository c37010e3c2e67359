import Dispatch
import Glibc
import Synchronization

/// Time for functions: what it is, and how to be called later. Tests give their own, so that minutes need no waiting.
public struct FunctionClock: Sendable {
    /// Milliseconds since 1970.
    public let wallMilliseconds: @Sendable () -> UInt64
    /// Milliseconds of a clock that never jumps.
    public let uptimeMilliseconds: @Sendable () -> UInt64
    /// Calls the closure once, after a delay in milliseconds, on a thread of its own choice, unless it is cancelled before.
    public let schedule: @Sendable (_ delayMilliseconds: Int, _ body: @escaping @Sendable () -> Void) -> Timer

    /// A call in the future.
    public struct Timer: Sendable {
        /// Without effect after the call.
        public let cancel: @Sendable () -> Void

        public init(cancel: @escaping @Sendable () -> Void) {
            self.cancel = cancel
        }
    }

    public init(
        wallMilliseconds: @escaping @Sendable () -> UInt64, uptimeMilliseconds: @escaping @Sendable () -> UInt64,
        schedule: @escaping @Sendable (_ delayMilliseconds: Int, _ body: @escaping @Sendable () -> Void) -> Timer
    ) {
        self.wallMilliseconds = wallMilliseconds
        self.uptimeMilliseconds = uptimeMilliseconds
        self.schedule = schedule
    }

    /// The machine's clocks, and a dispatch queue.
    public static let system: FunctionClock = {
        let queue = DispatchQueue(label: "functions.timers")
        return FunctionClock(
            wallMilliseconds: { milliseconds(of: CLOCK_REALTIME) },
            uptimeMilliseconds: { milliseconds(of: CLOCK_MONOTONIC) },
            schedule: { delayMilliseconds, body in
                let call = PendingCall(body)
                queue.asyncAfter(deadline: .now() + .milliseconds(delayMilliseconds)) { call.take()?() }
                return Timer { _ = call.take() }
            })
    }()

    private static func milliseconds(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}

/// What a timer is to call, until it has or was cancelled.
private final class PendingCall: Sendable {
    private let body: Mutex<(@Sendable () -> Void)?>

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = Mutex(body)
    }

    func take() -> (@Sendable () -> Void)? {
        body.withLock { body in
            defer { body = nil }
            return body
        }
    }
}
