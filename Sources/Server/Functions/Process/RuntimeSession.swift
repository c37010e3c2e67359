/// Where a process stands in its conversation over the Runtime API, and what it may do there (reference 7).
///
/// The names are those of AWS's own state machine, as they appear in its refusals.
struct RuntimeSession {
    enum State: Equatable {
        /// It has not asked for anything yet.
        case started
        /// It has reported that it cannot work.
        case initError
        /// It waits for an invocation; `from` is where it was before.
        case waiting(from: Name)
        /// It has got an invocation and has not answered.
        case ready(requestID: String)
        /// It has answered and has not asked for the next one.
        case responseSent
    }

    enum Name: String {
        case started = "Started"
        case initError = "InitError"
        case ready = "Ready"
        case response = "InvocationResponse"
        case errorResponse = "InvocationErrorResponse"
        case responseSent = "RuntimeResponseSentState"
    }

    /// A call that is refused.
    enum Refusal: Error, Equatable {
        case transition(from: Name, to: Name)
        case requestID
    }

    /// What a request for the next invocation means.
    enum Next: Equatable {
        /// The first one: the process is initialised.
        case initialised
        case idle
        /// It has lost the invocation that it already has, and gets it again.
        case again
        /// A second one while the first waits: only the newer one is answered.
        case replaced
    }

    private(set) var state = State.started

    /// Whether it could begin an invocation now.
    var isWaiting: Bool {
        if case .waiting = state { true } else { false }
    }

    mutating func next() throws(Refusal) -> Next {
        switch state {
        case .started:
            state = .waiting(from: .started)
            return .initialised
        case .responseSent:
            state = .waiting(from: .responseSent)
            return .idle
        case .ready:
            return .again
        case .waiting:
            return .replaced
        case .initError:
            throw .transition(from: .initError, to: .ready)
        }
    }

    mutating func begin(requestID: String) {
        precondition(isWaiting, "an invocation goes to a process that waits for one")
        state = .ready(requestID: requestID)
    }

    /// An answer, or an error as the answer.
    mutating func respond(requestID: String, isError: Bool) throws(Refusal) {
        guard case .ready(let current) = state else {
            throw .transition(from: name, to: isError ? .errorResponse : .response)
        }
        guard requestID == current else { throw .requestID }
        state = .responseSent
    }

    mutating func failInit() throws(Refusal) {
        guard state == .started else { throw .transition(from: name, to: .initError) }
        state = .initError
    }

    private var name: Name {
        switch state {
        case .started: .started
        case .initError: .initError
        case .waiting(let from): from
        case .ready: .ready
        case .responseSent: .responseSent
        }
    }
}
