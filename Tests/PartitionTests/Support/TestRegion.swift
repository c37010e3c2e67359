import AttributeModel
import Bytes
import ChangeStream
import Expressions
import KeyValueStore
import Partition
import Replication
import Testing

/// A region's engine on a store in memory, with a wall clock that the test moves.
struct TestRegion {
    static let start: UInt64 = 1_700_000_000_000

    let name: RegionName
    let store: MemoryStore
    private(set) var engine: RegionEngine
    var wallMilliseconds = TestRegion.start
    /// Batches that were committed, newest last.
    private(set) var lastBatch = WriteBatch()
    private(set) var lastGroupNeededSync = false

    init(_ name: String = "us-east-1", enforcesThroughput: Bool = false) {
        self.name = RegionName(stored: name)
        store = MemoryStore()
        engine = try! RegionEngine(loading: store, as: self.name, enforcesThroughput: enforcesThroughput)
    }

    /// Applies the commands as one group, commits it, and answers their replies.
    @discardableResult
    mutating func apply(_ commands: [Command]) throws -> [Reply] {
        var group = WriteGroup(reading: store)
        var replies: [Reply] = []
        for command in commands {
            replies.append(try engine.apply(command, wallMilliseconds: wallMilliseconds, group: &group))
        }
        engine.advanceClock(wallMilliseconds: wallMilliseconds)
        _ = engine.finish(&group)
        store.commit(group.batch, durability: group.needsSync ? .synced : .buffered)
        lastBatch = group.batch
        lastGroupNeededSync = group.needsSync
        return replies
    }

    @discardableResult
    mutating func apply(_ command: Command) throws -> Reply {
        try apply([command])[0]
    }

    /// Reads the region back from its store, as a restart does.
    mutating func restart() throws {
        engine = try RegionEngine(loading: store, as: name)
    }

    // MARK: Tables

    /// A table of the next number, ACTIVE.
    func definition(
        _ tableName: String, keys: String = "pk=S", local: [IndexDefinition] = [], global: [IndexDefinition] = [],
        peers: [RegionName] = [], status: TableStatus = .active
    ) -> TableDefinition {
        let schema = schema(keys)
        var definition = TableDefinition(
            number: engine.nextTableNumber, name: tableName, region: name, tableID: "id-\(tableName)-\(name)",
            createdMilliseconds: wallMilliseconds, status: status, keySchema: schema,
            attributeDefinitions: schema.attributes + (local + global).flatMap(\.keySchema.attributes),
            billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: local, globalIndexes: global)
        definition.peers = peers.map {
            Peer(region: $0, status: .active, source: nil, addedMilliseconds: wallMilliseconds)
        }
        return definition
    }

    /// Creates a table, with its stream unless told otherwise.
    mutating func create(_ definition: TableDefinition, stream: StreamViewType? = .newAndOldImages) throws {
        try apply(.changeCatalogue(.create(definition)))
        if let stream { try apply(.changeCatalogue(.enableStream(definition.number, stream))) }
    }

