import Dispatch
import Foundation

/// A thread that its owner starts, and waits for when it stops.
public final class OwnedThread: Sendable {
    private let end = DispatchGroup()

    public init() {}

    /// Runs the body once, on a thread of this name.
    public func start(named name: String, _ body: @escaping @Sendable () -> Void) {
        end.enter()
        startThread(named: name) { [end] in
            body()
            end.leave()
        }
    }

    /// Returns when the body has ended, at once when none was started.
    public func wait() {
        end.wait()
    }
}

/// Starts a named thread that runs the body once, and that nobody waits for.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    // Deeply nested documents are compared and encoded recursively, within the limits of the model.
    thread.stackSize = 8 << 20
    thread.start()
}
