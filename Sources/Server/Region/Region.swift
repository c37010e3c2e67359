public import Capacity
public import KeyValueStore
public import Logging
public import Partition
public import Replication
import Synchronization

/// One region of this process: its store, its writer thread, and what readers may see of it.
///
/// Writes go through `submit` to the one writer; reads go straight to the store, which shows only what is committed and durable.
public final class Region: Sendable {
    /// Commands that one commit covers at the most.
    static let commandsPerGroupMax = 1024

    public let name: RegionName
    public let store: RegionStore
    public let wallClock: MovableClock
    /// What reads of the region's tables use.
    public let reads: ReadCapacity
    let logger: Logger
    private let mailbox = Mailbox<Envelope>()
    private let published: Mutex<Published>
    private let observers = Mutex<[String: Signal]>([:])
    private let isolation = Atomic<Bool>(false)
    private let expiredItems = Mutex<[TableDefinition.Number: UInt64]>([:])
    private let writerThread = OwnedThread()

    struct Envelope: Sendable {
        let command: Command
        let completion: @Sendable (Reply) -> Void
    }

    /// What the last commit left, for all threads.
    private struct Published: Sendable {
        var catalogue = Catalogue([])
        var heads: [TableDefinition.Number: TableHead] = [:]
        /// Every later write of this region has a greater timestamp.
        var clock: HybridTimestamp
        /// So has every one after a power failure.
        var durableClock: HybridTimestamp
        var nextTableNumber: TableDefinition.Number
        var controlLog = ControlLog()
        var arrivals: Arrivals
        var failure: StoreError?
    }

    /// Counters and cursors of a table as of the last commit.
    public struct TableHead: Sendable {
        public var counters: TableCounters
        public var cursors: [RegionName: LinkCursor]
        /// What writes use, since the process started.
        public var writes: CapacityMeter

        init(_ partition: Partition) {
            counters = partition.counters
            cursors = partition.cursors
            writes = partition.writes
        }
    }

    /// Reads the region back from its store and starts its writer.
    ///
    /// - Parameters:
    ///   - wallClock: what the region's own clock is offset from.
    ///   - enforcesThroughput: whether requests are refused when provisioned capacity is used up.
    ///   - logsAllTables: whether tables without stream and replicas log their changes too.
    public init(
        name: RegionName, store: RegionStore, wallClock: WallClock, enforcesThroughput: Bool = false,
        logsAllTables: Bool = false, logger: Logger
    ) throws(StoreError) {
        self.name = name
        self.store = store
        self.wallClock = MovableClock(wallClock)
        self.logger = logger
        reads = ReadCapacity(isEnforced: enforcesThroughput)
        var engine = try RegionEngine(
            loading: store, as: name, enforcesThroughput: enforcesThroughput,
            wallMilliseconds: self.wallClock.milliseconds)
        engine.logsAllTables = logsAllTables
        published = Mutex(
            Published(
                clock: engine.clock.last, durableClock: engine.durableClock, nextTableNumber: engine.nextTableNumber,
                arrivals: engine.arrivals))
        publish(engine, tables: Array(engine.tables.keys), withCatalogue: true)
        let writer = RegionWriter(region: self, engine: engine)
        writerThread.start(named: "writer \(name)") { writer.run() }
    }

    /// Queues a command; the completion runs on the writer's thread once the outcome is durable.
    public func submit(_ command: Command, completion: @escaping @Sendable (Reply) -> Void) {
        if !mailbox.append(Envelope(command: command, completion: completion)) { completion(.failed(.unknownOutcome)) }
    }

    /// Queues a command and waits. Not for event loops.
    ///
    /// - Parameter meanwhile: a piece of what the caller does in the time; answers whether there is more of it.
    public func perform(_ command: Command, meanwhile: () -> Bool = { false }) -> Reply {
        let done = Signal()
        let reply = Mutex<Reply?>(nil)
        submit(command) { result in
            reply.withLock { $0 = result }
            done.signal()
        }
        while reply.withLock({ $0 == nil }), meanwhile() {}
        done.wait()
        return reply.withLock { $0 } ?? .failed(.unknownOutcome)
    }

    public var catalogue: Catalogue { published.withLock { $0.catalogue } }

    /// Counters of a table as of the last commit; zeros for a table that is gone.
    public func counters(_ number: TableDefinition.Number) -> TableCounters {
        published.withLock { $0.heads[number]?.counters } ?? TableCounters()
    }

