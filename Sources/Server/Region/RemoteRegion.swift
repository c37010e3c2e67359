import KeyValueStore
public import Partition
public import Replication
import Synchronization

/// A region of another process, as it has told of itself over the log that carries changes.
///
/// Everything here may be a moment old. It is never ahead: what the region tells is durable there. While its story is heard again from the
/// beginning, what was known before stays.
public final class RemoteRegion: LinkSource {
    /// How long two processes that serve the region are spoken of after they were last noticed, in milliseconds.
    static let rivalMilliseconds: UInt64 = 30_000
    public let name: RegionName
    private let state = Mutex(State())
    private let wallClock: WallClock
    /// Set whenever tables come, go or are changed.
    let changed: Signal

    private struct State: Sendable {
        var known = RemoteCatalogue()
        /// What is heard of the past, until it has reached the present.
        var past: RemoteCatalogue?
        var isComplete = false
        var trouble: String?
        var rivalMilliseconds: UInt64?
    }

    init(_ name: RegionName, wallClock: WallClock, changed: Signal) {
        self.name = name
        self.wallClock = wallClock
        self.changed = changed
    }

    // MARK: What is known

    /// Whether the region is known well enough to decide by it: also that it does not have a table.
    public var isKnown: Bool { state.withLock { $0.isComplete && $0.known.region != nil } }

    /// Whether the region may turn out to be there in a moment: it is being heard for the first time.
    public var isBeingHeard: Bool { state.withLock { !$0.isComplete && $0.trouble == nil } }

    /// How long ago the region told anything, in milliseconds; nil when it never has.
    public var silenceMilliseconds: UInt64? {
        let heard = state.withLock { $0.known.heardMilliseconds }
        let now = wallClock.milliseconds
        return heard.map { now - min(now, $0) }
    }

    /// What keeps this process from hearing the region; nil when nothing does.
    public var trouble: String? {
        let now = wallClock.milliseconds
        return state.withLock { state in
            if let rival = state.rivalMilliseconds, now < rival + Self.rivalMilliseconds {
                return "two processes serve \(name); stop one of them"
            }
            return state.trouble
        }
    }

    /// In byte order of the names.
    public var tables: [PublishedTable] {
        state.withLock { Array($0.known.byName.values) }
            .sorted { $0.definition.name.utf8.lexicographicallyPrecedes($1.definition.name.utf8) }
    }

    public func published(_ name: String) -> PublishedTable? { state.withLock { $0.known.byName[name] } }

    public func table(named name: String) -> TableDefinition? { published(name)?.definition }

    public var isIsolated: Bool { state.withLock { $0.known.region?.isIsolated } ?? false }

    var failure: StoreError? { nil }

    var tellsHeadLate: Bool { true }

    public var nowMilliseconds: UInt64 {
        let offset = state.withLock { $0.known.region?.clockOffsetMilliseconds } ?? 0
        let (sum, overflows) = Int64(clamping: wallClock.milliseconds).addingReportingOverflow(offset)
        return overflows ? wallClock.milliseconds : UInt64(clamping: sum)
    }

    func head(
        of table: TableDefinition
    ) -> (counters: TableCounters, clock: HybridTimestamp, durableClock: HybridTimestamp)? {
        state.withLock { state in
            guard let region = state.known.region, let told = state.known.byName[table.name],
                told.definition.tableID == table.tableID
            else { return nil }
            // The log is in topics, whatever the region's own store has trimmed.
            var counters = TableCounters()
            counters.nextSequence = told.nextSequence
            // What a region tells others was made durable before.
            let clock = HybridTimestamp(rawValue: region.clock)
            return (counters, clock, durableClock: clock)
        }
    }

    func oldestOwnChangeMilliseconds(in table: TableDefinition, behind cursor: LinkCursor) -> UInt64? { nil }

    func makeDurable() -> Bool { true }

    // MARK: What is told

    /// Says that everything will be told from the beginning.
    public func beginListening() { state.withLock { $0.past = RemoteCatalogue() } }

    /// Says that the present is reached: everything has been told that was there when the listening began.
    public func noteComplete() {
        let isNews = state.withLock { state in
            guard let past = state.past else { return false }
            state.known = past
            state.past = nil
            state.isComplete = true
            return true
        }
        if isNews { changed.signal() }
    }

    public func take(_ table: PublishedTable, incarnation: String, atMilliseconds milliseconds: Int64) {
        tell(atMilliseconds: milliseconds) { $0.take(table, incarnation: incarnation) }
    }

    public func forget(tableID: String, atMilliseconds milliseconds: Int64) {
        tell(atMilliseconds: milliseconds) { $0.forget(tableID: tableID) }
    }

    public func take(_ region: PublishedRegion, incarnation: String, atMilliseconds milliseconds: Int64) {
        let now = wallClock.milliseconds
        state.withLock { state in
            if state.past == nil, state.known.isFormer(incarnation) { state.rivalMilliseconds = now }
        }
        tell(atMilliseconds: milliseconds) { $0.take(region, incarnation: incarnation) }
    }

    /// - Parameter body: answers whether tables came, went or were changed.
    private func tell(atMilliseconds milliseconds: Int64, _ body: (inout RemoteCatalogue) -> Bool) {
        let isNews = state.withLock { state in
            if state.past != nil {
                state.past?.heardMilliseconds = UInt64(clamping: milliseconds)
                if var past = state.past {
                    // Else its tables were copied for each message.
                    state.past = nil
                    _ = body(&past)
                    state.past = past
                }
                return false
            }
            state.known.heardMilliseconds = UInt64(clamping: milliseconds)
            return body(&state.known)
        }
        if isNews { changed.signal() }
    }

    public func note(trouble: String?) { state.withLock { $0.trouble = trouble } }
}
