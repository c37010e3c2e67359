import AttributeModel
import Dispatch
import KeyValueStore
import Logging
import Partition
import Replication
import Synchronization

/// Deletes the expired items of one region, and settles its tables' time-to-live settings. One thread.
///
/// Expired items stay readable until the sweep comes to them, as on AWS. In a global table the region that wrote an item last deletes it
/// at once and the others give it time to: else all regions whose clocks agree would claim the delete in their streams.
final class Sweeper: Sendable {
    /// Items that one command deletes at the most.
    static let itemsPerCommandMax = 100
    /// Items of one table that one pass deletes at the most.
    static let itemsPerPassMax = 1000
    /// How long an item that another replica wrote must have been seen expired, in milliseconds.
    static let othersMillisecondsMin = 3000

    private let region: Region
    private let intervalMilliseconds: Int
    private let logger: Logger
    /// Expired items of other regions: since when they have been seen so.
    private let waiting = Mutex<[TableDefinition.Number: [EncodedKey: ContinuousClock.Instant]]>([:])
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = DispatchGroup()

    /// - Parameter intervalMilliseconds: how long it rests between two passes.
    init(region: Region, intervalMilliseconds: Int, logger: Logger) {
        self.region = region
        self.intervalMilliseconds = intervalMilliseconds
        self.logger = logger
    }

    func start() {
        thread.enter()
        startThread(named: "sweeper \(region.name)") { [self] in
            while true {
                wakeUp.wait(milliseconds: intervalMilliseconds)
                if isStopping.isSet { break }
                pass()
            }
            thread.leave()
        }
    }

    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    /// Looks at every table once.
    ///
    /// - Parameter now: what the patience with other regions is measured by.
    func pass(at now: ContinuousClock.Instant = .now) {
        guard region.failure == nil else { return }
        let tables = region.catalogue.tables.filter { $0.timeToLive != nil }
        waiting.withLock { waiting in
            waiting = waiting.filter { number, _ in tables.contains { $0.number == number } }
        }
        for table in tables where !isStopping.isSet {
            guard let timeToLive = table.timeToLive else { continue }
            do throws(StoreError) {
                switch timeToLive.status {
                case .enabling: try enable(timeToLive, of: table)
                case .enabled where table.servesItems: try sweep(table, at: now)
                case .enabled, .disabled: break
                case .disabling: settle(timeToLive, as: .disabled, in: table)
                }
            } catch {
                logger.error(
                    "the sweep cannot read the store",
                    metadata: ["region": "\(region.name)", "table": "\(table.name)", "error": "\(error)"])
            }
        }
    }

    // MARK: Settings

    /// Lists the items that were there before: since the setting was published, writes keep the list themselves.
    private func enable(_ timeToLive: TimeToLive, of table: TableDefinition) throws(StoreError) {
        let isComplete = try Backfill(table: table, snapshot: try region.store.snapshot()).run { states in
            let keys = states.filter { $0.state.item != nil }.map(\.key)
            let command = Command.indexItems(
                table: table.number, ordinal: StorageKeys.expiryOrdinal, keys: keys)
            guard !isStopping.isSet, case .done = region.perform(command) else { return false }
            return true
        }
        if isComplete { settle(timeToLive, as: .enabled, in: table) }
    }

    func settle(_ timeToLive: TimeToLive, as status: TimeToLive.Status, in table: TableDefinition) {
        let edit = CatalogueChange.edit(table.number) { definition in
            // A client may have changed its mind meanwhile.
            if definition.timeToLive == timeToLive { definition.timeToLive?.status = status }
        }
        _ = region.perform(.changeCatalogue(edit))
        logger.info(
            "time to live is settled",
            metadata: ["region": "\(region.name)", "table": "\(table.name)", "status": "\(status.rawValue)"])
    }

    // MARK: Items

    private func sweep(_ table: TableDefinition, at now: ContinuousClock.Instant) throws(StoreError) {
        let expired = try StorageKeys.expiredItems(
            of: table, atMilliseconds: region.wallClock.milliseconds, limit: Self.itemsPerPassMax,
            reading: region.store)
        var due = try table.isGlobal ? ownOrOld(expired, of: table, at: now)[...] : expired[...]
        while !due.isEmpty, !isStopping.isSet {
            let keys = Array(due.prefix(Self.itemsPerCommandMax))
            due = due.dropFirst(keys.count)
            guard case .swept(let deleted) = region.perform(.deleteExpired(table: table.number, keys: keys)) else {
                return
            }
            region.countExpired(deleted, of: table.number)
        }
    }

    /// Those that this region wrote, those that nobody else will delete, and those that somebody else has had time to delete.
    private func ownOrOld(
        _ expired: [EncodedKey], of table: TableDefinition, at now: ContinuousClock.Instant
    ) throws(StoreError) -> [EncodedKey] {
        let others = Set(table.peers.map(\.region))
        let known = waiting.withLock { $0[table.number] } ?? [:]
        var seen: [EncodedKey: ContinuousClock.Instant] = [:]
        var due: [EncodedKey] = []
        for key in expired {
            guard let bytes = try region.store.value(of: StorageKeys.item(table.number, key), in: .items) else {
                continue
            }
            let writer = try StoredItem.read(bytes).version.region
            let since = known[key] ?? now
            if others.contains(writer) { seen[key] = since }
            if !others.contains(writer) || now - since >= .milliseconds(Self.othersMillisecondsMin) { due.append(key) }
        }
        waiting.withLock { $0[table.number] = seen }
        return due
    }
}