    public func head(_ number: TableDefinition.Number) -> TableHead? { published.withLock { $0.heads[number] } }

    /// A table's counters together with the promises of the clock.
    func headWithClocks(
        _ number: TableDefinition.Number
    ) -> (head: TableHead, clock: HybridTimestamp, durableClock: HybridTimestamp)? {
        published.withLock { state in state.heads[number].map { ($0, state.clock, state.durableClock) } }
    }

    /// Tables, their heads, and the promise that every change logged later has a greater timestamp: all as of one commit.
    public var state: (catalogue: Catalogue, heads: [TableDefinition.Number: TableHead], clock: HybridTimestamp) {
        published.withLock { ($0.catalogue, $0.heads, $0.clock) }
    }

    /// The number for the region's next table.
    public var nextTableNumber: TableDefinition.Number { published.withLock { $0.nextTableNumber } }

    /// Which control events there are, as of the last commit.
    public var controlLog: ControlLog { published.withLock { $0.controlLog } }

    /// Which transactions of other regions are half visible here, and how many have arrived, as of the last commit.
    public var arrivals: Arrivals { published.withLock { $0.arrivals } }

    /// The same together with the number that a table's next change will get, as of one commit.
    public func arrivals(with number: TableDefinition.Number) -> (arrivals: Arrivals, nextSequence: UInt64) {
        published.withLock { ($0.arrivals, ($0.heads[number]?.counters ?? TableCounters()).nextSequence) }
    }

    /// Whether nothing of other regions comes in and nothing goes out. Clients are served all the same.
    public var isIsolated: Bool { isolation.load(ordering: .acquiring) }

    /// Answers whether that changed anything.
    func setIsolated(_ isIsolated: Bool) -> Bool {
        isolation.exchange(isIsolated, ordering: .acquiringAndReleasing) != isIsolated
    }

    /// Why the region no longer writes; nil while it does.
    public var failure: StoreError? { published.withLock { $0.failure } }

    /// Items of a table that expired and were deleted by this region since the process started.
    public func expiredItems(of number: TableDefinition.Number) -> UInt64 {
        expiredItems.withLock { $0[number] } ?? 0
    }

    func countExpired(_ count: Int, of number: TableDefinition.Number) {
        guard count > 0 else { return }
        expiredItems.withLock { $0[number, default: 0] += UInt64(count) }
    }

    /// Signals after every commit that changed something. One signal per observer, by a name of its choice.
    public func observe(as observer: String) -> Signal {
        observers.withLock { observers in
            if let signal = observers[observer] { return signal }
            let signal = Signal()
            observers[observer] = signal
            return signal
        }
    }

    /// Finishes the queued commands, then closes the store.
    func stop() {
        mailbox.close()
        writerThread.wait()
        store.close()
    }

    func takeCommands(into commands: inout [Envelope]) -> Bool {
        mailbox.take(into: &commands, limit: Self.commandsPerGroupMax)
    }

    func publish(_ engine: RegionEngine, tables: [TableDefinition.Number], withCatalogue: Bool) {
        var catalogue: Catalogue?
        if withCatalogue {
            let definitions = engine.tables.values.map(\.definition)
            reads.provision(definitions, nowMilliseconds: wallClock.milliseconds)
            catalogue = Catalogue(definitions)
        }
        published.withLock { [catalogue] state in
            state.clock = engine.clock.last
            state.durableClock = engine.durableClock
            state.nextTableNumber = engine.nextTableNumber
            state.controlLog = engine.controlLog
            state.arrivals = engine.arrivals
            if let catalogue {
                state.catalogue = catalogue
                state.heads = engine.tables.mapValues { TableHead($0) }
                return
            }
            for number in tables { state.heads[number] = engine.tables[number].map { TableHead($0) } }
        }
    }

    /// Refuses all writes from now on.
    func stopWriting(_ failure: StoreError) {
        let isFirst = published.withLock { state in
            defer { state.failure = state.failure ?? failure }
            return state.failure == nil
        }
        guard isFirst else { return }
        logger.critical(
            "the region refuses all writes until it is started again",
            metadata: ["region": "\(name)", "error": "\(failure)"])
    }

    func notifyObservers() {
        let signals = observers.withLock { Array($0.values) }
        for signal in signals { signal.signal() }
    }
}
