import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Logging
import Partition
import Replication
import Synchronization

/// The way of changes from one region to another: reads the source's change logs and hands what was written there to the target's writer.
///
/// One thread, all global tables that both regions hold. Applying is idempotent and the cursor lies in the batch of what it covers, so a
/// crash repeats at most what the last-writer-wins rule ignores.
///
/// What travels, and which cursor is saved with it, is decided by `LinkBatch`; a cursor that moved further is saved once the source is durable.
///
/// A link that does not run, or with an isolated region at either end, carries nothing; what waits stays in the source's log.
final class Link: Sendable {
    /// How long moved cursors without applied changes may stay unsaved, in milliseconds.
    static let cursorDelayMillisecondsMax: UInt64 = 1000
    /// How long the link sleeps when nothing signals it.
    static let pollMilliseconds = 1000

    let source: any LinkSource
    let target: Region
    private let control: Mutex<LinkSettings>
    /// Held while a batch is on its way.
    private let passage = Mutex(())
    private let logger: Logger
    private let feed: any LinkFeed
    private let generations: LinkGenerations?
    private let positions = Mutex<[TableDefinition.Number: Position]>([:])
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    /// How far the link has come with one table.
    struct Position: Sendable {
        /// The TableId of the source's table; another one means that the table was made anew.
        let sourceID: String
        /// May be ahead of the cursor in the target, by records that were not the source's own.
        var cursor: LinkCursor
        var savedNext: UInt64
        var savedMilliseconds: UInt64
        var appliedChanges: UInt64 = 0
        var lostChanges: UInt64 = 0
        var conflicts: UInt64 = 0
        /// Whether somebody was told that the log does not reach back to the cursor.
        var hasReportedGap = false
        /// When the oldest change that has come and is not applied was committed, in milliseconds since 1970. Of remote sources only.
        var waitingSinceMilliseconds: UInt64?
    }

    /// - Parameter generations: of the source's logs, where the source is remote: nothing moves from another one than the cursor is of.
    init(
        source: any LinkSource, target: Region, settings: LinkSettings, feed: any LinkFeed,
        generations: LinkGenerations? = nil, logger: Logger
    ) {
        self.source = source
        self.target = target
        control = Mutex(settings)
        self.logger = logger
        self.feed = feed
        self.generations = generations
    }

    func start() {
        thread.start(named: "link \(source.name) \(target.name)") { [self] in
            run()
            feed.close()
        }
    }

    /// Returns when the link does nothing any more.
    func stop() {
        isStopping.set()
        feed.wakeUp()
        thread.wait()
    }

    var name: LinkName { LinkName(from: source.name, to: target.name) }

    var settings: LinkSettings { control.withLock { $0 } }

    /// Whether changes move at all.
    var isCarrying: Bool { settings.state == .running && !source.isIsolated && !target.isIsolated }

    /// Changes the settings; answers those before and after.
    func change(_ body: (inout LinkSettings) -> Void) -> (before: LinkSettings, after: LinkSettings) {
        control.withLock { settings in
            let before = settings
            body(&settings)
            return (before, settings)
        }
    }

    /// Takes changed settings up, those of its regions too; after it nothing arrives that they hold back. Not for event loops.
    func settle() {
        feed.wakeUp()
        passage.withLock { _ in }
    }

    /// How far the link has come with a table, by the target's number; nil while it has not begun.
    func position(of number: TableDefinition.Number) -> Position? { positions.withLock { $0[number] } }

    private func run() {
        while !isStopping.isSet {
            let tables = target.catalogue.tables.filter { $0.peers.contains { $0.region == source.name } }
            forgetPositions(apartFrom: tables)
            var waitMilliseconds = Self.pollMilliseconds
            for table in tables where !isStopping.isSet {
                waitMilliseconds = min(waitMilliseconds, passage.withLock { _ in advance(table) })
            }
            waitMilliseconds = min(waitMilliseconds, saveCursorsIfDue(tables))
            if waitMilliseconds > 0 { feed.wait(milliseconds: waitMilliseconds) }
        }
    }

