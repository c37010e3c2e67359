/// One request's place in the order of a connection's responses, and what its response must know of it.
struct AnswerSlot: Sendable {
    let sequence: Int
    let id: RequestID
    /// Whether the client wants the connection to stay open.
    let keepsAlive: Bool
    /// Whether the request was a `HEAD`.
    let omitsBody: Bool
    /// Whether the client understands a body in chunks: it does from HTTP/1.1 on.
    var takesChunks = true
}

/// The order of the responses of one connection: that of its requests, whatever the order in which they are answered.
struct AnswerQueue {
    private var nextSequence = 0
    private var nextToSend = 0
    /// Answers that came before those of earlier requests. As many as there are unanswered requests at most.
    private var early: [(slot: AnswerSlot, response: HTTPResponse)] = []

    /// How many requests have a place and no response sent.
    var outstanding: Int { nextSequence - nextToSend }
    /// How many responses have been sent.
    var sent: Int { nextToSend }

    /// The place of the next request.
    mutating func takePlace() -> Int {
        defer { nextSequence += 1 }
        return nextSequence
    }

    /// Takes the answer of `slot`.
    /// - Returns: whether it is its turn and the caller sends it now. Else it is kept for `nextInTurn`.
    mutating func settle(_ slot: AnswerSlot, _ response: HTTPResponse) -> Bool {
        if slot.sequence == nextToSend {
            nextToSend += 1
            return true
        }
        early.append((slot, response))
        return false
    }

    /// An answer that was kept and whose turn has come. The caller sends it now.
    mutating func nextInTurn() -> (slot: AnswerSlot, response: HTTPResponse)? {
        guard !early.isEmpty, let index = early.firstIndex(where: { $0.slot.sequence == nextToSend }) else {
            return nil
        }
        nextToSend += 1
        return early.remove(at: index)
    }

    /// Forgets the answers that were kept: they will not be sent.
    mutating func dropEarly() {
        guard !early.isEmpty else { return }
        for (_, response) in early { response.streamedBody?.close() }
        early = []
    }
}
