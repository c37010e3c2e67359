import Bytes
import ChangeStream
import Dispatch
import EventSource
import Functions
import KeyValueStore
public import Logging
import Partition
public import Region
import Synchronization

/// Runs the event source mappings of one region: one thread reads each stream once for all its mappings, filters, and drives their engines.
///
/// Functions are called and payloads are built elsewhere, so that one mapping's large batch holds up no other. Positions are kept in the
/// region's store; what was delivered and not yet saved is delivered again after a crash.
public final class EventSourceHost: Sendable {
    /// Mappings of one region.
    public static let mappingsMax = 10_000
    /// Records that are read of one stream before another has its turn.
    static let recordsPerTurnMax: UInt64 = 1024
    /// How long the host sleeps when nothing signals it, in milliseconds.
    static let pollMilliseconds = 1000
    /// How often records are checked for having grown too old, in milliseconds.
    static let trimCheckMilliseconds: UInt64 = 60_000

    let region: Region
    let calls: FunctionCalls
    let logger: Logger
    let reports: MappingReports
    /// Builds payloads and delivers failures.
    let workers = DispatchQueue(label: "event-sources.payloads", attributes: .concurrent)
    private let wakeUp: Signal
    private let inbox = Mutex<[Message]>([])
    private let statuses = Mutex<[String: MappingStatus]>([:])
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    enum Message: Sendable {
        case put(MappingSpecification)
        case remove(id: String)
        case completed(MappingRun, InvocationID, InvocationOutcome, problem: String?)
        case settled(MappingRun, DiscardID)
    }

    public init(region: Region, calls: FunctionCalls, logger: Logger) {
        self.region = region
        self.calls = calls
        self.logger = logger
        reports = MappingReports(region: region.name, logger: logger) { region.submit(.emit($0)) { _ in } }
        wakeUp = region.observe(as: "event sources")
    }

    public func start() {
        thread.start(named: "event sources \(region.name)") { [self] in
            var loop = EventSourceLoop(host: self)
            loop.run()
        }
    }

    /// Begins nothing more, saves all positions and returns. Answers that have come count; calls that are under way are forgotten: they
    /// are made again.
    public func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
        // A call that the thread handed over has been made, too, when this returns.
        workers.sync(flags: .barrier) {}
    }

    /// Adds a mapping, or gives it other settings.
    public func put(_ specification: MappingSpecification) {
        announce(.put(specification)) { statuses in
            guard let status = statuses[specification.id] else {
                statuses[specification.id] = MappingStatus(state: .creating)
                return
            }
            let state: MappingState =
                switch (status.state, specification.isEnabled) {
                case (.disabled, true), (.disabling, true): .enabling
                case (.enabled, false), (.updating, false): .disabling
                default: .updating
                }
            statuses[specification.id]?.state = state
        }
    }

    /// Ends a mapping and forgets its position.
    public func remove(id: String) {
        announce(.remove(id: id)) { $0[id]?.state = .deleting }
    }

    /// Shows what is to come and sends it, at once for `publish`: a status that the loop shows between the two would be taken for what comes of
    /// the message.
    private func announce(_ message: Message, _ show: (inout [String: MappingStatus]) -> Void) {
        statuses.withLock { statuses in
            show(&statuses)
            inbox.withLock { $0.append(message) }
        }
        wakeUp.signal()
    }

    /// Nil when there is no such mapping (any more).
    public func status(of id: String) -> MappingStatus? { statuses.withLock { $0[id] } }

    func send(_ message: Message) {
        inbox.withLock { $0.append(message) }
        wakeUp.signal()
    }

    // MARK: For the loop

    var mustStop: Bool { isStopping.isSet }

    func takeMessages() -> [Message] {
        inbox.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }

    func wait(milliseconds: Int) { wakeUp.wait(milliseconds: milliseconds) }

    func publish(_ status: MappingStatus, of id: String) {
        statuses.withLock { statuses in
            // What `put` and `remove` have announced stays until the loop has heard of it.
            guard inbox.withLock({ !$0.contains { $0.announces(id) } }) else { return }
            statuses[id] = status
        }
    }

    func forget(_ id: String) { _ = statuses.withLock { $0.removeValue(forKey: id) } }
}

extension EventSourceHost.Message {
    fileprivate func announces(_ mapping: String) -> Bool {
        switch self {
        case .put(let specification): specification.id == mapping
        case .remove(let id): id == mapping
        case .completed, .settled: false
        }
    }
}
