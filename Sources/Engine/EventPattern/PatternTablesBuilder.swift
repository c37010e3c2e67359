import Bytes

/// Lays patterns out as tables, and hangs each rule on the condition that the fewest events should meet.
struct PatternTablesBuilder {
    private var tables = PatternTables()
    private var pathNumbers: [Text: Int32] = [:]
    /// How many rules could hang on a value.
    private var uses: [AnchorTable.Key: Int] = [:]
    /// For each condition the ways to find it by values; nil when it cannot be found so.
    private var conditionAnchors: [[Anchor]?] = []

    /// One way to find a condition: by a value of its path.
    private enum Anchor {
        case key(AnchorTable.Key)
        case booleanTrue
        case booleanFalse
        case null
    }

    mutating func add(_ pattern: FilterPattern) {
        for conjunction in pattern.conjunctions {
            let start = tables.conditions.count
            for condition in conjunction.conditions { add(condition) }
            tables.rules.append(
                PatternTables.Rule(
                    conditions: run(from: start, to: tables.conditions.count), pattern: UInt32(tables.patternCount)))
        }
        tables.patternCount += 1
    }

    // MARK: conditions

    private mutating func add(_ condition: FieldCondition) {
        let path = number(of: condition.path)
        let start = tables.matchers.count
        // Reserved first, because the lists of anything-but follow the condition's own matchers.
        for _ in condition.matchers { tables.matchers.append(PatternTables.Matcher(kind: .absent)) }
        for (offset, matcher) in condition.matchers.enumerated() {
            tables.matchers[start + offset] = flat(matcher, path: path)
        }
        tables.conditions.append(
            PatternTables.Condition(
                path: path, matchers: run(from: start, to: start + condition.matchers.count),
                acceptsAbsence: condition.matchers.contains(.absent)))
        let anchors = anchors(of: condition, path: path)
        for case .key(let key) in anchors ?? [] { uses[key, default: 0] += 1 }
        conditionAnchors.append(anchors)
    }

    private mutating func number(of path: Text) -> Int32 {
        if let number = pathNumbers[path] { return number }
        let number = Int32(tables.paths.count)
        pathNumbers[path] = number
        tables.paths.append(PatternTables.PathPlan())
        tables.pathNames.append(path)
        return number
    }

    private mutating func flat(_ matcher: LeafMatcher, path: Int32) -> PatternTables.Matcher {
        switch matcher {
        case .string(let text): return textual(.string, text)
        case .number(let text, let value):
            tables.paths[Int(path)].comparesNumbers = true
            var number = textual(.number, value == nil ? text : [])
            number.range = NumericRange(low: value ?? .nan, high: value ?? .nan)
            return number
        case .boolean(let flag): return PatternTables.Matcher(kind: flag ? .booleanTrue : .booleanFalse)
        case .null: return PatternTables.Matcher(kind: .null)
        case .prefix(let text): return textual(.prefix, text)
        case .suffix(let text): return textual(.suffix, text)
        case .equalsIgnoringCase(let text): return folded(text, .equalsIgnoringASCIICase, .equalsIgnoringCase)
        case .prefixIgnoringCase(let text): return folded(text, .prefixIgnoringASCIICase, .prefixIgnoringCase)
        case .suffixIgnoringCase(let text): return folded(text, .suffixIgnoringASCIICase, .suffixIgnoringCase)
        case .wildcard(let wildcard): return textual(.wildcard, wildcard.bytes)
        case .numericRange(let range):
            tables.paths[Int(path)].comparesNumbers = true
            return PatternTables.Matcher(kind: .numericRange, range: range)
        case .addressRange(let range):
            tables.addresses.append(range)
            return PatternTables.Matcher(
                kind: .addressRange, content: run(from: tables.addresses.count - 1, to: tables.addresses.count))
        case .exists: return PatternTables.Matcher(kind: .exists)
        case .absent: return PatternTables.Matcher(kind: .absent)
        case .anythingBut(let refused):
            let list = refused.map { flat($0, path: path) }
            tables.matchers += list
            return PatternTables.Matcher(
                kind: .anythingBut,
                content: run(from: tables.matchers.count - list.count, to: tables.matchers.count))
        }
    }

    private mutating func textual(_ kind: PatternTables.Matcher.Kind, _ text: [UInt8]) -> PatternTables.Matcher {
        tables.bytes += text
        return PatternTables.Matcher(
            kind: kind, content: run(from: tables.bytes.count - text.count, to: tables.bytes.count))
    }

    private mutating func folded(
        _ text: CaseVariants, _ asciiKind: PatternTables.Matcher.Kind, _ kind: PatternTables.Matcher.Kind
    ) -> PatternTables.Matcher {
        text.ascii.map { textual(asciiKind, $0) } ?? textual(kind, text.forms)
    }

    private func run(from start: Int, to end: Int) -> PatternTables.Run {
        PatternTables.Run(start: UInt32(start), count: UInt32(end - start))
    }

    // MARK: anchors

    private func anchors(of condition: FieldCondition, path: Int32) -> [Anchor]? {
        var anchors: [Anchor] = []
        for matcher in condition.matchers {
            guard let anchor = anchor(of: matcher, path: path) else { return nil }
            anchors.append(anchor)
        }
        return anchors
    }

