import AttributeModel
import KeyValueStore
import Partition
import Replication

/// One region of the simulation: its disk, its engine, its queue of commands, and what others may see of it.
final class SimulatedRegion {
    let index: Int
    let name: RegionName
    let store = SimulatedStore()
    let definitions = DefinitionMemory()
    var engine: RegionEngine
    /// What others see of the engine: as of the last commit.
    private(set) var published: Published
    /// The tables that live, in the order of their numbers, as of the last commit.
    private(set) var catalogue: [TableDefinition] = []
    /// The same behind references, for what looks often.
    private(set) var tables: [HeldTable] = []
    var mailbox: [Envelope] = []
    var inFlight: Group?
    var isCommitPlanned = false
    /// Whether its process is dead.
    var isDown = false
    /// Whether a commit failed: every write is refused until the process starts again.
    var hasFailed = false
    /// The wall clock when the failed commit was made.
    var failedMilliseconds: UInt64 = 0
    /// Counts the lives of the process; what an earlier life began is void.
    var life = 0
    var clockOffsetMilliseconds: Int64 = 0
    var isIsolated = false
    var patience: [TableDefinition.Number: SweepPatience] = [:]
    var mappings: [SimulatedMapping] = []

    /// (Not the whole engine, which is large.)
    struct Published {
        let tables: [TableDefinition.Number: Partition]
        let clock: HybridTimestamp
        let durableClock: HybridTimestamp
        let nextTableNumber: TableDefinition.Number

        init(_ engine: RegionEngine) {
            tables = engine.tables
            clock = engine.clock.last
            durableClock = engine.durableClock
            nextTableNumber = engine.nextTableNumber
        }
    }

    typealias Completion = (Reply) -> Void

    struct Envelope {
        let command: Command
        let completion: Completion
    }

    /// What one commit covers.
    struct Group {
        let completions: [Completion]
        let replies: [Reply]
        let batch: WriteBatch
        let needsSync: Bool
        let wallMilliseconds: UInt64
    }

    init(index: Int, name: RegionName) throws(StoreError) {
        self.index = index
        self.name = name
        engine = try RegionEngine(loading: store, as: name, remembering: definitions)
        published = Published(engine)
    }

    var isServing: Bool { !isDown && !hasFailed }

    /// - Parameter batch: what the engine has stored since the last time.
    func publish(_ batch: WriteBatch) {
        published = Published(engine)
        guard engine.takeCatalogueChange() else { return }
        definitions.note(batch, of: engine)
        catalogue = engine.tables.values.map(\.definition).filter { $0.deletedMilliseconds == nil }
            .sorted { $0.number < $1.number }
        tables = catalogue.map { HeldTable($0) }
    }

    /// The oldest of what waits, in order.
    func takeEnvelopes(max count: Int) -> [Envelope] {
        var taken: [Envelope] = []
        guard mailbox.count > count else {
            swap(&taken, &mailbox)
            return taken
        }
        taken = Array(mailbox.prefix(count))
        mailbox.removeFirst(count)
        return taken
    }

    /// Reads the region back from its store.
    func reload() throws(StoreError) {
        engine = try RegionEngine(loading: store, as: name, remembering: definitions)
        publish(WriteBatch())
    }

    func table(_ name: String) -> TableDefinition? { held(name)?.definition }

    func held(_ name: String) -> HeldTable? { tables.first { $0.name == name } }

    func state(of key: EncodedKey, in table: TableDefinition.Number) throws(StoreError) -> StoredItem? {
        guard let bytes = store.value(of: StorageKeys.item(table, key), in: .items) else { return nil }
        return try StoredItem.read(bytes)
    }

    /// All states of a table, tombstones included, in the order of their keys.
    func states<Reader: KeyValueReader>(
        of table: TableDefinition, in reader: Reader
    ) throws(StoreError) -> [(key: EncodedKey, state: StoredItem)] {
        var rows: [([UInt8], [UInt8])] = []
        try reader.scan(StorageKeys.items(table.number), in: .items, reverse: false) { key, value in
            rows.append((Array(key.dropFirst(4)), Array(value)))
            return .next
        }
        var states: [(key: EncodedKey, state: StoredItem)] = []
        for (key, value) in rows {
            guard let encoded = try? EncodedKey(decoding: key, schema: table.keySchema) else {
                throw .corrupted(path: "items", reason: "a key cannot be decoded")
            }
            states.append((encoded, try StoredItem.read(value)))
        }
        return states
    }
}

/// A table's definition as of a commit, which is large, behind one reference.
final class HeldTable {
    let definition: TableDefinition
    let name: String
    let number: TableDefinition.Number
    let servesItems: Bool
    /// The table as links out of the region read it.
    let linked: LinkedTable
    private let peers: [RegionName]

    init(_ definition: TableDefinition) {
        self.definition = definition
        name = definition.name
        number = definition.number
        servesItems = definition.servesItems
        linked = LinkedTable(definition)
        peers = definition.peers.map(\.region)
    }

    func hasPeer(_ region: RegionName) -> Bool { peers.contains(region) }
}
