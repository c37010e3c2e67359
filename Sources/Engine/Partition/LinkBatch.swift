import AttributeModel
public import KeyValueStore
public import Replication

/// What a link carries in one command: changes that the source itself made, read from its log behind a cursor, and how far they bring it.
///
/// What the source's clients wrote is durable before it is in the log; what it got from other regions need not be. A cursor that was saved
/// behind such records would skip what takes their numbers after the source has lost power. So `savedCursor`, which goes with the changes,
/// stands behind the last own record; `cursor` may be further, and may be saved once the source is durable. So it is with watermarks: a
/// clock that other regions have moved is not durable yet, and may go back with the source.
public struct LinkBatch: Sendable {
    /// Changes that one command carries at the most.
    public static let changesMax = 512
    /// Log bytes that one command carries at the most (one record may be larger).
    public static let bytesMax = 1 << 20
    /// Records that one batch reads at the most, those that are not forwarded included. A change that overtakes others is not further ahead.
    public static let recordsMax = 4096

    public private(set) var changes: [ReplicatedChange] = []
    /// How far the link has come once the changes are applied.
    public private(set) var cursor: LinkCursor
    /// What is stored with the changes.
    public private(set) var savedCursor: LinkCursor
    /// Whether the batch holds as much as one command carries.
    public private(set) var isFull = false
    /// How long it takes until the next record may travel, in milliseconds; nil when none waits for time.
    public private(set) var waitMilliseconds: UInt64?

    /// Reads what may travel now, from the source's store. See `init(visiting:)`.
    public init?(
        of table: LinkedTable, to target: RegionName, from cursor: LinkCursor, _ settings: LinkSettings,
        counters: TableCounters, clock: HybridTimestamp, durableClock: HybridTimestamp, nowMilliseconds: UInt64,
        reading store: some KeyValueReader
    ) throws(StoreError) {
        try self.init(
            of: table, to: target, from: cursor, settings, counters: counters, clock: clock,
            durableClock: durableClock, nowMilliseconds: nowMilliseconds
        ) { (first, end, body) throws(StoreError) in
            try LinkRecord.visit(of: table, from: first, until: end, reading: store, body)
        }
    }

    /// Visits records from `first` up to, not including, `end`: in order, without gaps, and as far as they have come.
    public typealias Visit = (
        _ first: UInt64, _ end: UInt64, _ body: (LinkRecord) -> ScanStep
    ) throws(StoreError) -> Void

    /// Reads what may travel now. An empty batch whose cursor has moved is no less news than a full one.
    ///
    /// - Parameters:
    ///   - table: the source's.
    ///   - cursor: how far the link has come with it.
    ///   - counters: of the source's table, as of its last commit.
    ///   - clock: of the source at that commit: every later record has a greater timestamp.
    ///   - durableClock: the same promise, which the source keeps after a power failure too.
    ///   - nowMilliseconds: the source's wall clock.
    ///   - visit: reads the source's log.
    /// - Returns: nil when the log does not reach back to the cursor.
    public init?(
        of table: LinkedTable, to target: RegionName, from cursor: LinkCursor, _ settings: LinkSettings,
        counters: TableCounters, clock: HybridTimestamp, durableClock: HybridTimestamp, nowMilliseconds: UInt64,
        visiting visit: Visit
    ) throws(StoreError) {
        self.cursor = cursor
        savedCursor = cursor
        let head = counters.nextSequence
        guard cursor.next < head else {
            // The whole log up to the promise of the clock is applied.
            if table.promisesByClock { self.cursor.watermark = clock }
            return
        }
        guard cursor.next >= counters.firstSequence else { return nil }
        var pass = LinkPass(
            settings, table: table.name, from: table.region, to: target, cursor: cursor,
            nowMilliseconds: nowMilliseconds)
        try read(&pass, of: table, from: cursor.next, to: head, visiting: visit)
        self.cursor = pass.cursor(watermark: cursor.watermark)
        if self.cursor.next >= head, table.promisesByClock { self.cursor.watermark = clock }
        savedCursor = pass.safeCursor(watermark: min(self.cursor.watermark, durableClock))
        waitMilliseconds = pass.waitMilliseconds
    }

    private mutating func read(
        _ pass: inout LinkPass, of table: LinkedTable, from first: UInt64, to head: UInt64, visiting visit: Visit
    ) throws(StoreError) {
        var bytes = 0
        try visit(first, min(head, first + UInt64(Self.recordsMax))) { record in
            guard case .own(let change, let commitMilliseconds) = record.content,
                !table.isLegacyGlobal || change.travelsFromLegacyGlobalTable
            else {
                pass.skip(record.sequence)
                return .next
            }
            if pass.skipApplied(record.sequence) { return .next }
            let decision = pass.decide(record.sequence, key: change.key, commitMilliseconds: commitMilliseconds)
            guard decision == .travels else { return pass.isOver ? .stop : .next }
            changes.append(change)
            bytes += record.byteCount
            isFull = changes.count >= Self.changesMax || bytes >= Self.bytesMax
            return isFull ? .stop : .next
        }
    }
}

/// What a link needs to know of the table that it reads. (Definitions are large.)
public struct LinkedTable: Sendable {
    let number: TableDefinition.Number
    let name: String
    let region: RegionName
    let keySchema: KeySchema
    let isLegacyGlobal: Bool
    /// Whether nothing that is logged from now on is older than the region's clock. Into a replica that is being filled, or that joins, come also
    /// its region's writes from before it lost an earlier one. (So they may into one that is rebuilt from `.state`, which serves meanwhile; no
    /// tombstone is collected then in the process that rebuilds, but others do not know of it.)
    let promisesByClock: Bool

    public init(_ table: TableDefinition) {
        number = table.number
        name = table.name
        region = table.region
        keySchema = table.keySchema
        isLegacyGlobal = table.isLegacyGlobal
        promisesByClock = table.status != .creating && table.legacyGlobalTable?.status != .joining
    }
}
