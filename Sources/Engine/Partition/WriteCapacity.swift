import AttributeModel
public import Capacity

/// Whose capacity is used up.
public struct Throttling: Error, Sendable, Equatable {
    public enum Access: String, Sendable {
        case read = "Read"
        case write = "Write"
    }

    /// ARN of the table or the index.
    public let resourceARN: String
    public let isIndex: Bool
    public let access: Access

    public init(_ resource: CapacityMeter.Resource, of table: TableDefinition, _ access: Access) {
        switch resource {
        case .table: (resourceARN, isIndex) = (table.arn, false)
        case .index(let name): (resourceARN, isIndex) = (table.indexARN(name), true)
        }
        self.access = access
    }
}

/// What a write costs: for the table the larger of the item before and after, with what it moves in local indexes; for each global
/// index what it moves there. A write that its condition refuses costs as much as the item that is there.
struct WriteCost {
    /// The least that a write costs, in units.
    static let least = 1.0

    let table: TableDefinition.Number
    let isTransactional: Bool
    private(set) var tableUnits: Double
    private(set) var indexUnits: [(name: String, units: Double)] = []

    init(of planned: PlannedWrite, isTransactional: Bool) {
        table = planned.table
        self.isTransactional = isTransactional
        tableUnits = CapacityUnits.write(
            bytes: max(planned.oldSize, planned.newSize), isTransactional: isTransactional)
        for change in planned.indexChanges { change.writes.forEach { add($0) } }
    }

    init(ofRefused item: Item?, in table: TableDefinition.Number, isTransactional: Bool) {
        self.table = table
        self.isTransactional = isTransactional
        tableUnits = CapacityUnits.write(bytes: item?.size ?? 0, isTransactional: isTransactional)
    }

    private mutating func add(_ write: IndexWrite) {
        let units = CapacityUnits.write(bytes: write.entryBytes, isTransactional: isTransactional)
        if write.isLocal {
            tableUnits += units
        } else if let position = indexUnits.firstIndex(where: { $0.name == write.index }) {
            indexUnits[position].units += units
        } else {
            indexUnits.append((write.index, units))
        }
    }
}

/// Writes pay with the capacity of their table and of the global indexes that they touch.
extension RegionEngine {
    /// Takes over a table's provisioned write capacity.
    mutating func provisionWrites(of number: TableDefinition.Number, wallMilliseconds: UInt64?) {
        guard let definition = tables[number]?.definition else { return }
        tables[number]?.writes.provision(
            definition, \.writeUnits, isEnforced: enforcesThroughput, nowMilliseconds: wallMilliseconds)
    }

    /// Pays for a write that was decided. Faulty ones cost nothing.
    mutating func pay(
        for decision: Result<PlannedWrite, WriteFailure>, in table: TableDefinition.Number, wallMilliseconds: UInt64
    ) -> Throttling? {
        switch decision {
        case .success(let planned):
            return pay(for: planned, isTransactional: false, wallMilliseconds: wallMilliseconds)
        case .failure(.conditionFailed(let item)):
            let cost = WriteCost(ofRefused: item, in: table, isTransactional: false)
            return pay(cost, wallMilliseconds: wallMilliseconds)
        case .failure: return nil
        }
    }

    /// Nil when there was enough; else nothing was taken, and the write must not be made.
    mutating func pay(
        for planned: PlannedWrite, isTransactional: Bool, wallMilliseconds: UInt64
    ) -> Throttling? {
        pay(WriteCost(of: planned, isTransactional: isTransactional), wallMilliseconds: wallMilliseconds)
    }

    private mutating func pay(_ cost: WriteCost, wallMilliseconds: UInt64) -> Throttling? {
        metered.insert(cost.table)
        if let refusing = tables[cost.table]?.resource(refusing: cost, nowMilliseconds: wallMilliseconds) {
            return count(refusing, of: cost.table)
        }
        tables[cost.table]?.charge(cost, nowMilliseconds: wallMilliseconds)
        return nil
    }

