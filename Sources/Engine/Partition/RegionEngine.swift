import AttributeModel
import Bytes
public import Capacity
import ChangeStream
public import KeyValueStore
public import Replication

/// All decisions of one region: its tables, their partitions, its clock. Commands in, staged writes and replies out.
///
/// The engine has no clock, thread or disk: the caller passes the wall time, commits the group and then releases the replies. When a commit
/// fails, the engine's state is ahead of the store: throw it away and load it again (`init(loading:)`).
public struct RegionEngine: Sendable {
    public let region: RegionName
    public internal(set) var tables: [TableDefinition.Number: Partition] = [:]
    public internal(set) var clock: HybridClock
    public internal(set) var nextTableNumber: TableDefinition.Number
    public internal(set) var controlLog: ControlLog
    public internal(set) var arrivals: Arrivals
    /// Whether changes of tables without stream and replicas are logged too. Not stored.
    public var logsAllTables = false
    /// Whether tables, indexes, streams or peers changed since `takeCatalogueChange`.
    private var catalogueChanged = true
    /// Tables whose counters this group moved.
    var touched: Set<TableDefinition.Number> = []
    /// Tables of which nothing but the use of capacity may have changed.
    var metered: Set<TableDefinition.Number> = []
    /// Whether writes are refused when provisioned capacity is used up.
    let enforcesThroughput: Bool
    /// By client token, compared byte by byte.
    var idempotency: [Text: IdempotencyRecord] = [:]
    private var storedClock: HybridTimestamp
    /// What the clock was at the last commit that a power failure cannot take back: every write that is made after one is later than this.
    public private(set) var durableClock: HybridTimestamp

    /// Reads a region back; an empty store gives an empty region.
    ///
    /// - Parameters:
    ///   - enforcesThroughput: whether writes are refused when provisioned capacity is used up.
    ///   - wallMilliseconds: from when on unused capacity is gathered; nil for each table's first write.
    ///   - memory: of definitions that need not be decoded again.
    public init(
        loading store: some KeyValueReader, as region: RegionName, enforcesThroughput: Bool = false,
        wallMilliseconds: UInt64? = nil, remembering memory: DefinitionMemory? = nil
    ) throws(StoreError) {
        self.region = region
        self.enforcesThroughput = enforcesThroughput
        let record = try CatalogueCodec.readRegion(store, as: region)
        nextTableNumber = record.nextTableNumber
        clock = HybridClock(last: try CatalogueCodec.readClock(store))
        storedClock = clock.last
        durableClock = clock.last
        controlLog = try ControlLog.read(store)
        arrivals = try CatalogueCodec.readArrivals(store)
        for definition in try CatalogueCodec.readTables(store, remembering: memory) {
            tables[definition.number] = try CatalogueCodec.readPartition(store, definition)
            provisionWrites(of: definition.number, wallMilliseconds: wallMilliseconds)
        }
        idempotency = try CatalogueCodec.readIdempotency(store)
    }

    /// Applies one command on top of what the group already holds.
    ///
    /// - Throws: only when the store cannot be read; the group must then be given up as a whole.
    public mutating func apply(
        _ command: Command, wallMilliseconds: UInt64, group: inout WriteGroup
    ) throws(StoreError) -> Reply {
        switch command {
        case .write(let write):
            group.requireSync()
            return try applyWrite(write, wallMilliseconds: wallMilliseconds, group: &group)
        case .writeEach(let writes):
            group.requireSync()
            return try applyEach(writes, wallMilliseconds: wallMilliseconds, group: &group)
        case .transact(let transaction):
            group.requireSync()
            return try applyTransaction(transaction, wallMilliseconds: wallMilliseconds, group: &group)
        case .replicate(let changes):
            return try applyReplicated(changes, wallMilliseconds: wallMilliseconds, group: &group)
        case .backfill(let chunk):
            return try applyBackfill(chunk, wallMilliseconds: wallMilliseconds, group: &group)
        case .indexItems(let table, let ordinal, let keys):
            return try applyIndexing(table: table, ordinal: ordinal, keys: keys, group: &group)
        case .changeCatalogue(let change):
            group.requireSync()
            try applyCatalogueChange(change, wallMilliseconds: wallMilliseconds, group: &group)
            return .done
        case .expire(let expiry):
            try applyExpiry(expiry, wallMilliseconds: wallMilliseconds, group: &group)
            return .done
        case .deleteExpired(let table, let keys):
            return try applyExpiredItems(
                table: table, keys: keys, wallMilliseconds: wallMilliseconds, group: &group)
        case .keep(let kept):
            applyKeptValue(kept, group: &group)
            return .done
        case .emit(let event):
            emit(event, wallMilliseconds: wallMilliseconds, group: &group)
            return .done
        case .flush:
            group.requireSync()
            return .done
        }
    }

