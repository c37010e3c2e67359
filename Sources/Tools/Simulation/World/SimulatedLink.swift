import KeyValueStore
import Partition
import Replication

/// The way of changes from one region to another.
final class SimulatedLink {
    let index: Int
    let source: SimulatedRegion
    let target: SimulatedRegion
    var settings: LinkSettings
    /// By the target's table number.
    var positions: [TableDefinition.Number: Position] = [:]
    /// What was begun in an earlier life is void: the process at one end has died since.
    private(set) var life = 0
    /// Whether a batch is on its way.
    var isBusy = false
    /// When the link looks at the log next.
    var plannedMilliseconds: UInt64?

    struct Position {
        let sourceNumber: TableDefinition.Number
        var cursor: LinkCursor
        var savedNext: UInt64
        var savedMilliseconds: UInt64
        /// Where nothing could travel, and until when that stays so.
        var idleness: Idleness?
    }

    /// What a look found that was in vain: the same look finds the same, until time or something else has changed.
    struct Idleness {
        let head: UInt64
        let settings: LinkSettings
        /// Wall clock of the source.
        let fromMilliseconds: UInt64
        let untilMilliseconds: UInt64
    }

    init(index: Int, source: SimulatedRegion, target: SimulatedRegion, settings: LinkSettings) {
        self.index = index
        self.source = source
        self.target = target
        self.settings = settings
    }

    /// Whether it can do something now. When that changes, the link is woken.
    var isAwake: Bool { !isBusy && !source.isDown && target.isServing }

    var isCarrying: Bool { settings.state == .running && !source.isIsolated && !target.isIsolated }

    /// Forgets what the dead process knew.
    func reset() {
        life += 1
        positions = [:]
        isBusy = false
        plannedMilliseconds = nil
    }
}

/// A batch on its way over the network. A reference: events are moved around.
final class Delivery {
    let table: TableDefinition.Number
    let sourceNumber: TableDefinition.Number
    let changes: [ReplicatedChange]
    let savedCursor: LinkCursor
    let cursor: LinkCursor

    init(
        table: TableDefinition.Number, sourceNumber: TableDefinition.Number, changes: [ReplicatedChange],
        savedCursor: LinkCursor, cursor: LinkCursor
    ) {
        self.table = table
        self.sourceNumber = sourceNumber
        self.changes = changes
        self.savedCursor = savedCursor
        self.cursor = cursor
    }
}

/// Links read, deliver and save their cursors as `Link` does.
extension Simulation {
    /// How long moved cursors without applied changes may stay unsaved, in milliseconds.
    private static let cursorDelayMillisecondsMax: UInt64 = 1000
    private static let pollMilliseconds: UInt64 = 1000

    func wakeLinks(from region: SimulatedRegion) {
        for link in links where link.source === region { wake(link) }
    }

    func wake(_ link: SimulatedLink, in milliseconds: UInt64 = 0) {
        guard link.isAwake else { return }
        let time = nowMilliseconds + milliseconds
        if let planned = link.plannedMilliseconds, planned <= time { return }
        link.plannedMilliseconds = time
        plan(.linkLooks(link.index, life: link.life), in: milliseconds)
    }

    func look(_ link: SimulatedLink, _ life: Int) throws(StoreError) {
        guard link.life == life, let planned = link.plannedMilliseconds, planned <= nowMilliseconds else { return }
        link.plannedMilliseconds = nil
        guard link.isAwake else { return }
        var wait = Self.pollMilliseconds
        let tables = link.target.tables
        var linkedCount = 0
        for table in tables where table.hasPeer(link.source.name) {
            linkedCount += 1
            if !link.isBusy { wait = min(wait, try advance(link, table)) }
        }
        if link.positions.count > linkedCount { forgetPositions(of: link) }
        if !link.isBusy { wait = min(wait, saveCursorIfDue(link, tables)) }
        if !link.isBusy, wait < Self.pollMilliseconds { wake(link, in: max(1, wait)) }
    }

    /// Forgets tables that are gone, or no longer global.
    private func forgetPositions(of link: SimulatedLink) {
        link.positions = link.positions.filter { number, _ in
            link.target.tables.contains { $0.number == number && $0.hasPeer(link.source.name) }
        }
    }

