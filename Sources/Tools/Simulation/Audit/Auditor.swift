import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication

/// Watches a run from outside: it sees every batch that reached a disk and every answer that a client got, and knows what must hold
/// (`reliability.md` 1.3). It shares no decision with the engines.
///
/// Per region it keeps what each key held, state after state, and undoes what a power failure takes away.
final class Auditor {
    let names: [RegionName]
    private(set) var violations: [String] = []
    var nowMilliseconds: UInt64 = 0
    /// Counts commits and other moments at which something can have become visible.
    private(set) var step = 0
    var regions: [RegionAudit]
    /// Regions whose replicas came or went: what of transactions they show is not followed.
    var refilled: Set<Int> = []
    /// The tables that were filled there.
    var filledTables: [Int: Set<String>] = [:]
    /// The number of the newest write.
    var uniqueCount = 0
    var transactionsCount = 0
    /// By id.
    var transactions: [String: TransactionAudit] = [:]
    /// By region and client token.
    var tokens: [String: [String]] = [:]
    /// Every effective write that some region made: table, key, version.
    var written: [String: [ByteKey: [WrittenState]]] = [:]

    struct WrittenState {
        let version: Version
        let item: Item?
    }

    init(regions: [RegionName]) {
        names = regions
        self.regions = regions.map { RegionAudit(name: $0) }
    }

    func violate(_ invariant: String, _ text: @autoclosure () -> String) {
        let milliseconds = nowMilliseconds - Simulation.start
        violations.append("\(invariant) at \(milliseconds) ms: \(text())")
    }

    func require(_ holds: Bool, _ invariant: String, _ text: @autoclosure () -> String) {
        if !holds { violate(invariant, text()) }
    }

    func advanceStep() { step += 1 }

    /// Takes note of tables that it does not know.
    func learnTables(of engine: RegionEngine) {
        guard let index = names.firstIndex(of: engine.region) else { return }
        for (number, partition) in engine.tables where regions[index].replicas[number] == nil {
            regions[index].replicas[number] = ReplicaAudit(partition.definition)
        }
    }

    /// The newest replica of a table in a region that lives.
    func replica(of table: String, in region: Int) -> ReplicaAudit? {
        regions[region].replicas.values.filter { $0.name == table && !$0.isDropped }.max { $0.number < $1.number }
    }
}

/// What the auditor knows of one region.
struct RegionAudit {
    let name: RegionName
    var replicas: [TableDefinition.Number: ReplicaAudit] = [:]
    /// Batches on the disk.
    var batch = 0
    /// Transactions of other regions that were told of: id, whether whole, batch.
    var arrivals: [(id: String, isWhole: Bool, arrived: Int, batch: Int)] = []
    var mappings: [Int: MappingAudit] = [:]
    /// The latest that its wall clock ever showed at a commit.
    var latestMilliseconds: UInt64 = 0
}

/// A transaction as its client sent it.
struct TransactionAudit {
    let region: Int
    let token: String?
    /// When its records reached the disk at home, by the region's wall clock; nil when they did not.
    var committedMilliseconds: UInt64?
    /// How many records that were.
    var size = 0
}

/// What one replica of a table held and logged.
final class ReplicaAudit {
    let number: TableDefinition.Number
    let name: String
    let region: RegionName
    let createdMilliseconds: UInt64
    /// Whether it was filled from a snapshot: then not everything that it holds was in its log.
    let wasFilled: Bool
    var isDropped = false
    var droppedBatch = 0
    var keys: [ByteKey: [KeyState]] = [:]
    var records: [RecordAudit] = []
    /// The number of the first record in `records`.
    let firstSequence: UInt64 = 1
    var cursors: [RegionName: [(cursor: LinkCursor, batch: Int)]] = [:]
    /// By the number of the write that made the new image: its record.
    var byUnique: [Int: UInt64] = [:]

    init(_ definition: TableDefinition) {
        number = definition.number
        name = definition.name
        region = definition.region
        createdMilliseconds = definition.createdMilliseconds
        wasFilled = definition.status == .creating
    }

    var nextSequence: UInt64 { UInt64(records.count) + 1 }

    func record(_ sequence: UInt64) -> RecordAudit? {
        sequence >= 1 && sequence < nextSequence ? records[Int(sequence) - 1] : nil
    }
}

/// A state of a key: version nil when there was not even a tombstone.
struct KeyState {
    let version: Version?
    let item: Item?
    let batch: Int
    /// When it became visible.
    let step: Int
}

/// A record of a change log.
struct RecordAudit {
    let record: ChangeRecord
    let key: ByteKey
    let batch: Int
    let step: Int
    /// Whether a client knows that the write was made.
    var isAcknowledged = false
    /// Whether the commit's outcome was known: then the record must not get lost if it is the region's own.
    let isAnswered: Bool
}
