/// One call of a function.
public struct Invocation: Sendable {
    /// Told to the function and part of every error; a UUID in AWS's form.
    public var requestID: String
    /// JSON.
    public var payload: [UInt8]
    /// What the caller gave as client context: JSON on one line of ASCII, as the Runtime API's header takes it; nil for none.
    public var clientContext: String?
    /// Whether the result carries the end of what the function printed.
    public var wantsLogTail: Bool

    public init(requestID: String, payload: [UInt8], clientContext: String? = nil, wantsLogTail: Bool = false) {
        self.requestID = requestID
        self.payload = payload
        self.clientContext = clientContext
        self.wantsLogTail = wantsLogTail
    }
}

/// What became of a call.
public enum InvocationResult: Sendable, Equatable {
    /// The function's answer, as it is; nobody has checked that it is JSON.
    case success(payload: [UInt8], logTail: [UInt8])
    /// The function ran and failed: it reported an error, ended, took too long or answered too much. `kind` is what
    /// `X-Amz-Function-Error` says; the payload is AWS's error object.
    case functionError(kind: String, payload: [UInt8], logTail: [UInt8])
    /// The function did not run, or was interrupted by the server's stop: it does not count as an attempt.
    case notStarted(NotStartedReason)

    /// What `X-Amz-Function-Error` says of all errors.
    public static let unhandled = "Unhandled"
}

/// Why a function did not run.
public enum NotStartedReason: Sendable, Equatable, CustomStringConvertible {
    /// As many invocations as allowed are running, and as many as allowed are waiting, or one has waited as long as allowed.
    case throttled
    /// There is no such function.
    case noSuchFunction
    /// The function is being created or could not be.
    case notActive(state: String)
    /// The command or the interpreter is not on this machine.
    case executableMissing(String)
    /// Nobody answers at the function's address.
    case unreachable(String)
    /// The server is stopping, or the function is being deleted.
    case stopping

    public var description: String {
        switch self {
        case .throttled: "too many invocations at the same time"
        case .noSuchFunction: "there is no such function"
        case .notActive(let state): "the function is in state \(state)"
        case .executableMissing(let text): text
        case .unreachable(let text): text
        case .stopping: "the function is being stopped"
        }
    }
}
