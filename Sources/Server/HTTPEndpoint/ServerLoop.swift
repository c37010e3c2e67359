import Glibc
import Logging
import NIOCore
import Synchronization

/// What the connections of one event loop share: outbox, sweep, clock, buffers.
///
/// Sendable although unchecked: everything mutable is touched on the event loop only, which each method that touches it
/// checks or whose caller is on it; the outbox and the connection count, which other threads use, guard themselves.
final class ServerLoop: @unchecked Sendable {
    let eventLoop: any EventLoop
    let limits: HTTPServer.Limits
    let logger: Logger
    let handler: HTTPServer.Handler
    private let connectionCount: ConnectionCount
    private let outbox = Outbox()

    private var connections: [HTTPConnection] = []
    private var ids = RequestIDGenerator()
    private var writer = ResponseWriter()
    private var outputBuffer = ByteBuffer()
    private var sweepCount = 0
    private var sweepTask: RepeatedTask?
    private var refusedSinceSweep = 0

    private var delivered: [Outbox.Entry] = []
    private var connectionsToFlush: [HTTPConnection] = []
    private var isDelivering = false

    /// Bytes of bodies that have begun and not ended to arrive.
    var incompleteBodyBytes = 0
    /// The server is shutting down: connections close after the responses that they owe.
    private(set) var isDraining = false
    private var drained: EventLoopPromise<Void>?

    init(
        eventLoop: any EventLoop, limits: HTTPServer.Limits, logger: Logger, connectionCount: ConnectionCount,
        handler: @escaping HTTPServer.Handler
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.logger = logger
        self.connectionCount = connectionCount
        self.handler = handler
        writer.setTime(secondsSince1970: time(nil))
    }

    // MARK: Connections

    /// Makes an accepted channel a connection of this loop.
    /// - Throws: `ConnectionRefused` when there are too many, or the server is shutting down. The channel is then closed.
    func adopt(_ channel: any Channel, listener: Int) throws {
        eventLoop.preconditionInEventLoop()
        guard !isDraining, connectionCount.take(atMost: limits.connections) else {
            refusedSinceSweep += 1
            throw ConnectionRefused()
        }
        do {
            try HTTPConnection(loop: self, listener: listener).install(on: channel)
        } catch {
            connectionCount.giveBack()
            throw error
        }
    }

    /// A connection has come; the count was taken by `adopt`.
    func add(_ connection: HTTPConnection) {
        connection.index = connections.count
        connections.append(connection)
    }

    /// A connection has gone.
    func remove(_ connection: HTTPConnection) {
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
        connectionCount.giveBack()
        finishDrainingIfEmpty()
    }

    // MARK: Answers

    func nextRequestID() -> RequestID { ids.next() }

    /// Takes an answer from any thread.
    func post(_ entry: Outbox.Entry) {
        if outbox.post(entry) {
            eventLoop.execute { self.deliver() }
        }
    }

    /// Hands all answers in the outbox to their connections, then flushes each of these once.
    private func deliver() {
        outbox.takeAll(into: &delivered)
        isDelivering = true
        for entry in delivered {
            entry.connection.receive(entry.answer, for: entry.slot)
        }
        isDelivering = false
        delivered.removeAll(keepingCapacity: true)
        for connection in connectionsToFlush { connection.flush() }
        connectionsToFlush.removeAll(keepingCapacity: true)
    }

    /// Whether `connection` need not flush now because the loop will at the end of its delivery.
    func takesOverFlush(of connection: HTTPConnection) -> Bool {
        if isDelivering { connectionsToFlush.append(connection) }
        return isDelivering
    }

    /// The bytes of a response, in a buffer that is recycled when the socket has taken them at once.
    func encode(_ response: HTTPResponse, for slot: AnswerSlot, keepsAlive: Bool) -> ByteBuffer {
        if outputBuffer.capacity > Self.outputBufferBytes { outputBuffer = ByteBuffer() }
        writer.write(
            response, id: slot.id, omitsBody: slot.omitsBody, keepsAlive: keepsAlive, takesChunks: slot.takesChunks,
            into: &outputBuffer)
        return outputBuffer
    }

    /// A buffer that a large response has made larger is not kept.
    private static let outputBufferBytes = 16 * 1024

    // MARK: Time

    func startSweeping() {
        eventLoop.preconditionInEventLoop()
        let interval = TimeAmount.milliseconds(Int64(limits.sweepMilliseconds))
        sweepTask = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.sweep() }
    }

    private func sweep() {
        sweepCount += 1
        writer.setTime(secondsSince1970: time(nil))
        // A copy: connections that close take themselves off the list.
        for connection in connections { connection.checkDeadline(sweep: sweepCount) }
        if refusedSinceSweep > 0 {
            logger.warning("refused connections", metadata: ["count": "\(refusedSinceSweep)"])
            refusedSinceSweep = 0
        }
    }

    // MARK: Shutdown

    /// Closes the connections that wait for a request, and the others after the responses that they owe, or after
    /// `Limits.shutdownMilliseconds`.
    /// - Returns: fulfilled when no connection is left. From then on answers are dropped.
    func drain() -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        isDraining = true
        for connection in connections { connection.closeIfUnused() }
        finishDrainingIfEmpty()
        let timeLimit = eventLoop.scheduleTask(in: .milliseconds(Int64(limits.shutdownMilliseconds))) {
            for connection in self.connections { connection.close() }
        }
        promise.futureResult.whenComplete { _ in
            timeLimit.cancel()
            self.sweepTask?.cancel()
            self.outbox.close()
        }
        return promise.futureResult
    }

    private func finishDrainingIfEmpty() {
        if isDraining, connections.isEmpty {
            drained?.succeed()
            drained = nil
        }
    }
}

/// A connection beyond the limit, or one that came during shutdown.
struct ConnectionRefused: Error {}

/// The number of open connections of a server, over all its event loops.
final class ConnectionCount: Sendable {
    private let count = Atomic(0)

    /// - Returns: `false`, and nothing counted, when there are `limit` already.
    func take(atMost limit: Int) -> Bool {
        if count.wrappingAdd(1, ordering: .relaxed).oldValue < limit { return true }
        giveBack()
        return false
    }

    func giveBack() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }
}