    /// Links look now and then without being told.
    func poll(_ link: SimulatedLink) {
        plan(.linkPolls(link.index), in: Self.pollMilliseconds)
        wake(link)
    }

    /// Answers when the table wants attention again.
    private func advance(_ link: SimulatedLink, _ table: HeldTable) throws(StoreError) -> UInt64 {
        let (source, target) = (link.source, link.target)
        guard link.isCarrying, let sourceTable = source.held(table.name), sourceTable.hasPeer(target.name),
            let counters = source.published.tables[sourceTable.number]?.counters,
            var position = position(of: link, table.number, from: sourceTable.number)
        else { return Self.pollMilliseconds }
        let wall = wallMilliseconds(source)
        if let idle = position.idleness, idle.head == counters.nextSequence || !idle.settings.reorders,
            (idle.fromMilliseconds..<idle.untilMilliseconds).contains(wall), idle.settings == link.settings
        {
            return min(idle.untilMilliseconds - wall, Self.pollMilliseconds)
        }
        let batch = try LinkBatch(
            of: sourceTable.linked, to: target.name, from: position.cursor, link.settings, counters: counters,
            clock: source.published.clock, durableClock: source.published.durableClock, nowMilliseconds: wall,
            reading: source.store)
        guard let batch else {
            auditor.violate("I20", "the log of \(source.name) no longer holds what the link to \(target.name) needs")
            return Self.pollMilliseconds
        }
        if batch.changes.isEmpty {
            position.cursor = batch.cursor
            position.idleness = batch.waitMilliseconds.map { wait in
                .init(
                    head: counters.nextSequence, settings: link.settings, fromMilliseconds: wall,
                    untilMilliseconds: wall + wait)
            }
            link.positions[table.number] = position
        } else {
            for change in batch.changes {
                auditor.require(
                    change.version.timestamp > position.cursor.watermark, "I15",
                    "\(source.name) promised nothing older than \(position.cursor.watermark), and wrote \(change.version)"
                )
            }
            send(batch, of: table, sourceTable.number, over: link)
        }
        if batch.isFull { return 0 }
        return min(batch.waitMilliseconds ?? .max, Self.pollMilliseconds)
    }

    private func position(
        of link: SimulatedLink, _ number: TableDefinition.Number, from sourceNumber: TableDefinition.Number
    ) -> SimulatedLink.Position? {
        if let position = link.positions[number], position.sourceNumber == sourceNumber { return position }
        guard let cursor = link.target.published.tables[number]?.cursors[link.source.name] else { return nil }
        return .init(
            sourceNumber: sourceNumber, cursor: cursor, savedNext: cursor.next,
            savedMilliseconds: wallMilliseconds(link.target))
    }

    private func send(
        _ batch: LinkBatch, of table: HeldTable, _ sourceNumber: TableDefinition.Number,
        over link: SimulatedLink
    ) {
        link.isBusy = true
        var saved = batch.savedCursor
        if mutation == .cursorPastUndurable { saved = batch.cursor }
        let delivery = Delivery(
            table: table.number, sourceNumber: sourceNumber, changes: mutated(batch.changes, over: link, table),
            savedCursor: saved, cursor: batch.cursor)
        if mutation == .cursorBeforeApply {
            let early = ReplicatedChanges(table: table.number, peer: link.source.name, changes: [], cursor: saved)
            submit(.replicate(early), to: link.target) { _ in }
        }
        plan(.batchArrives(link.index, life: link.life, delivery), in: random.upTo(options.networkMillisecondsMax))
    }

