public import EventSource

/// One invocation of the handler in a test.
public struct HandlerDelivery: Sendable, Equatable {
    /// Since the driver began.
    public let atMilliseconds: UInt64
    /// The records' places in the log, from 1.
    public let records: [Int]
    /// Counts the invocations with exactly these records from 1.
    public let attempt: Int
    /// The group of items that the records are from, from 0.
    public let lane: Int
    /// The event as a Lambda function gets it; what failed on a server can be given to the handler again.
    public let payload: [UInt8]
    /// The handler's response; nil when it failed.
    public let response: [UInt8]?
    /// What the handler threw.
    public let failure: HandlerFailure?
    /// What became of the batch.
    public let outcome: InvocationOutcome
}

/// Records that were given up in a test.
public struct HandlerDiscard: Sendable, Equatable {
    /// Since the driver began.
    public let atMilliseconds: UInt64
    /// The records' places in the log, from 1.
    public let records: [Int]
    public let sequenceNumbers: [String]
    public let condition: Discard.Condition
    /// How often the handler was invoked for them.
    public let invokeCount: Int
    /// What an OnFailure destination gets.
    public let json: [UInt8]
}

/// What a driver can tell of a handler.
package enum HandlerStep: Sendable, Equatable {
    case delivery(HandlerDelivery)
    case discard(HandlerDiscard)
}

extension HandlerDelivery: CustomStringConvertible {
    /// As in `delivered 1 2 (attempt 3): failed from 2`.
    public var description: String {
        let list = records.isEmpty ? " nothing" : records.reduce(into: "") { $0 += " \($1)" }
        return "delivered\(list)" + (attempt > 1 ? " (attempt \(attempt))" : "") + ": " + result
    }

    private var result: String {
        switch outcome {
        case .success: "done"
        case .partialFailure(let lowest, _): "failed from \(lowest)"
        case .failure(let reason): failure.map(\.description) ?? "failed (\(reason))"
        case .notStarted: "not started"
        }
    }
}

extension HandlerDiscard: CustomStringConvertible {
    /// As in `given up 2: RetryAttemptsExhausted after 9 invocations`.
    public var description: String {
        let list = records.reduce(into: "") { $0 += " \($1)" }
        return "given up\(list): \(condition.rawValue) after \(invokeCount) invocations"
    }
}
