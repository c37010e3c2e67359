import Dispatch
import HTTPEndpoint
import Logging
import Region
import Synchronization

/// The one thread that reads logs for all clients that follow one. It runs only while there are any.
///
/// It looks at the logs every `pollMilliseconds` instead of waking with every commit: a look costs next to nothing when a log is where it
/// was, and writers have nothing to do for followers.
final class EventStreamThread: Sendable {
    /// Clients that follow something at the same time. Each may hold up to `HTTPServer.Limits.streamUnsentBytes`, usually much less.
    static let followersMax = 64
    static let pollMilliseconds = 50

    private struct State {
        var arrived: [EventStreamFollower] = []
        /// Those that have arrived included.
        var count = 0
        var isRunning = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeUp = Signal()
    private let thread = OwnedThread()
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Whether one more client would be taken.
    var hasRoom: Bool { state.withLock { !$0.isStopped && $0.count < Self.followersMax } }

    /// Gives the client what its log has from now on. Without room, and after `stop`, the stream ends.
    func add(_ follower: EventStreamFollower) {
        let isTaken = state.withLock { state in
            guard !state.isStopped, state.count < Self.followersMax else { return false }
            state.arrived.append(follower)
            state.count += 1
            if !state.isRunning { thread.start(named: "event streams") { [self] in run() } }
            state.isRunning = true
            return true
        }
        guard isTaken else { return follower.stream.abort() }
        follower.stream.onRoom { [wakeUp] in wakeUp.signal() }
        wakeUp.signal()
    }

    /// Breaks all streams off, and returns when no log is read any more.
    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
        thread.wait()
    }

    private func run() {
        var followers: [EventStreamFollower] = []
        while takeArrived(&followers) {
            let now = DispatchTime.now().uptimeNanoseconds / 1_000_000
            var hasMore = false
            for index in followers.indices.reversed() {
                switch followers[index].turn(at: now, logger) {
                case .more: hasMore = true
                case .idle: break
                case .over: followers.remove(at: index)
                }
            }
            if !hasMore { wakeUp.wait(milliseconds: Self.pollMilliseconds) }
        }
        for follower in followers { follower.stream.abort() }
    }

    /// Whether there is anyone to read for.
    private func takeArrived(_ followers: inout [EventStreamFollower]) -> Bool {
        state.withLock { state in
            followers += state.arrived
            state.arrived = []
            state.count = followers.count
            state.isRunning = !followers.isEmpty && !state.isStopped
            return state.isRunning
        }
    }
}
