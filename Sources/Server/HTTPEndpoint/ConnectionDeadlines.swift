/// How long a connection has been waiting for the same thing, and whether that is too long.
///
/// The connection is asked what it is waiting for at every sweep of its event loop and keeps no time itself, so
/// requests pay nothing for the deadlines. Time is counted in sweeps. A wait that began between two sweeps is counted
/// from the later one, and a limit is one sweep shorter than it says: so it is never exceeded.
struct ConnectionDeadlines {
    /// What the connection needs its client to do. The numbers tell one wait from the next of the same kind.
    enum Waiting: Equatable {
        /// Nothing: the server is at work.
        case nothing
        case firstRequest
        case nextRequest(after: Int)
        case restOfHead(request: Int)
        case restOfBody(request: Int)
        /// Read what the server sends.
        case reading(episode: Int)
        /// Close its side of the connection.
        case endOfInput
    }

    /// What is to be done with the connection.
    enum Verdict: Equatable {
        case keep
        /// Answer the request that is still arriving with 408.
        case refuse
        case close
    }

    private var waiting = Waiting.nothing
    private var sinceSweep = 0
    private var bodyBytesThen = 0

    /// The verdict at sweep number `sweep`; the numbers only grow.
    /// - Parameter bodyBytes: how much of the body has arrived.
    mutating func check(
        _ nowWaiting: Waiting, bodyBytes: Int, sweep: Int, limits: HTTPServer.Limits
    ) -> Verdict {
        if nowWaiting != waiting {
            waiting = nowWaiting
            sinceSweep = sweep
            bodyBytesThen = bodyBytes
        }
        let elapsedMilliseconds = (sweep - sinceSweep + 1) * limits.sweepMilliseconds
        func isOver(_ limitMilliseconds: Int) -> Bool {
            elapsedMilliseconds + limits.sweepMilliseconds > limitMilliseconds
        }
        switch waiting {
        case .nothing:
            return .keep
        case .firstRequest:
            return isOver(limits.headMilliseconds) ? .close : .keep
        case .nextRequest:
            return isOver(limits.idleMilliseconds) ? .close : .keep
        case .restOfHead:
            return isOver(limits.headMilliseconds) ? .refuse : .keep
        case .reading:
            return isOver(limits.stalledWriteMilliseconds) ? .close : .keep
        case .endOfInput:
            return isOver(limits.lingerMilliseconds) ? .close : .keep
        case .restOfBody:
            guard isOver(limits.bodyProgressMilliseconds) else { return .keep }
            if bodyBytes - bodyBytesThen < limits.bodyProgressBytes { return .refuse }
            sinceSweep = sweep
            bodyBytesThen = bodyBytes
            return .keep
        }
    }
}