    private func anchor(of matcher: LeafMatcher, path: Int32) -> Anchor? {
        func key(_ kind: AnchorTable.Kind, _ bytes: [UInt8]) -> Anchor {
            .key(AnchorTable.Key(path: path, kind: kind, bytes: bytes))
        }
        switch matcher {
        case .string(let text): return key(.string, text)
        case .number(_, let value?): return key(.number, Self.bytes(of: value))
        case .numericRange(let range) where range.low == range.high: return key(.number, Self.bytes(of: range.low))
        case .boolean(let flag): return flag ? .booleanTrue : .booleanFalse
        case .null: return .null
        case .prefix(let text) where !text.isEmpty: return key(.prefix, text)
        case .suffix(let text) where !text.isEmpty: return key(.suffix, text)
        case .equalsIgnoringCase(let text): return text.ascii.map { key(.lowercased, $0) }
        case .wildcard(let wildcard):
            guard let star = wildcard.bytes.firstIndex(of: Wildcard.star) else { return key(.string, wildcard.bytes) }
            if star > 0 { return key(.prefix, Array(wildcard.bytes[..<star])) }
            let tail = wildcard.bytes.suffix(while: { $0 != Wildcard.star })
            return tail.isEmpty ? nil : key(.suffix, tail)
        default: return nil
        }
    }

    static func bytes(of number: Double) -> [UInt8] {
        withUnsafeBytes(of: number.bitPattern) { Array($0) }
    }

    /// How often a condition is expected to find its rule in vain, measured by the rules that share its values.
    private func cost(of anchors: [Anchor]) -> Int {
        anchors.reduce(0) { sum, anchor in
            switch anchor {
            case .booleanTrue, .booleanFalse, .null: return sum + 1_000
            case .key(let key):
                let shared = uses[key] ?? 1
                switch key.kind {
                case .string, .lowercased, .number: return sum + 4 * shared
                case .prefix, .suffix: return sum + (key.bytes.count < 3 ? 64 : 8) * shared
                }
            }
        }
    }

    /// The condition of the rule to hang it on, if any: one that only certain values meet, else one that any leaf may meet.
    private func anchorCondition(of rule: PatternTables.Rule) -> Int? {
        var best: Int?
        var bestCost = Int.max
        for index in rule.conditions.range where !tables.conditions[index].acceptsAbsence {
            let found = conditionAnchors[index].map { cost(of: $0) } ?? Int.max - 1
            if found < bestCost { (best, bestCost) = (index, found) }
        }
        return best
    }

    // MARK: layout

    /// The rules that hang on a path but on no key.
    private struct PathPostings {
        var booleanTrue: [UInt32] = []
        var booleanFalse: [UInt32] = []
        var null: [UInt32] = []
        var anyLeaf: [UInt32] = []
        var prefixLengths: Set<UInt32> = []
        var suffixLengths: Set<UInt32> = []
    }

    consuming func build() -> PatternTables {
        var keyed: [AnchorTable.Key: [UInt32]] = [:]
        var paths = [PathPostings](repeating: PathPostings(), count: tables.paths.count)
        for (index, rule) in tables.rules.enumerated() {
            let number = UInt32(index)
            guard let condition = anchorCondition(of: rule) else {
                tables.unanchored.append(number)
                continue
            }
            let path = Int(tables.conditions[condition].path)
            guard let anchors = conditionAnchors[condition] else {
                paths[path].anyLeaf.append(number)
                continue
            }
            for anchor in anchors {
                switch anchor {
                case .booleanTrue: paths[path].booleanTrue.append(number)
                case .booleanFalse: paths[path].booleanFalse.append(number)
                case .null: paths[path].null.append(number)
                case .key(let key): keyed[key, default: []].append(number)
                }
            }
        }
        layOut(keyed, &paths)
        layOut(paths)
        tables.steps = StepTable(paths: tables.pathNames)
        return tables
    }

    private mutating func layOut(_ keyed: [AnchorTable.Key: [UInt32]], _ paths: inout [PathPostings]) {
        var keys: [(key: AnchorTable.Key, rules: PatternTables.Run)] = []
        for (key, rules) in keyed {
            keys.append((key: key, rules: post(rules)))
            let path = Int(key.path)
            let length = UInt32(key.bytes.count)
            switch key.kind {
            case .string: tables.paths[path].hasStrings = true
            case .number: tables.paths[path].hasNumbers = true
            case .lowercased: tables.paths[path].hasLowercased = true
            case .prefix: paths[path].prefixLengths.insert(length)
            case .suffix: paths[path].suffixLengths.insert(length)
            }
        }
        tables.anchors = AnchorTable(keys)
    }

    private mutating func layOut(_ paths: [PathPostings]) {
        for (index, path) in paths.enumerated() {
            tables.paths[index].booleanTrue = post(path.booleanTrue)
            tables.paths[index].booleanFalse = post(path.booleanFalse)
            tables.paths[index].null = post(path.null)
            tables.paths[index].anyLeaf = post(path.anyLeaf)
            tables.paths[index].prefixLengths = list(path.prefixLengths)
            tables.paths[index].suffixLengths = list(path.suffixLengths)
        }
    }

    private mutating func post(_ rules: [UInt32]) -> PatternTables.Run {
        tables.postings += rules
        return run(from: tables.postings.count - rules.count, to: tables.postings.count)
    }

    private mutating func list(_ lengths: Set<UInt32>) -> PatternTables.Run {
        tables.lengths += lengths.sorted()
        return run(from: tables.lengths.count - lengths.count, to: tables.lengths.count)
    }
}

extension [UInt8] {
    /// The longest end of bytes that all satisfy the condition.
    fileprivate func suffix(while isIncluded: (UInt8) -> Bool) -> [UInt8] {
        Array(self[((lastIndex { !isIncluded($0) } ?? -1) + 1)...])
    }
}
