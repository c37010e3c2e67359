import Dispatch

/// A wall clock that never goes back: after somebody has put the clock back it goes on from where it was, so that retries and windows do
/// not stand still until the clock has caught up.
struct SteadyClock {
    private var lastMilliseconds: UInt64 = 0
    private var lastUptimeMilliseconds: UInt64?

    /// - Parameter wallMilliseconds: what the wall clock shows.
    mutating func read(_ wallMilliseconds: UInt64) -> UInt64 {
        let uptime = DispatchTime.now().uptimeNanoseconds / 1_000_000
        let elapsed = lastUptimeMilliseconds.map { uptime - min($0, uptime) } ?? 0
        lastUptimeMilliseconds = uptime
        lastMilliseconds = max(lastMilliseconds + elapsed, wallMilliseconds)
        return lastMilliseconds
    }
}
