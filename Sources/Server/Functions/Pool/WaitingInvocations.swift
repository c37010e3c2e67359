/// Invocations that wait for their turn, the oldest first, within limits.
struct WaitingInvocations {
    struct Waiting: Sendable {
        let invocation: Invocation
        let completion: @Sendable (InvocationResult) -> Void
        let untilMilliseconds: UInt64
    }

    private let countMax: Int
    private let bytesMax: Int
    private var entries: [Waiting] = []
    private var bytes = 0

    init(_ limits: FunctionLimits) {
        countMax = limits.queuedInvocations
        bytesMax = limits.queuedBytes
    }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    /// Until when the oldest waits.
    var firstUntilMilliseconds: UInt64? { entries.first?.untilMilliseconds }

    /// - Returns: false when there is no room.
    mutating func append(_ waiting: Waiting) -> Bool {
        guard entries.count < countMax, bytes + waiting.invocation.payload.count <= bytesMax || entries.isEmpty else {
            return false
        }
        bytes += waiting.invocation.payload.count
        entries.append(waiting)
        return true
    }

    /// Puts one back that was taken; it had its room already.
    mutating func putBack(_ waiting: Waiting) {
        bytes += waiting.invocation.payload.count
        entries.insert(waiting, at: 0)
    }

    mutating func takeFirst() -> Waiting? {
        guard !entries.isEmpty else { return nil }
        let first = entries.removeFirst()
        bytes -= first.invocation.payload.count
        return first
    }

    mutating func takeAll() -> [Waiting] {
        defer { (entries, bytes) = ([], 0) }
        return entries
    }

    /// Takes those whose time is over.
    mutating func takeExpired(at now: UInt64) -> [Waiting] {
        var expired: [Waiting] = []
        while let until = firstUntilMilliseconds, until <= now, let first = takeFirst() { expired.append(first) }
        return expired
    }
}
