import AttributeModel
import Capacity
import JSONBytes
import Partition

/// The ConsumedCapacity of one table in one request.
struct ConsumedCapacity: Sendable {
    /// Whether the units are told as read or write units too, as transactions do.
    enum Split: Sendable {
        case none
        case read
        case write
    }

    /// As the request named the table.
    let tableName: String
    let split: Split
    var tableUnits = 0.0
    private var globalIndexes: [IndexUnits] = []
    private var localIndexes: [IndexUnits] = []

    private struct IndexUnits: Sendable {
        let name: String
        var units: Double
    }

    init(tableName: String, split: Split = .none) {
        self.tableName = tableName
        self.split = split
    }

    mutating func add(_ units: Double, toIndex name: String, isLocal: Bool) {
        if isLocal {
            Self.add(units, to: name, in: &localIndexes)
        } else {
            Self.add(units, to: name, in: &globalIndexes)
        }
    }

    private static func add(_ units: Double, to name: String, in indexes: inout [IndexUnits]) {
        if let position = indexes.firstIndex(where: { $0.name == name }) {
            indexes[position].units += units
        } else {
            indexes.append(IndexUnits(name: name, units: units))
        }
    }

    /// One write of an item: paid by the larger of old and new, and once for each entry that it moved in an index.
    mutating func add(_ outcome: WriteOutcome) {
        let isTransactional = split == .write
        let bytes = max(outcome.oldItem?.size ?? 0, outcome.newItem?.size ?? 0)
        tableUnits += CapacityUnits.write(bytes: bytes, isTransactional: isTransactional)
        for write in outcome.indexWrites {
            let units = CapacityUnits.write(bytes: write.entryBytes, isTransactional: isTransactional)
            add(units, toIndex: write.index, isLocal: write.isLocal)
        }
    }

    /// Local indexes use the table's capacity.
    func charge(to account: ReadAccount, of table: TableDefinition.Number) {
        let units = localIndexes.reduce(tableUnits) { $0 + $1.units }
        if units > 0 { account.charge(units, to: .table, of: table) }
        for index in globalIndexes { account.charge(index.units, to: .index(index.name), of: table) }
    }

    private var totalUnits: Double {
        (globalIndexes + localIndexes).reduce(tableUnits) { $0 + $1.units }
    }

    /// Appends the object.
    func append(to writer: inout JSONWriter, _ detail: ReturnConsumedCapacity) {
        writer.beginObject()
        writer.key("TableName")
        writer.string(tableName)
        appendUnits(totalUnits, to: &writer)
        if detail == .indexes {
            writer.key("Table")
            appendCapacity(tableUnits, to: &writer)
            append(globalIndexes, as: "GlobalSecondaryIndexes", to: &writer)
            append(localIndexes, as: "LocalSecondaryIndexes", to: &writer)
        }
        writer.endObject()
    }

    private func append(_ indexes: [IndexUnits], as key: StaticString, to writer: inout JSONWriter) {
        guard !indexes.isEmpty else { return }
        writer.key(key)
        writer.beginObject()
        for index in indexes {
            writer.key(index.name)
            appendCapacity(index.units, to: &writer)
        }
        writer.endObject()
    }

    private func appendCapacity(_ units: Double, to writer: inout JSONWriter) {
        writer.beginObject()
        appendUnits(units, to: &writer)
        writer.endObject()
    }

    private func appendUnits(_ units: Double, to writer: inout JSONWriter) {
        writer.key("CapacityUnits")
        writer.number(units)
        switch split {
        case .none: return
        case .read: writer.key("ReadCapacityUnits")
        case .write: writer.key("WriteCapacityUnits")
        }
        writer.number(units)
    }
}

/// The ConsumedCapacity list of a request on several tables, in order of their first use.
struct ConsumedCapacities {
    private let split: ConsumedCapacity.Split
    private var tables: [ConsumedCapacity] = []

    init(split: ConsumedCapacity.Split = .none) {
        self.split = split
    }

    mutating func add(to tableName: String, _ change: (inout ConsumedCapacity) -> Void) {
        if let position = tables.firstIndex(where: { $0.tableName == tableName }) {
            change(&tables[position])
        } else {
            var capacity = ConsumedCapacity(tableName: tableName, split: split)
            change(&capacity)
            tables.append(capacity)
        }
    }

    /// Appends the member, unless the request did not ask for it.
    func append(to writer: inout JSONWriter, _ detail: ReturnConsumedCapacity) {
        guard detail != .none else { return }
        writer.key("ConsumedCapacity")
        writer.beginArray()
        for table in tables { table.append(to: &writer, detail) }
        writer.endArray()
    }
}
