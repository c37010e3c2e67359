/// Decides a rule whose fields lie in arrays: each field chooses a leaf, and leaves below one array must lie in the same element
/// (reference `event-filtering.md` 3.3 and 3.5).
///
/// Fields choose in the order of their paths, as event-ruler does; `exists: false` looks only at elements that the fields before it
/// leave possible.
struct ArrayConsistency: Sendable {
    /// How many choices are tried before failures are remembered, which costs memory but makes the time polynomial.
    private static let forgetfulStepsMax = 32

    /// The element chosen of each array, or `none`, and the arrays in the order of choice.
    private var chosen: [Int32] = []
    private var trail: [Int32] = []
    private var steps = 0
    /// For each array the last condition with a leaf below it; what was chosen of an array is of no importance behind that.
    private var lastConditions: [Int32] = []
    /// Conditions, each with the choices that still matter, from which there is no way on.
    private var failures: Set<[Int32]> = []

    mutating func holds(
        _ rule: PatternTables.Rule, _ program: PatternProgram, _ leaves: borrowing LeafTable
    ) -> Bool {
        chosen.removeAll(keepingCapacity: true)
        for _ in 0..<leaves.arrayCount { chosen.append(LeafTable.none) }
        trail.removeAll(keepingCapacity: true)
        steps = 0
        defer { failures.removeAll() }
        return holds(from: rule.conditions.range.lowerBound, rule, program, leaves)
    }

    private mutating func holds(
        from index: Int, _ rule: PatternTables.Rule, _ program: PatternProgram, _ leaves: borrowing LeafTable
    ) -> Bool {
        guard index < rule.conditions.range.upperBound else { return true }
        steps += 1
        if steps == Self.forgetfulStepsMax { findLastConditions(rule, program, leaves) }
        let key = steps < Self.forgetfulStepsMax ? nil : state(at: index)
        if let key, failures.contains(key) { return false }
        let condition = program.tables.conditions[index]
        var isAbsent = true
        var leafIndex = leaves.heads[Int(condition.path)]
        while leafIndex != LeafTable.none {
            let leaf = leaves.leaves[Int(leafIndex)]
            leafIndex = leaf.next
            guard isConsistent(leaf.membership, leaves) else { continue }
            isAbsent = false
            guard program.accepts(condition.matchers, leaf) else { continue }
            let mark = trail.count
            choose(leaf.membership, leaves)
            if holds(from: index + 1, rule, program, leaves) { return true }
            undo(to: mark)
        }
        if isAbsent, condition.acceptsAbsence, holds(from: index + 1, rule, program, leaves) { return true }
        if let key { failures.insert(key) }
        return false
    }

    private func isConsistent(_ membership: Int32, _ leaves: borrowing LeafTable) -> Bool {
        var current = membership
        while current != LeafTable.none {
            let element = leaves.memberships[Int(current)]
            let index = chosen[Int(element.array)]
            if index != LeafTable.none, index != element.index { return false }
            current = element.outer
        }
        return true
    }

    private mutating func choose(_ membership: Int32, _ leaves: borrowing LeafTable) {
        var current = membership
        while current != LeafTable.none {
            let element = leaves.memberships[Int(current)]
            if chosen[Int(element.array)] == LeafTable.none {
                chosen[Int(element.array)] = element.index
                trail.append(element.array)
            }
            current = element.outer
        }
    }

    private mutating func undo(to mark: Int) {
        while trail.count > mark { chosen[Int(trail.removeLast())] = LeafTable.none }
    }

    // MARK: memory

    private mutating func findLastConditions(
        _ rule: PatternTables.Rule, _ program: PatternProgram, _ leaves: borrowing LeafTable
    ) {
        lastConditions = [Int32](repeating: LeafTable.none, count: Int(leaves.arrayCount))
        for index in rule.conditions.range {
            var leafIndex = leaves.heads[Int(program.tables.conditions[index].path)]
            while leafIndex != LeafTable.none {
                let leaf = leaves.leaves[Int(leafIndex)]
                var membership = leaf.membership
                while membership != LeafTable.none {
                    let element = leaves.memberships[Int(membership)]
                    lastConditions[Int(element.array)] = Int32(index)
                    membership = element.outer
                }
                leafIndex = leaf.next
            }
        }
    }

    /// All that the rest of the search depends on.
    private func state(at index: Int) -> [Int32] {
        var state = [Int32(index)]
        for array in trail.sorted() where lastConditions[Int(array)] >= Int32(index) {
            state.append(array)
            state.append(chosen[Int(array)])
        }
        return state
    }
}
