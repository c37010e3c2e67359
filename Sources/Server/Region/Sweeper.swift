import AttributeModel
import KeyValueStore
import Logging
import Partition
import Replication
import Synchronization

/// Deletes the expired items of one region, and settles its tables' time-to-live settings. One thread.
///
/// Expired items stay readable until the sweep comes to them, as on AWS. Who deletes them first is decided by `SweepPatience`.
final class Sweeper: Sendable {
    /// Items that one command deletes at the most.
    static let itemsPerCommandMax = 100
    /// Items of one table that one pass deletes at the most.
    static let itemsPerPassMax = 1000

    private let region: Region
    private let intervalMilliseconds: Int
    private let logger: Logger
    private let patience = Mutex<[TableDefinition.Number: SweepPatience]>([:])
    /// What patience is counted from.
    private let epoch = ContinuousClock.now
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    /// - Parameter intervalMilliseconds: how long it rests between two passes.
    init(region: Region, intervalMilliseconds: Int, logger: Logger) {
        self.region = region
        self.intervalMilliseconds = intervalMilliseconds
        self.logger = logger
    }

    func start() {
        thread.start(named: "sweeper \(region.name)") { [self] in
            while true {
                wakeUp.wait(milliseconds: intervalMilliseconds)
                if isStopping.isSet { break }
                pass()
            }
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
        patience.withLock { patience in
            patience = patience.filter { number, _ in tables.contains { $0.number == number } }
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
        var patience = patience.withLock { $0[table.number] } ?? SweepPatience()
        var due = try patience.due(
            expired, of: table, nowMilliseconds: UInt64(max(0, (now - epoch) / .milliseconds(1))),
            reading: region.store)[...]
        self.patience.withLock { $0[table.number] = patience }
        while !due.isEmpty, !isStopping.isSet {
            let keys = Array(due.prefix(Self.itemsPerCommandMax))
            due = due.dropFirst(keys.count)
            guard case .swept(let deleted) = region.perform(.deleteExpired(table: table.number, keys: keys)) else {
                return
            }
            region.countExpired(deleted, of: table.number)
        }
    }
}