    /// Forgets tables that are no longer global, and where their records came from.
    private func forgetPositions(apartFrom tables: [TableDefinition]) {
        positions.withLock { positions in
            guard positions.count > tables.count else { return }
            let numbers = Set(tables.map(\.number))
            positions = positions.filter { numbers.contains($0.key) }
        }
        feed.keep(only: tables.compactMap { source.table(named: $0.name) })
    }

    /// Moves one table on by one batch. Answers how long the link may sleep before the table wants attention again.
    private func advance(_ table: TableDefinition) -> Int {
        guard let sourceTable = source.table(named: table.name),
            sourceTable.peers.contains(where: { $0.region == target.name }),
            let (head, clock, durableClock) = source.head(of: sourceTable),
            var position = currentPosition(of: table.number, from: sourceTable)
        else { return Self.pollMilliseconds }
        var counters = head
        // A source in another process tells its head now and then; what has come is beyond it.
        if let end = feed.end(of: sourceTable) { counters.nextSequence = max(counters.nextSequence, end) }
        do throws(StoreError) {
            try noteWaiting(in: sourceTable, &position, of: table.number)
            guard isCarrying, settings.pausers(of: table.name).isEmpty else { return Self.pollMilliseconds }
            let batch = try LinkBatch(
                of: LinkedTable(sourceTable), to: target.name, from: position.cursor, settings, counters: counters,
                clock: clock, durableClock: durableClock, nowMilliseconds: source.nowMilliseconds
            ) { (first, end, body) throws(StoreError) in
                try feed.visit(sourceTable, from: first, until: end, body)
            }
            guard let batch else {
                reportGap(in: table, &position)
                return Self.pollMilliseconds
            }
            if !batch.changes.isEmpty {
                guard apply(batch.changes, behind: batch.savedCursor, to: table, &position) else {
                    return Self.pollMilliseconds
                }
            }
            let hasMore =
                batch.cursor.next > position.cursor.next && batch.cursor.next < counters.nextSequence
            position.cursor = batch.cursor
            save(position, of: table.number)
            return sleepMilliseconds(after: batch, hasMore: hasMore)
        } catch {
            logger.error("the source's log cannot be read", metadata: metadata(table.name, error))
            return Self.pollMilliseconds
        }
    }

    /// Remembers since when something waits, where nobody can look into the source's log.
    private func noteWaiting(
        in sourceTable: TableDefinition, _ position: inout Position, of number: TableDefinition.Number
    ) throws(StoreError) {
        guard source.tellsHeadLate else { return }
        var oldest: UInt64?
        let cursor = position.cursor
        try feed.visit(sourceTable, from: cursor.next, until: cursor.next + UInt64(LinkBatch.recordsMax)) { record in
            guard case .own(_, let commitMilliseconds) = record.content, !cursor.covers(record.sequence) else {
                return .next
            }
            oldest = commitMilliseconds
            return .stop
        }
        guard oldest != position.waitingSinceMilliseconds else { return }
        position.waitingSinceMilliseconds = oldest
        save(position, of: number)
    }

    private func reportGap(in table: TableDefinition, _ position: inout Position) {
        guard !position.hasReportedGap else { return }
        position.hasReportedGap = true
        save(position, of: table.number)
        logger.critical(
            "the source's log no longer holds what this link has not read; remove the replica and add it again",
            metadata: metadata(table.name))
    }

    private func sleepMilliseconds(after batch: LinkBatch, hasMore: Bool) -> Int {
        if batch.isFull { return 0 }
        if let wait = batch.waitMilliseconds { return Int(min(wait, UInt64(Self.pollMilliseconds))) }
        return hasMore ? 0 : Self.pollMilliseconds
    }

