import AttributeModel
import Bytes
import ChangeStream
import Foundation
import KeyValueStore
import Partition
import Replication
import Testing

@testable import Region

func item(_ key: String, _ attributes: [(Text, AttributeValue)] = []) -> Item {
    var map = AttributeMap()
    map["pk"] = .string(Text(key))
    for (name, value) in attributes { map[name] = value }
    return Item(map)
}

func string(_ value: String) -> AttributeValue { .string(Text(value)) }
func number(_ value: Int) -> AttributeValue { .number(DecimalNumber(value)) }

extension Region {
    // MARK: Writes

    func putCommand(_ item: Item, in table: String = "T") throws -> Command {
        let definition = try #require(catalogue.table(named: table))
        return .write(
            ItemWrite(
                table: definition.number, key: try definition.keySchema.key(of: item),
                keyItem: item.projecting(["pk"]), change: .put(item), condition: nil))
    }

    func deleteCommand(_ key: String, in table: String = "T") throws -> Command {
        let definition = try #require(catalogue.table(named: table))
        return .write(
            ItemWrite(
                table: definition.number, key: try definition.keySchema.key(of: item(key)), keyItem: item(key),
                change: .delete, condition: nil))
    }

    func put(_ item: Item, in table: String = "T") throws {
        guard case .written = perform(try putCommand(item, in: table)) else { throw RefusedWrite() }
    }

    func delete(_ key: String, in table: String = "T") throws {
        guard case .written = perform(try deleteCommand(key, in: table)) else { throw RefusedWrite() }
    }

    /// Writes many items without waiting for each, and returns when all are durable.
    func putAll(_ items: [Item], in table: String = "T") throws {
        let group = DispatchGroup()
        for item in items {
            group.enter()
            submit(try putCommand(item, in: table)) { _ in group.leave() }
        }
        group.wait()
    }

    struct RefusedWrite: Error {}

    // MARK: Reads

    /// All states of a table, tombstones included, by the bytes of their keys.
    func states(of table: String = "T") throws -> [[UInt8]: StoredItem] {
        guard let number = catalogue.table(named: table)?.number else { return [:] }
        var rows: [([UInt8], [UInt8])] = []
        try store.scan(StorageKeys.items(number), in: .items, reverse: false) { key, value in
            rows.append((Array(key.dropFirst(4)), Array(value)))
            return .next
        }
        return Dictionary(uniqueKeysWithValues: try rows.map { ($0, try StoredItem.read($1)) })
    }

    /// The items of a table with their versions; tombstones may be collected at different times.
    func items(of table: String = "T") throws -> [[UInt8]: StoredItem] {
        try states(of: table).filter { $0.value.item != nil }
    }

    func tombstoneCount(of table: String = "T") throws -> Int { try states(of: table).count - items(of: table).count }

    func storedItem(_ key: String, of table: String = "T") throws -> Item? {
        guard let definition = catalogue.table(named: table) else { return nil }
        let key = try definition.keySchema.key(of: item(key))
        return try store.value(of: StorageKeys.item(definition.number, key), in: .items)
            .flatMap { try StoredItem.read($0).item }
    }

    func changes(of table: String = "T") throws -> [ChangeRecord] {
        guard let number = catalogue.table(named: table)?.number else { return [] }
        var rows: [(UInt64, [UInt8])] = []
        try store.scan(StorageKeys.changes(number, from: 0), in: .changes, reverse: false) { key, value in
            if let sequence = try? StorageKeys.sequence(ofChange: key) { rows.append((sequence, Array(value))) }
            return .next
        }
        return try rows.map { sequence, value in
            try value.withUnsafeBytes { try ChangeRecord(sequence: sequence, decoding: $0) }
        }
    }

    // MARK: Checks

    /// Counters and index entries are those of the items, each change is in the log once, and the log has no gaps.
    func expectConsistent(_ tableName: String = "T", sourceLocation: SourceLocation = #_sourceLocation) throws {
        let table = try #require(catalogue.table(named: tableName), sourceLocation: sourceLocation)
        let states = try states(of: tableName)
        let counters = counters(table.number)
        #expect(counters.itemCount == UInt64(states.values.count { $0.item != nil }), sourceLocation: sourceLocation)
        let records = try changes(of: tableName)
        var latest: [[UInt8]: Item?] = [:]
        #expect(
            records.map(\.sequence) == Array(counters.firstSequence..<counters.nextSequence),
            sourceLocation: sourceLocation)
        #expect(Set(records.map(\.changeIdentity)).count == records.count, sourceLocation: sourceLocation)
        for record in records.reversed() where latest[try record.key(table)] == nil {
            latest[try record.key(table)] = .some(record.newImage)
        }
        for (key, image) in latest {
            #expect(states[key]?.item == image, "the log's readers end with the items", sourceLocation: sourceLocation)
        }
        try expectIndexes(of: table, states, sourceLocation)
    }

    private func expectIndexes(
        of table: TableDefinition, _ states: [[UInt8]: StoredItem], _ sourceLocation: SourceLocation
    ) throws {
        for index in table.indexes {
            var expected: Set<[UInt8]> = []
            for (bytes, state) in states {
                guard let item = state.item, let entry = try? index.keySchema.key(of: item) else { continue }
                let key = try EncodedKey(decoding: bytes, schema: table.keySchema)
                expected.insert(StorageKeys.indexEntry(table.number, index.ordinal, entry, of: key))
            }
            var found: Set<[UInt8]> = []
            let range = StorageKeys.indexEntries(table.number, index.ordinal)
            try store.scan(range, in: .indexes, reverse: false) { key, _ in
                found.insert(Array(key))
                return .next
            }
            #expect(found == expected, "\(index.name) in \(name)", sourceLocation: sourceLocation)
        }
    }
}

extension ChangeRecord {
    fileprivate func key(_ table: TableDefinition) throws -> [UInt8] {
        try table.keySchema.key(of: newImage ?? oldImage ?? .empty).bytes
    }

    /// Which change of which item it is.
    fileprivate var changeIdentity: String {
        let key = (newImage ?? oldImage)?.value(of: "pk")
        return "\(version) \(key.map { "\($0)" } ?? "")"
    }
}

extension IndexDefinition {
    static func global(_ name: String, _ attribute: Text, status: Status = .active) -> IndexDefinition {
        IndexDefinition(
            ordinal: 1, name: name,
            keySchema: KeySchema(partitionKeys: [KeyAttribute(name: attribute, type: .string)]), projection: .all,
            status: status)
    }
}
