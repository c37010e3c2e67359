import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

extension TestRegion {
    /// Everything that must follow from the items alone: index entries, the lists of tombstones and expiries, the counters. And the log has
    /// no gaps.
    func expectConsistent(_ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
        var expectedIndexes: Set<[UInt8]> = []
        for partition in engine.tables.values {
            let table = partition.definition
            let states = try states(of: table)
            expectedIndexes.formUnion(try indexRows(of: table, states))
            let items = states.compactMap(\.state.item)
            #expect(
                partition.counters.itemCount == UInt64(items.count), "\(comment)", sourceLocation: sourceLocation)
            #expect(
                partition.counters.itemBytes == UInt64(items.reduce(0) { $0 + $1.size }), "\(comment)",
                sourceLocation: sourceLocation)
            let sequences = try sequences(of: table.number)
            #expect(
                sequences == Array(partition.counters.firstSequence..<partition.counters.nextSequence), "\(comment)",
                sourceLocation: sourceLocation)
        }
        #expect(Set(rows(.indexes).keys) == expectedIndexes, "\(comment)", sourceLocation: sourceLocation)
        let numbers = Set(engine.tables.keys)
        for space in [Space.items, .changes] {
            let strays = rows(space).keys.filter {
                !numbers.contains(tableNumber($0)) && !isControlEvent($0, in: space)
            }
            #expect(strays.isEmpty, "rows of tables that are gone; \(comment)", sourceLocation: sourceLocation)
        }
    }

    /// The control log has the table number that no table has.
    private func isControlEvent(_ key: [UInt8], in space: Space) -> Bool { space == .changes && tableNumber(key) == 0 }

    private func sequences(of number: TableDefinition.Number) throws -> [UInt64] {
        var sequences: [UInt64] = []
        store.scan(StorageKeys.changes(number, from: 0), in: .changes, reverse: false) { key, _ in
            if let sequence = try? StorageKeys.sequence(ofChange: key) { sequences.append(sequence) }
            return .next
        }
        return sequences
    }

    func states(of table: TableDefinition) throws -> [(key: EncodedKey, state: StoredItem)] {
        try rows(.items).filter { tableNumber($0.key) == table.number }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { key, value in
                (try EncodedKey(decoding: Array(key.dropFirst(4)), schema: table.keySchema), try StoredItem.read(value))
            }
    }

    private func indexRows(
        of table: TableDefinition, _ states: [(key: EncodedKey, state: StoredItem)]
    ) throws -> [[UInt8]] {
        var rows: [[UInt8]] = []
        for (key, state) in states {
            guard let item = state.item else {
                rows.append(tombstoneRow(table, state.version.timestamp, key))
                continue
            }
            if let timeToLive = table.timeToLive, timeToLive.isOn, let expiry = timeToLive.expiry(of: item) {
                rows.append(expiryRow(table, expiry, key))
            }
            for index in table.indexes {
                guard let entry = try? index.keySchema.key(of: item) else { continue }
                rows.append(StorageKeys.indexEntry(table.number, index.ordinal, entry, of: key))
            }
        }
        return rows
    }

    private func tombstoneRow(_ table: TableDefinition, _ timestamp: HybridTimestamp, _ key: EncodedKey) -> [UInt8] {
        var row: [UInt8] = []
        row.appendBigEndian(table.number)
        row.appendBigEndian(0 as IndexDefinition.Ordinal)
        row.appendBigEndian(timestamp.rawValue)
        return row + key.bytes
    }

    private func expiryRow(_ table: TableDefinition, _ expiry: DecimalNumber, _ key: EncodedKey) -> [UInt8] {
        var row: [UInt8] = []
        row.appendBigEndian(table.number)
        row.appendBigEndian(StorageKeys.expiryOrdinal)
        return row + expiry.orderedBytes + key.bytes
    }

    private func tableNumber(_ key: [UInt8]) -> TableDefinition.Number {
        key.prefix(4).reduce(0) { $0 << 8 | TableDefinition.Number($1) }
    }
}
