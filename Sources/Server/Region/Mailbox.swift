import Dispatch
import Synchronization

/// Hands elements from any thread to one consuming thread, in order, many at a time.
final class Mailbox<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements: [Element] = []
        var isClosed = false
        /// Whether the consumer sleeps, or is about to, until it is signalled.
        var isWaiting = false

        /// Whether the consumer has to be woken; true once for each of its waits.
        mutating func takeWaiter() -> Bool {
            defer { isWaiting = false }
            return isWaiting
        }
    }

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)

    /// False when the mailbox is closed; the element was not taken.
    func append(_ element: Element) -> Bool {
        let (isTaken, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.elements.append(element)
            return (true, state.takeWaiter())
        }
        if mustWake { filled.signal() }
        return isTaken
    }

    /// Waits for elements and moves them into `taken`, at most `limit` of them. False when the mailbox is closed and empty.
    func take(into taken: inout [Element], limit: Int) -> Bool {
        taken.removeAll(keepingCapacity: true)
        while true {
            let isClosed = state.withLock { state in
                if state.elements.count <= limit {
                    swap(&taken, &state.elements)
                } else {
                    taken.append(contentsOf: state.elements.prefix(limit))
                    state.elements.removeFirst(limit)
                }
                state.isWaiting = taken.isEmpty && !state.isClosed
                return state.isClosed
            }
            if !taken.isEmpty { return true }
            if isClosed { return false }
            filled.wait()
        }
    }

    /// Lets the consumer finish what is there and refuses anything more.
    func close() {
        let mustWake = state.withLock { state in
            state.isClosed = true
            return state.takeWaiter()
        }
        if mustWake { filled.signal() }
    }
}
