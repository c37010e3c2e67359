import NIOCore
import Synchronization

/// The answers from other threads that wait for an event loop.
///
/// The first answer after a delivery wakes the loop; those that come before the loop gets there ride along. There are
/// never more answers in it than unanswered requests.
final class Outbox: Sendable {
    /// An answer and where it belongs.
    struct Entry: Sendable {
        let connection: HTTPConnection
        let slot: AnswerSlot
        let answer: Answer
    }

    private struct State {
        var entries: [Entry] = []
        var isWakeUpUnderWay = false
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Adds an answer.
    /// - Returns: whether the caller must wake the event loop. After `close` the answer is dropped, and `false`.
    func post(_ entry: Entry) -> Bool {
        let (isDropped, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (true, false) }
            state.entries.append(entry)
            defer { state.isWakeUpUnderWay = true }
            return (false, !state.isWakeUpUnderWay)
        }
        if isDropped { entry.answer.drop() }
        return mustWake
    }

    /// Swaps all answers for `emptied`, whose storage the next ones will use.
    func takeAll(into emptied: inout [Entry]) {
        state.withLock { state in
            swap(&state.entries, &emptied)
            state.isWakeUpUnderWay = false
        }
    }

    /// Drops the answers that are there and all later ones. Their connections are gone.
    func close() {
        let dropped = state.withLock { state in
            state.isClosed = true
            defer { state.entries = [] }
            return state.entries
        }
        // Dropped here, outside the lock: a responder that goes with them posts in turn.
        for entry in dropped { entry.answer.drop() }
    }
}