    private mutating func count(
        _ refusing: CapacityMeter.Resource, of table: TableDefinition.Number
    ) -> Throttling? {
        tables[table]?.writes.countThrottle(of: refusing)
        return (tables[table]?.definition).map { Throttling(refusing, of: $0, .write) }
    }

    /// All of a transaction's actions or none. Answers which actions found no capacity left.
    mutating func payAll(_ costs: [WriteCost], wallMilliseconds: UInt64) -> [(index: Int, throttling: Throttling)] {
        for cost in costs { metered.insert(cost.table) }
        let refusals = refusals(of: costs, wallMilliseconds: wallMilliseconds)
        if refusals.isEmpty {
            for cost in costs { tables[cost.table]?.charge(cost, nowMilliseconds: wallMilliseconds) }
        }
        return refusals.compactMap { index, resource in count(resource, of: costs[index].table).map { (index, $0) } }
    }

    private func refusals(
        of costs: [WriteCost], wallMilliseconds: UInt64
    ) -> [(index: Int, resource: CapacityMeter.Resource)] {
        guard costs.contains(where: { tables[$0.table]?.writes.isEnforced == true }) else { return [] }
        var partitions: [TableDefinition.Number: Partition] = [:]
        var refusals: [(index: Int, resource: CapacityMeter.Resource)] = []
        for (index, cost) in costs.enumerated() {
            if partitions[cost.table] == nil { partitions[cost.table] = tables[cost.table] }
            if let refusing = partitions[cost.table]?.resource(refusing: cost, nowMilliseconds: wallMilliseconds) {
                refusals.append((index, refusing))
            } else {
                partitions[cost.table]?.charge(cost, nowMilliseconds: wallMilliseconds)
            }
        }
        return refusals
    }

    /// A write of another region is never refused. It takes capacity from the writes that are made here.
    mutating func payForReplicated(_ planned: PlannedWrite, wallMilliseconds: UInt64) {
        let cost = WriteCost(of: planned, isTransactional: false)
        tables[cost.table]?.chargeReplicated(cost, nowMilliseconds: wallMilliseconds)
    }
}

extension Partition {
    fileprivate mutating func resource(
        refusing cost: WriteCost, nowMilliseconds now: UInt64
    ) -> CapacityMeter.Resource? {
        guard writes.isEnforced else { return nil }
        let least = cost.isTransactional ? 2 * WriteCost.least : WriteCost.least
        let resources = [.table] + cost.indexUnits.map { CapacityMeter.Resource.index($0.name) }
        return resources.first { !writes.admits($0, atLeast: least, nowMilliseconds: now) }
    }

    fileprivate mutating func charge(_ cost: WriteCost, nowMilliseconds: UInt64) {
        writes.charge(cost.tableUnits, to: .table, nowMilliseconds: nowMilliseconds)
        for index in cost.indexUnits {
            writes.charge(index.units, to: .index(index.name), nowMilliseconds: nowMilliseconds)
        }
    }

    fileprivate mutating func chargeReplicated(_ cost: WriteCost, nowMilliseconds: UInt64) {
        writes.chargeReplicated(cost.tableUnits, to: .table, nowMilliseconds: nowMilliseconds)
        for index in cost.indexUnits {
            writes.chargeReplicated(index.units, to: .index(index.name), nowMilliseconds: nowMilliseconds)
        }
    }
}

extension CapacityMeter {
    /// Takes over what a table provisions in one direction.
    public mutating func provision(
        _ definition: TableDefinition, _ units: KeyPath<Throughput, Int>, isEnforced: Bool, nowMilliseconds: UInt64?
    ) {
        let isProvisioned = isEnforced && definition.billing.mode == .provisioned
        provision(
            unitsPerSecond: isProvisioned ? definition.billing.throughput[keyPath: units] : nil,
            indexes: definition.globalIndexes.map { index in
                (index.name, isProvisioned ? index.throughput[keyPath: units] : nil)
            }, nowMilliseconds: nowMilliseconds)
    }
}