    func partition(_ tableName: String) throws -> Partition {
        let living = engine.tables.values.filter { $0.definition.deletedMilliseconds == nil }
        guard let partition = living.first(where: { $0.definition.name == tableName }) else {
            throw Missing(description: "there is no table \(tableName) in \(name)")
        }
        return partition
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    func table(_ tableName: String = "T") throws -> TableDefinition { try partition(tableName).definition }
    func counters(_ tableName: String = "T") throws -> TableCounters { try partition(tableName).counters }

    /// Lets items expire by an attribute, with those listed that are there already.
    mutating func setTimeToLive(
        _ tableName: String = "T", attribute: Text, status: TimeToLive.Status = .enabled
    ) throws {
        let timeToLive = TimeToLive(
            attributeName: attribute, status: status, changedMilliseconds: wallMilliseconds)
        let table = try table(tableName)
        try apply(.changeCatalogue(.edit(table.number) { $0.timeToLive = timeToLive }))
        guard timeToLive.isOn else { return }
        let keys = try states(of: table).map(\.key)
        try apply(.indexItems(table: table.number, ordinal: StorageKeys.expiryOrdinal, keys: keys))
    }

    // MARK: Commands

    /// Deletes what is expired now.
    func sweepCommand(_ tableName: String = "T", limit: Int = .max) throws -> Command {
        let table = try table(tableName)
        let keys = try StorageKeys.expiredItems(
            of: table, atMilliseconds: wallMilliseconds, limit: limit, reading: store)
        return .deleteExpired(table: table.number, keys: keys)
    }

    func put(_ json: String, in tableName: String = "T", if condition: ConditionExpression? = nil) throws -> ItemWrite {
        let table = try table(tableName)
        let item = try readItem(json)
        return ItemWrite(
            table: table.number, key: try table.keySchema.key(of: item),
            keyItem: item.projecting(table.keySchema.attributes.map(\.name)), change: .put(item), condition: condition)
    }

    /// A write of the item that has the key.
    func write(
        _ change: ItemWrite.Change, _ key: String, in tableName: String = "T", if condition: ConditionExpression? = nil
    ) throws -> ItemWrite {
        let table = try table(tableName)
        let item = try readItem(key)
        return ItemWrite(
            table: table.number, key: try table.keySchema.key(ofExactly: item), keyItem: item, change: change,
            condition: condition)
    }

    // MARK: What is stored

    func state(_ key: String, in tableName: String = "T") throws -> StoredItem? {
        let table = try table(tableName)
        let key = StorageKeys.item(table.number, try table.keySchema.key(of: try readItem(key)))
        return try store.value(of: key, in: .items).map { try StoredItem.read($0) }
    }

    func version(_ key: String, in tableName: String = "T") throws -> Version {
        try #require(try state(key, in: tableName)).version
    }

    func item(_ key: String, in tableName: String = "T") throws -> Item? { try state(key, in: tableName)?.item }

    func changes(of tableName: String = "T") throws -> [ChangeRecord] {
        try changes(of: try table(tableName).number)
    }

    func changes(of number: TableDefinition.Number, from first: UInt64 = 0) throws -> [ChangeRecord] {
        var records: [ChangeRecord] = []
        var failure: (any Error)?
        store.scan(StorageKeys.changes(number, from: first), in: .changes, reverse: false) { key, value in
            do {
                records.append(try ChangeRecord(sequence: try StorageKeys.sequence(ofChange: key), decoding: value))
                return .next
            } catch {
                failure = error
                return .stop
            }
        }
        if let failure { throw failure }
        return records
    }

    /// Everything in a space.
    func rows(_ space: Space) -> [[UInt8]: [UInt8]] {
        var rows: [[UInt8]: [UInt8]] = [:]
        store.scan(KeyRange(lower: [], upper: nil), in: space, reverse: false) { key, value in
            rows[Array(key)] = Array(value)
            return .next
        }
        return rows
    }
}

extension Reply {
    /// The outcome of a write that was made.
    var outcome: WriteOutcome? { if case .written(let outcome) = self { outcome } else { nil } }
    var failure: WriteFailure? { if case .failed(let failure) = self { failure } else { nil } }
    /// How many items a sweep deleted.
    var swept: Int? { if case .swept(let deleted) = self { deleted } else { nil } }
    var isDone: Bool { if case .done = self { true } else { false } }
    var cancellation: [CancellationReason]? { if case .cancelled(let reasons) = self { reasons } else { nil } }
    var replication: ReplicationOutcome? { if case .replicated(let outcome) = self { outcome } else { nil } }
}

// MARK: What arrives over links

extension TestRegion {
    /// Applies one put, or the deletion of the item that has the key, as it arrives from a peer.
    @discardableResult
    mutating func replicate(
        _ json: String, isDeletion: Bool = false, in tableName: String = "T", from peer: RegionName,
        at timestamp: HybridTimestamp, next: UInt64
    ) throws -> ReplicationOutcome {
        let table = try table(tableName)
        let item = try readItem(json)
        let change = ReplicatedChange(
            sequence: next - 1, key: try table.keySchema.key(of: item),
            version: Version(timestamp: timestamp, region: peer),
            baseVersion: nil, item: isDeletion ? nil : item, cause: .user, transaction: nil)
        let changes = ReplicatedChanges(
            table: table.number, peer: peer, changes: [change], cursor: LinkCursor(next: next, watermark: timestamp))
        return try #require(try apply(.replicate(changes)).replication)
    }
}
