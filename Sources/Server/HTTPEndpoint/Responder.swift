import Logging
import NIOCore
import Synchronization

/// The way to answer one request, exactly once, from any thread.
///
/// An answer given on the connection's event loop is written at once. An answer from another thread goes through the
/// loop's outbox: many answers, one wake-up. Responses leave in the order of the requests, whatever the order of the
/// answers. If the last copy of a responder goes away unanswered, the client gets a 500 and an error is logged. A second
/// answer is dropped and logged. An answer to a client that has gone is dropped.
public struct Responder: Sendable {
    private let pending: PendingAnswer

    init(connection: HTTPConnection, slot: AnswerSlot) {
        pending = PendingAnswer(connection: connection, slot: slot)
    }

    /// The ID of the request, as in `HTTPRequest.id`.
    public var requestID: RequestID { pending.slot.id }

    /// Answers with `response`.
    public func respond(_ response: HTTPResponse) {
        pending.settle(.ready(response))
    }

    /// Answers with what `response` returns. It runs on the connection's event loop, so that work such as encoding does
    /// not burden the caller's thread; it must not block. It does not run when the client has gone.
    public func respond(deferred response: @escaping @Sendable () -> HTTPResponse) {
        pending.settle(.deferred(response))
    }

    func streamedBody(hasEnd: Bool) -> StreamedBody { pending.streamedBody(hasEnd: hasEnd) }
}

/// What became of a request.
enum Answer: Sendable {
    case ready(HTTPResponse)
    case deferred(@Sendable () -> HTTPResponse)
    /// Nobody answered it.
    case forgotten
    /// It was answered before with a stream, which has something new to send.
    case piece(StreamedBody)

    /// The client will not get it.
    func drop() {
        switch self {
        case .ready(let response): response.streamedBody?.close()
        case .piece(let body): body.close()
        case .deferred, .forgotten: break
        }
    }
}

/// The state that all copies of a responder share; its end is the end of the last of them.
private final class PendingAnswer: Sendable {
    let slot: AnswerSlot
    private let connection: HTTPConnection
    private let isSettled = Atomic(false)

    init(connection: HTTPConnection, slot: AnswerSlot) {
        self.connection = connection
        self.slot = slot
    }

    deinit {
        if !isSettled.load(ordering: .acquiring) {
            connection.loop.post(.init(connection: connection, slot: slot, answer: .forgotten))
        }
    }

    func streamedBody(hasEnd: Bool) -> StreamedBody {
        StreamedBody(connection: connection, slot: slot, hasEnd: hasEnd)
    }

    func settle(_ answer: Answer) {
        guard !isSettled.exchange(true, ordering: .acquiringAndReleasing) else {
            connection.loop.logger.error("a request was answered twice", metadata: ["request": "\(slot.id)"])
            return answer.drop()
        }
        if connection.loop.eventLoop.inEventLoop {
            connection.receive(answer, for: slot)
        } else {
            connection.loop.post(.init(connection: connection, slot: slot, answer: answer))
        }
    }
}
