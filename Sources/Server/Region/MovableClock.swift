import Synchronization

/// A region's wall clock: another clock, put forward or back while the region runs.
///
/// Expiry, the age of streams and tokens and the timestamps of writes follow it; waiting does not. The offset belongs to the process and
/// is gone with it.
public final class MovableClock: Sendable {
    /// How far the clock can be moved either way, in milliseconds: ten years.
    public static let offsetMillisecondsMax: Int64 = 10 * 365 * 24 * 60 * 60 * 1000

    private let base: WallClock
    private let offset = Atomic<Int64>(0)

    public init(_ base: WallClock) {
        self.base = base
    }

    /// Milliseconds since 1970, offset included.
    public var milliseconds: UInt64 {
        UInt64(max(0, Int64(base.milliseconds) + offsetMilliseconds))
    }

    public var offsetMilliseconds: Int64 { offset.load(ordering: .relaxed) }

    /// Moves the clock, from where the base clock stands. False when that is further than `offsetMillisecondsMax`.
    public func setOffset(milliseconds: Int64) -> Bool {
        guard (-Self.offsetMillisecondsMax...Self.offsetMillisecondsMax).contains(milliseconds) else { return false }
        offset.store(milliseconds, ordering: .relaxed)
        return true
    }
}
