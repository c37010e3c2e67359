/// Puts records that wait into units that are each delivered as a whole, in an order that keeps the order of every item.
///
/// A unit is a transaction's records, or a single record. Units whose items interlock (each has a record that must come before one of the
/// other) become one. What must come behind a unit that waits, waits too.
struct DeliveryUnits {
    /// Indices of records, for each unit ascending.
    private var members: [[Int]] = []
    /// Units that must be delivered before.
    private var dependencies: [[Int]] = []
    private var unitOfRecord: [Int] = []
    /// A unit that was merged into another one names it.
    private var mergedInto: [Int]
    private var isBlocked: [Bool]

    /// - Parameters:
    ///   - records: ascending by sequence number.
    ///   - waits: whether a transaction must wait.
    init(_ records: [RecordReference], waits: (String) -> Bool) {
        var unitOfTransaction: [String: Int] = [:]
        var lastUnitOfKey: [UInt64: Int] = [:]
        var waiting: [Int] = []
        for (index, record) in records.enumerated() {
            var unit = members.count
            if let transaction = record.transaction {
                if let known = unitOfTransaction[transaction.id] {
                    unit = known
                } else {
                    unitOfTransaction[transaction.id] = unit
                    if waits(transaction.id) { waiting.append(unit) }
                }
            }
            if unit == members.count {
                members.append([])
                dependencies.append([])
            }
            members[unit].append(index)
            unitOfRecord.append(unit)
            if let before = lastUnitOfKey.updateValue(unit, forKey: record.keyHash), before != unit {
                dependencies[unit].append(before)
            }
        }
        mergedInto = Array(members.indices)
        isBlocked = Array(repeating: false, count: members.count)
        block(from: waiting)
    }

    private mutating func block(from waiting: [Int]) {
        var dependents = [[Int]](repeating: [], count: members.count)
        for (unit, before) in dependencies.enumerated() { for other in before { dependents[other].append(unit) } }
        var rest = waiting
        for unit in waiting { isBlocked[unit] = true }
        while let unit = rest.popLast() {
            for dependent in dependents[unit] where !isBlocked[dependent] {
                isBlocked[dependent] = true
                rest.append(dependent)
            }
        }
    }

    /// How many records must wait.
    var blockedCount: Int { unitOfRecord.count { isBlocked[$0] } }

    /// Whether the record of this index must wait.
    func isBlocked(record: Int) -> Bool { isBlocked[unitOfRecord[record]] }

    /// Units that need not wait, each with its records' indices, in an order that keeps that of every item; otherwise by their first records.
    mutating func ordered() -> [[Int]] {
        var order: [[Int]] = []
        var isDone = isBlocked
        for unit in members.indices where !isDone[unit] && mergedInto[unit] == unit {
            emit(unit, &isDone, &order)
        }
        return order
    }

    /// Emits a unit behind all that it depends on, by a walk along dependencies; a circle becomes one unit.
    private mutating func emit(_ unit: Int, _ isDone: inout [Bool], _ order: inout [[Int]]) {
        var path = [unit]
        var place = [unit: 0]
        while let top = path.last {
            guard let before = nextDependency(of: top, isDone) else {
                order.append(members[top].sorted())
                isDone[top] = true
                path.removeLast()
                place[top] = nil
                continue
            }
            if let start = place[before] {
                for other in path[(start + 1)...] {
                    merge(other, into: before)
                    place[other] = nil
                }
                path.removeSubrange((start + 1)...)
            } else {
                place[before] = path.count
                path.append(before)
            }
        }
    }

    private mutating func nextDependency(of unit: Int, _ isDone: [Bool]) -> Int? {
        while let last = dependencies[unit].last {
            let before = representative(of: last)
            if before != unit, !isDone[before] { return before }
            dependencies[unit].removeLast()
        }
        return nil
    }

    private mutating func merge(_ unit: Int, into other: Int) {
        members[other] += members[unit]
        dependencies[other] += dependencies[unit]
        members[unit] = []
        dependencies[unit] = []
        mergedInto[unit] = other
    }

    private mutating func representative(of unit: Int) -> Int {
        var found = unit
        while mergedInto[found] != found {
            mergedInto[found] = mergedInto[mergedInto[found]]
            found = mergedInto[found]
        }
        return found
    }
}
