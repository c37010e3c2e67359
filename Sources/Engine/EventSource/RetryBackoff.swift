/// How long a lane waits after a failure: the first delay, doubled with each further failure up to a maximum.
///
/// AWS does not document its own schedule (reference `event-source-mapping.md` 3).
public struct RetryBackoff: Sendable, Equatable {
    public let firstMilliseconds: UInt64
    public let maxMilliseconds: UInt64

    /// After the function failed.
    public static let functionError = RetryBackoff(firstMilliseconds: 100, maxMilliseconds: 60_000)
    /// After the function could not be started.
    public static let notStarted = RetryBackoff(firstMilliseconds: 100, maxMilliseconds: 5_000)

    /// - Parameter failures: how many there were in a row, at least 1.
    public func delayMilliseconds(failures: Int) -> UInt64 {
        let doublings = max(failures, 1) - 1
        guard doublings < maxMilliseconds.bitWidth - maxMilliseconds.leadingZeroBitCount else { return maxMilliseconds }
        return min(firstMilliseconds << UInt64(doublings), maxMilliseconds)
    }
}
