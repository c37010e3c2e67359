/// How long to wait before a function's next process is started, when starts keep failing: not at all after one failure, then longer
/// and longer. So a function that cannot start costs little, and one that could not for a moment soon works again.
struct StartPause {
    private let firstMilliseconds: Int
    private let maximumMilliseconds: Int
    private(set) var failures = 0
    private var untilMilliseconds: UInt64 = 0

    init(_ limits: FunctionLimits) {
        firstMilliseconds = limits.startPauseMilliseconds
        maximumMilliseconds = limits.startPauseMaxMilliseconds
    }

    mutating func failed(at now: UInt64) {
        failures += 1
        untilMilliseconds = now + UInt64(pauseMilliseconds)
    }

    mutating func succeeded() {
        failures = 0
        untilMilliseconds = 0
    }

    /// How long to wait from now on.
    func remainingMilliseconds(at now: UInt64) -> Int {
        untilMilliseconds > now ? Int(untilMilliseconds - now) : 0
    }

    private var pauseMilliseconds: Int {
        guard failures > 1 else { return 0 }
        var pause = firstMilliseconds
        for _ in 2..<max(2, failures) where pause < maximumMilliseconds { pause *= 2 }
        return min(pause, maximumMilliseconds)
    }
}
