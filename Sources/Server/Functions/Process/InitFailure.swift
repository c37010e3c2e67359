import JSONBytes

/// Why a process never asked for an invocation.
enum InitFailure: Sendable, Equatable {
    /// What the runtime reported itself: AWS's error object.
    case reported([UInt8])
    case ended(HandlerProcess.End)
    case timedOut(milliseconds: Int)
    /// The package has nothing that can be started.
    case invalidEntrypoint(String)
    /// The machine lacks what the function needs.
    case executableMissing(String)
    /// It was stopped on purpose.
    case stopped

    /// What the invocation gets that waited for the process.
    func result(requestID: String) -> InvocationResult {
        let payload: [UInt8]
        switch self {
        case .reported(let object): payload = object
        case .ended(let end): payload = ErrorObject.exited(requestID: requestID, end)
        case .timedOut(let milliseconds):
            payload = ErrorObject.initTimedOut(requestID: requestID, milliseconds: milliseconds)
        case .invalidEntrypoint(let reason):
            payload = ErrorObject.invalidEntrypoint(requestID: requestID, reason)
        case .executableMissing(let reason): return .notStarted(.executableMissing(reason))
        case .stopped: return .notStarted(.stopping)
        }
        return .functionError(kind: InvocationResult.unhandled, payload: payload, logTail: [])
    }

    /// For the log.
    var text: String {
        switch self {
        case .reported(let object): "its runtime reported \(String(decoding: object.prefix(1000), as: UTF8.self))"
        case .ended(let end): end.text
        case .timedOut(let milliseconds): "it did not ask for work within \(ErrorObject.seconds(milliseconds)) seconds"
        case .invalidEntrypoint(let reason), .executableMissing(let reason): reason
        case .stopped: "it was stopped"
        }
    }
}
