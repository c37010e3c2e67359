import Dispatch
import Synchronization

/// Wakes one waiting thread; several signals before it wakes count as one.
public final class Signal: Sendable {
    private let isPending = Atomic<Bool>(false)
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func signal() {
        if !isPending.exchange(true, ordering: .acquiringAndReleasing) { semaphore.signal() }
    }

    /// Returns after a signal.
    public func wait() {
        semaphore.wait()
        takeNote()
    }

    /// Returns after a signal, or after the time.
    public func wait(milliseconds: Int) {
        _ = semaphore.wait(timeout: .now() + .milliseconds(milliseconds))
        takeNote()
    }

    /// A signal that found the flag set counted on the waiter to look after this. The exchange makes what happened before that signal
    /// visible here; a plain store might let the waiter look too early.
    private func takeNote() {
        _ = isPending.exchange(false, ordering: .acquiringAndReleasing)
    }
}
