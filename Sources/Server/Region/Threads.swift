import Foundation

/// Starts a named thread that runs the body once.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    // Deeply nested documents are compared and encoded recursively, within the limits of the model.
    thread.stackSize = 8 << 20
    thread.start()
}
