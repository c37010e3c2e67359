import Synchronization

/// What the writer of a stream and its connection share: the bytes between them, and who has ended it.
final class StreamedBody: Sendable {
    private enum Phase {
        case open
        /// The writer is done; what is pending is still to be sent.
        case finishing
        /// Nothing is sent any more.
        case closed
    }

    /// What the connection has to send.
    enum Piece {
        case bytes([UInt8], isLast: Bool)
        /// The writer was too fast, or the client too slow.
        case cut
    }

    private struct State {
        var phase = Phase.open
        var pending: [UInt8] = []
        /// Pending bytes, and those that the socket has not taken yet.
        var unsentBytes = 0
        /// Whether the connection will come for the pending bytes.
        var isAnnounced = false
        var lacksRoom = false
        var roomAction: (@Sendable () -> Void)?
        var closeAction: (@Sendable () -> Void)?

        /// - Returns: what the caller runs without the lock.
        mutating func close() -> (@Sendable () -> Void)? {
            guard phase != .closed else { return nil }
            phase = .closed
            pending = []
            roomAction = nil
            defer { closeAction = nil }
            return closeAction
        }
    }

    private let state = Mutex(State())
    private let connection: HTTPConnection
    private let slot: AnswerSlot
    /// Whether the writer comes to an end by itself, so that a client may close its side and still wait for the rest.
    let hasEnd: Bool

    init(connection: HTTPConnection, slot: AnswerSlot, hasEnd: Bool) {
        self.connection = connection
        self.slot = slot
        self.hasEnd = hasEnd
    }

    private var limits: HTTPServer.Limits { connection.loop.limits }

    // MARK: The writer's side

    func write(_ bytes: [UInt8]) -> Bool {
        let (isTaken, mustAnnounce, action) = state.withLock { state in
            guard state.phase == .open else { return (false, false, Optional<@Sendable () -> Void>.none) }
            guard state.unsentBytes + bytes.count <= limits.streamUnsentBytes else {
                return (false, true, state.close())
            }
            state.pending += bytes
            state.unsentBytes += bytes.count
            state.lacksRoom = state.unsentBytes > limits.streamRoomBytes
            defer { state.isAnnounced = true }
            return (true, !state.isAnnounced, nil)
        }
        if mustAnnounce { announce() }
        action?()
        return isTaken
    }

    func finish() {
        let mustAnnounce = state.withLock { state in
            guard state.phase == .open else { return false }
            state.phase = .finishing
            return true
        }
        if mustAnnounce { announce() }
    }

    func abort() {
        close()
        announce()
    }

    var isClosed: Bool { state.withLock { $0.phase != .open } }
    var hasRoom: Bool { state.withLock { !$0.lacksRoom } }

    func onRoom(_ action: @escaping @Sendable () -> Void) {
        state.withLock { if $0.phase == .open { $0.roomAction = action } }
    }

    func onClose(_ action: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if state.phase == .closed { return true }
            state.closeAction = action
            return false
        }
        if isClosed { action() }
    }

    private func announce() {
        connection.loop.post(.init(connection: connection, slot: slot, answer: .piece(self)))
    }

    // MARK: The connection's side

    /// What there is to be sent now.
    func take() -> Piece {
        state.withLock { state in
            state.isAnnounced = false
            guard state.phase != .closed else { return .cut }
            defer { state.pending = [] }
            return .bytes(state.pending, isLast: state.phase == .finishing)
        }
    }

    /// The socket took so many bytes.
    func sent(_ count: Int) {
        let action = state.withLock { state -> (@Sendable () -> Void)? in
            state.unsentBytes -= count
            guard state.lacksRoom, state.unsentBytes <= limits.streamRoomBytes else { return nil }
            state.lacksRoom = false
            return state.roomAction
        }
        action?()
    }

    /// The client is out of reach.
    func close() {
        state.withLock { $0.close() }?()
    }
}