    /// False when the target refused: it lost the table, or its store failed. Its saved cursor then says where to go on.
    private func apply(
        _ changes: [ReplicatedChange], behind cursor: LinkCursor, to table: TableDefinition, _ position: inout Position
    ) -> Bool {
        let command = Command.replicate(
            ReplicatedChanges(table: table.number, peer: source.name, changes: changes, cursor: cursor))
        guard case .replicated(let outcome) = target.perform(command, meanwhile: feed.readAhead) else {
            positions.withLock { $0[table.number] = nil }
            return false
        }
        position.savedNext = cursor.next
        position.savedMilliseconds = target.wallClock.milliseconds
        position.appliedChanges += UInt64(outcome.applied)
        position.lostChanges += UInt64(outcome.lost)
        position.conflicts += UInt64(outcome.conflicts)
        if outcome.forgottenTransactions > 0 {
            logger.warning(
                "too many transactions are half visible; the oldest are no longer followed",
                metadata: metadata(table.name).merging(["count": "\(outcome.forgottenTransactions)"]) { $1 })
        }
        if let skew = outcome.skewMilliseconds {
            logger.warning(
                "the source's clock is ahead of this region's",
                metadata: metadata(table.name).merging(["milliseconds": "\(skew)"]) { $1 })
        }
        return true
    }

    /// When the oldest change that has not arrived was committed, in milliseconds since 1970 by the source's clock; nil when all have.
    ///
    /// - Parameters:
    ///   - table: the source's.
    ///   - number: of the target's.
    func oldestWaitingMilliseconds(
        of table: TableDefinition, to number: TableDefinition.Number, behind cursor: LinkCursor
    ) -> UInt64? {
        source.tellsHeadLate
            ? position(of: number)?.waitingSinceMilliseconds
            : source.oldestOwnChangeMilliseconds(in: table, behind: cursor)
    }

    /// Saves the cursors that moved over records which were not forwarded, so that the source may trim its log; not while the link carries
    /// nothing. Answers how long the link may sleep before the next look.
    private func saveCursorsIfDue(_ tables: [TableDefinition]) -> Int {
        guard isCarrying else { return Self.pollMilliseconds }
        let moved = tables.compactMap { table in
            position(of: table.number).flatMap { $0.cursor.next > $0.savedNext ? (table, $0) : nil }
        }
        guard let oldest = moved.map(\.1.savedMilliseconds).min() else { return Self.pollMilliseconds }
        // A wall clock that was put back makes the age huge, and the cursors due.
        let age = target.wallClock.milliseconds &- oldest
        guard age >= Self.cursorDelayMillisecondsMax else { return Int(Self.cursorDelayMillisecondsMax - age) }
        guard source.makeDurable() else { return Self.pollMilliseconds }
        for (table, position) in moved {
            passage.withLock { _ in
                // Somebody may have cut the link or put it back meanwhile.
                guard isCarrying, var current = self.position(of: table.number), current.sourceID == position.sourceID
                else { return }
                if apply([], behind: position.cursor, to: table, &current) { save(current, of: table.number) }
            }
        }
        return Self.pollMilliseconds
    }

    private func currentPosition(
        of number: TableDefinition.Number, from sourceTable: TableDefinition
    ) -> Position? {
        let sourceID = sourceTable.tableID
        if let position = position(of: number), position.sourceID == sourceID { return position }
        if let generations, generations.generation(of: number, source.name) != sourceID { return nil }
        guard let cursor = target.head(number)?.cursors[source.name] else { return nil }
        return Position(
            sourceID: sourceID, cursor: cursor, savedNext: cursor.next,
            savedMilliseconds: target.wallClock.milliseconds)
    }

    /// Lets the link begin anew at the cursor that `body` has saved; nothing is on its way meanwhile.
    func restart(_ number: TableDefinition.Number, _ body: () -> Void) {
        passage.withLock { _ in
            body()
            positions.withLock { $0[number] = nil }
        }
    }

    private func save(_ position: Position, of number: TableDefinition.Number) {
        positions.withLock { $0[number] = position }
    }

    private func metadata(_ table: String, _ error: StoreError? = nil) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["from": "\(source.name)", "to": "\(target.name)", "table": "\(table)"]
        if let error { metadata["error"] = "\(error)" }
        return metadata
    }
}