    /// Adds what moves with every write: counters of the touched tables and the clock. Call once, before the commit.
    ///
    /// - Returns: the tables whose counters or use of capacity moved.
    public mutating func finish(_ group: inout WriteGroup) -> [TableDefinition.Number] {
        for number in touched {
            guard let encoded = tables[number]?.counters.encoded else { continue }
            group.put(StorageKeys.counters(number), encoded, in: .metadata)
        }
        if clock.last != storedClock {
            group.put(StorageKeys.clock, CatalogueCodec.encode(clock.last), in: .metadata)
            storedClock = clock.last
        }
        if group.needsSync { durableClock = clock.last }
        defer { touched.removeAll(keepingCapacity: true) }
        guard !metered.isEmpty else { return Array(touched) }
        defer { metered.removeAll(keepingCapacity: true) }
        return Array(touched.union(metered))
    }

    /// Moves the clock to the wall, so that peers learn that nothing older will follow from an idle region.
    public mutating func advanceClock(wallMilliseconds: UInt64) {
        clock.advance(wallMilliseconds: wallMilliseconds)
    }

    /// Whether the catalogue changed since the last call.
    public mutating func takeCatalogueChange() -> Bool {
        defer { catalogueChanged = false }
        return catalogueChanged
    }

    mutating func noteCatalogueChange() {
        catalogueChanged = true
    }

    /// Whether the table is there: not dropped, even if its streams are still readable.
    func isLive(_ number: TableDefinition.Number) -> Bool {
        if let table = tables[number]?.maintenance { table.definition.deletedMilliseconds == nil } else { false }
    }

    /// What writes need of a table. (Partitions and definitions are large; hot paths do not copy them.)
    func maintenance(servingItemsOf number: TableDefinition.Number) -> IndexMaintenance? {
        guard let maintenance = tables[number]?.maintenance, maintenance.servesItems else { return nil }
        return maintenance
    }
}

/// One table of a region: its definition, its counters, and how far its links have come.
public struct Partition: Sendable {
    /// Holds the definition: that is large, and partitions are copied with every commit.
    private(set) var maintenance: IndexMaintenance
    public internal(set) var definition: TableDefinition {
        _read { yield maintenance.definition }
        set { maintenance = IndexMaintenance(definition: newValue) }
    }
    public internal(set) var counters: TableCounters
    /// By peer: how far this replica has applied the peer's log.
    public internal(set) var cursors: [RegionName: LinkCursor]
    /// What writes use, since the region was loaded.
    public internal(set) var writes = CapacityMeter()

    init(
        definition: TableDefinition, counters: TableCounters = TableCounters(), cursors: [RegionName: LinkCursor] = [:]
    ) {
        maintenance = IndexMaintenance(definition: definition)
        self.counters = counters
        self.cursors = cursors
    }
}

/// A completed transaction that carried a client token.
public struct IdempotencyRecord: Sendable, Equatable {
    public let digest: [UInt8]
    public let completedMilliseconds: UInt64

    func isExpired(wallMilliseconds: UInt64) -> Bool {
        wallMilliseconds > completedMilliseconds + IdempotencyToken.lifetimeMilliseconds
    }
}
