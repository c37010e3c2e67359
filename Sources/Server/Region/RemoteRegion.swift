import KeyValueStore
public import Partition
public import Replication
import Synchronization

/// A region of another process, as it has told of itself over the log that carries changes.
///
/// Everything here may be a moment old. It is never ahead: what the region tells is durable there.
public final class RemoteRegion: LinkSource {
    public let name: RegionName
    /// Incarnations that are remembered.
    private static let pastMax = 16
    private let state = Mutex(State())
    private let wallClock: WallClock
    /// Set whenever tables come, go or are changed.
    let changed: Signal

    private struct State: Sendable {
        var incarnation: String?
        /// Those before, newest last.
        var past: [String] = []
        var region: PublishedRegion?
        /// By TableId, with the incarnation that told of it.
        var told: [String: (table: PublishedTable, incarnation: String)] = [:]
        /// By name: those of the present incarnation.
        var tables: [String: PublishedTable] = [:]
        /// Whether everything is read that had been told before this process began to listen.
        var isComplete = false
        var heard: ContinuousClock.Instant?
        /// An incarnation that came back after another: two processes serve the region.
        var rival: String?
        var trouble: String?

        /// Answers whether tables came or went. Of two with one name the one made last counts.
        mutating func refresh() -> Bool {
            let before = tables.mapValues(\.definition.tableID)
            let current = told.values.filter { $0.incarnation == incarnation }.map(\.table)
            tables = Dictionary(current.map { ($0.definition.name, $0) }) { one, other in
                one.definition.number < other.definition.number ? other : one
            }
            return before != tables.mapValues(\.definition.tableID)
        }
    }

    init(_ name: RegionName, wallClock: WallClock, changed: Signal) {
        self.name = name
        self.wallClock = wallClock
        self.changed = changed
    }

    // MARK: What is known

    /// Whether the region is known well enough to decide by it: also that it does not have a table.
    public var isKnown: Bool { state.withLock { $0.isComplete && $0.region != nil } }

    /// How long ago the region told anything; nil when it never has.
    public var silence: Duration? { state.withLock { $0.heard }.map { ContinuousClock.now - $0 } }

    /// What keeps this process from hearing the region; nil when nothing does.
    public var trouble: String? {
        state.withLock { $0.rival == nil ? $0.trouble : "two processes serve \(name); stop one of them" }
    }

    /// In byte order of the names.
    public var tables: [PublishedTable] {
        state.withLock { Array($0.tables.values) }
            .sorted { $0.definition.name.utf8.lexicographicallyPrecedes($1.definition.name.utf8) }
    }

    public func published(_ name: String) -> PublishedTable? { state.withLock { $0.tables[name] } }

    public func table(named name: String) -> TableDefinition? { published(name)?.definition }

    public var isIsolated: Bool { state.withLock { $0.region?.isIsolated } ?? false }

    var failure: StoreError? { nil }

    public var nowMilliseconds: UInt64 {
        let offset = state.withLock { $0.region?.clockOffsetMilliseconds } ?? 0
        let now = Int64(clamping: wallClock.milliseconds)
        return UInt64(clamping: now.addingReportingOverflow(offset).partialValue)
    }

    func head(of table: TableDefinition) -> (counters: TableCounters, clock: HybridTimestamp)? {
        state.withLock { state in
            guard let region = state.region, let known = state.tables[table.name],
                known.definition.tableID == table.tableID
            else { return nil }
            // The log is in topics, whatever the region's own store has trimmed.
            var counters = TableCounters()
            counters.nextSequence = known.nextSequence
            return (counters, HybridTimestamp(rawValue: region.clock))
        }
    }

    func makeDurable() -> Bool { true }

    // MARK: What is told

    public func take(_ table: PublishedTable, incarnation: String) {
        let isNews = state.withLock { state in
            let before = state.told.updateValue((table, incarnation), forKey: table.definition.tableID)?.table
                .definition
            state.heard = .now
            return state.refresh() || before != table.definition
        }
        if isNews { changed.signal() }
    }

    public func forget(tableID: String) {
        let isNews = state.withLock { state in
            state.heard = .now
            state.told[tableID] = nil
            return state.refresh()
        }
        if isNews { changed.signal() }
    }

    public func take(_ region: PublishedRegion, incarnation: String) {
        let isNews = state.withLock { state in
            let isFirst = state.region == nil
            state.heard = .now
            state.region = region
            guard state.incarnation != incarnation else { return isFirst }
            if state.past.contains(incarnation) { state.rival = incarnation }
            if let before = state.incarnation { state.past = state.past.suffix(Self.pastMax) + [before] }
            state.incarnation = incarnation
            // A process tells of all its tables before it tells of the region.
            state.told = state.told.filter { $0.value.incarnation == incarnation }
            return state.refresh() || isFirst
        }
        if isNews { changed.signal() }
    }

    /// Says that everything has been read that was there when the listening began.
    public func noteComplete() {
        let isNews = state.withLock { state in
            defer { state.isComplete = true }
            return !state.isComplete
        }
        if isNews { changed.signal() }
    }

    public func note(trouble: String?) { state.withLock { $0.trouble = trouble } }
}
