/// Finds the patterns that match the leaves of one event. Its arrays keep their room from event to event.
struct RuleSearch: Sendable {
    /// The identifiers of the patterns that match, each pattern once.
    private(set) var matches: [Int] = []
    /// In which event a rule was last tried, and a pattern last matched.
    private var ruleEpochs: [UInt32]
    private var patternEpochs: [UInt32]
    private var epoch: UInt32 = 0
    private var consistency = ArrayConsistency()

    init(_ tables: PatternTables) {
        ruleEpochs = [UInt32](repeating: 0, count: tables.rules.count)
        patternEpochs = [UInt32](repeating: 0, count: tables.patternCount)
    }

    mutating func removeAll() {
        matches.removeAll(keepingCapacity: true)
    }

    mutating func run(_ program: PatternProgram, _ leaves: borrowing LeafTable) {
        matches.removeAll(keepingCapacity: true)
        beginEpoch()
        for index in leaves.leaves.indices { tryRules(of: leaves.leaves[index], program, leaves) }
        for rule in program.tables.unanchored { tryRule(Int(rule), program, leaves) }
    }

    private mutating func beginEpoch() {
        epoch &+= 1
        guard epoch == 0 else { return }
        for index in ruleEpochs.indices { ruleEpochs[index] = 0 }
        for index in patternEpochs.indices { patternEpochs[index] = 0 }
        epoch = 1
    }

    /// Tries the rules that hang on the leaf's value.
    @inline(__always)
    private mutating func tryRules(
        of leaf: LeafTable.Leaf, _ program: PatternProgram, _ leaves: borrowing LeafTable
    ) {
        let plan = program.tables.paths[Int(leaf.path)]
        switch leaf.kind {
        case .string: tryRules(ofString: leaf, plan, program, leaves)
        case .number:
            if plan.hasNumbers {
                let rules = withUnsafeBytes(of: leaf.number.bitPattern) {
                    program.tables.anchors.rules(path: leaf.path, .number, $0)
                }
                tryRules(rules, program, leaves)
            }
        case .booleanTrue: tryRules(plan.booleanTrue, program, leaves)
        case .booleanFalse: tryRules(plan.booleanFalse, program, leaves)
        case .null: tryRules(plan.null, program, leaves)
        }
        tryRules(plan.anyLeaf, program, leaves)
    }

    @inline(__always)
    private mutating func tryRules(
        ofString leaf: LeafTable.Leaf, _ plan: PatternTables.PathPlan, _ program: PatternProgram,
        _ leaves: borrowing LeafTable
    ) {
        let text = leaf.text
        if plan.hasStrings {
            tryRules(program.tables.anchors.rules(path: leaf.path, .string, text), program, leaves)
        }
        if plan.hasLowercased {
            tryRules(program.tables.anchors.rules(path: leaf.path, lowercased: text), program, leaves)
        }
        for index in plan.prefixLengths.range {
            let length = Int(program.tables.lengths[index])
            guard length <= text.count else { break }
            let part = UnsafeRawBufferPointer(rebasing: text.prefix(length))
            tryRules(program.tables.anchors.rules(path: leaf.path, .prefix, part), program, leaves)
        }
        for index in plan.suffixLengths.range {
            let length = Int(program.tables.lengths[index])
            guard length <= text.count else { break }
            let part = UnsafeRawBufferPointer(rebasing: text.suffix(length))
            tryRules(program.tables.anchors.rules(path: leaf.path, .suffix, part), program, leaves)
        }
    }

    @inline(__always)
    private mutating func tryRules(
        _ run: PatternTables.Run, _ program: PatternProgram, _ leaves: borrowing LeafTable
    ) {
        for index in run.range { tryRule(Int(program.tables.postings[index]), program, leaves) }
    }

    private mutating func tryRule(_ index: Int, _ program: PatternProgram, _ leaves: borrowing LeafTable) {
        guard ruleEpochs[index] != epoch else { return }
        ruleEpochs[index] = epoch
        let rule = program.tables.rules[index]
        let pattern = Int(rule.pattern)
        guard patternEpochs[pattern] != epoch, holds(rule, program, leaves) else { return }
        patternEpochs[pattern] = epoch
        matches.append(program.identifiers[pattern])
    }

    mutating func holds(
        _ rule: PatternTables.Rule, _ program: PatternProgram, _ leaves: borrowing LeafTable
    ) -> Bool {
        var pathsInArrays = 0
        var isUndecided = false
        for index in rule.conditions.range {
            let condition = program.tables.conditions[index]
            let isInArray = leaves.isInArray[Int(condition.path)]
            if isInArray { pathsInArrays += 1 }
            if leaves.meets(condition, program) { continue }
            // The leaves that are there may all lie in other elements than those that the other fields choose.
            guard condition.acceptsAbsence, isInArray else { return false }
            isUndecided = true
        }
        guard pathsInArrays > 1 else { return !isUndecided }
        return consistency.holds(rule, program, leaves)
    }
}

extension LeafTable {
    /// Whether the condition holds when it is the only one.
    @inline(__always)
    func meets(_ condition: PatternTables.Condition, _ program: PatternProgram) -> Bool {
        var index = heads[Int(condition.path)]
        if index == LeafTable.none { return condition.acceptsAbsence }
        while index != LeafTable.none {
            let leaf = leaves[Int(index)]
            if program.accepts(condition.matchers, leaf) { return true }
            index = leaf.next
        }
        return false
    }
}
