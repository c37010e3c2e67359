/// What a handler is told of the invocation beside its records.
public struct HandlerContext: Sendable, Equatable {
    /// Unique for each invocation, so also for each attempt.
    public let requestID: String
    /// When the invocation will be ended, in milliseconds since 1970.
    public let deadlineMilliseconds: UInt64
    public let functionARN: String

    public init(requestID: String, deadlineMilliseconds: UInt64, functionARN: String) {
        self.requestID = requestID
        self.deadlineMilliseconds = deadlineMilliseconds
        self.functionARN = functionARN
    }

    /// How long the handler may go on; 0 when the time is over.
    public func remainingMilliseconds(nowMilliseconds: UInt64) -> UInt64 {
        nowMilliseconds < deadlineMilliseconds ? deadlineMilliseconds - nowMilliseconds : 0
    }
}