    func arrive(_ delivery: Delivery, over link: SimulatedLink, _ life: Int) {
        guard link.life == life else { return }
        guard link.isCarrying, link.target.isServing else {
            // The line was cut: the batch is lost, and read again.
            link.isBusy = false
            return wake(link, in: 100)
        }
        statistics.replicatedChanges += delivery.changes.count
        let replicated = ReplicatedChanges(
            table: delivery.table, peer: link.source.name, changes: delivery.changes,
            cursor: delivery.savedCursor)
        if random.isTrue(percent: options.duplicatesPercent) {
            statistics.replicatedChanges += delivery.changes.count
            submit(.replicate(replicated), to: link.target) { _ in }
            submit(.replicate(repeated(replicated)), to: link.target) { _ in }
        }
        let index = link.index
        submit(.replicate(replicated), to: link.target) { [unowned self] reply in
            let link = links[index]
            guard link.life == life else { return }
            link.isBusy = false
            if case .replicated(let outcome) = reply {
                statistics.conflicts += outcome.conflicts
                link.positions[delivery.table] = .init(
                    sourceNumber: delivery.sourceNumber, cursor: delivery.cursor,
                    savedNext: delivery.savedCursor.next, savedMilliseconds: wallMilliseconds(link.target))
            } else {
                link.positions[delivery.table] = nil
            }
            wake(link)
        }
    }

    /// Saves a cursor that moved over records which were not forwarded, so that the source may trim its log. It would not arrive over a
    /// line that is cut; the end of the fault wakes the link.
    private func saveCursorIfDue(_ link: SimulatedLink, _ tables: [HeldTable]) -> UInt64 {
        var wait = Self.pollMilliseconds
        guard link.isCarrying else { return wait }
        for table in tables where table.hasPeer(link.source.name) {
            guard let position = link.positions[table.number], position.cursor.next > position.savedNext else {
                continue
            }
            let age = wallMilliseconds(link.target) &- position.savedMilliseconds
            guard age >= Self.cursorDelayMillisecondsMax else {
                wait = min(wait, Self.cursorDelayMillisecondsMax - age)
                continue
            }
            guard link.source.isServing else { continue }
            save(position, of: table, over: link)
            return wait
        }
        return wait
    }

    private func save(_ position: SimulatedLink.Position, of table: HeldTable, over link: SimulatedLink) {
        link.isBusy = true
        let (index, life) = (link.index, link.life)
        submit(.flush, to: link.source) { [unowned self] reply in
            let link = links[index]
            guard link.life == life else { return }
            link.isBusy = false
            guard case .done = reply else { return wake(link, in: Self.pollMilliseconds) }
            let delivery = Delivery(
                table: table.number, sourceNumber: position.sourceNumber, changes: [], savedCursor: position.cursor,
                cursor: position.cursor)
            link.isBusy = true
            plan(.batchArrives(index, life: life, delivery), in: 0)
        }
    }

    // MARK: Broken rules

    private func mutated(
        _ changes: [ReplicatedChange], over link: SimulatedLink, _ table: HeldTable
    ) -> [ReplicatedChange] {
        switch mutation {
        case .baseVersionIgnored: changes.map { $0.with(baseVersion: nil) }
        case .overtakingLink: Array(changes.reversed())
        case .lastWriterLoses:
            changes.compactMap { change in
                guard let stored = try? link.target.state(of: change.key, in: table.number) else { return change }
                if change.version > stored.version { return nil }
                return change.with(version: stored.version.successor(in: link.source.name))
            }
        default: changes
        }
    }

    private func repeated(_ replicated: ReplicatedChanges) -> ReplicatedChanges {
        guard mutation == .batchNotIdempotent else { return replicated }
        return ReplicatedChanges(
            table: replicated.table, peer: replicated.peer,
            changes: replicated.changes.map { $0.with(version: $0.version.successor(in: replicated.peer)) },
            cursor: replicated.cursor)
    }
}

extension Version {
    fileprivate func successor(in region: RegionName) -> Version {
        Version(timestamp: timestamp.successor, region: region)
    }
}

extension ReplicatedChange {
    fileprivate func with(baseVersion: Version?) -> ReplicatedChange {
        ReplicatedChange(
            sequence: sequence, key: key, version: version, baseVersion: baseVersion, item: item, cause: cause,
            transaction: transaction)
    }

    fileprivate func with(version: Version) -> ReplicatedChange {
        ReplicatedChange(
            sequence: sequence, key: key, version: version, baseVersion: baseVersion, item: item, cause: cause,
            transaction: transaction)
    }
}
