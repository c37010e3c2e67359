import AttributeModel
import Bytes
import Expressions
import TestSupport
import Testing

/// Random conditions, evaluated by the engine on stored bytes and by the plainest possible reading of the reference on trees.
@Suite("Random conditions")
struct ConditionPropertyTests {
    @Test("mean the same to the engine and to a naive evaluator", arguments: [1, UInt64.random(in: 0...UInt64.max)])
    func agree(seed: UInt64) throws {
        var random = ConditionGenerator(seed: seed)
        var outcomes = [false: 0, true: 0]
        for round in 0..<1000 {
            random.values = []
            let tree = random.condition(depth: 4)
            let text = random.text(of: tree)
            var placeholders = try ExpressionPlaceholders(
                names: [("#a", "a"), ("#b", "b"), ("#c", "c")],
                values: random.values.isEmpty
                    ? nil : random.values.enumerated().map { (Text(":v\($0)"), $1) })
            let condition = try ConditionExpression(text, purpose: .filter, placeholders: &placeholders)
            for _ in 0..<4 {
                let attributes = random.attributes()
                let expected = tree.holds(attributes)
                outcomes[expected, default: 0] += 1
                let outcome = condition.isSatisfied(by: Item(attributes))
                #expect(outcome == expected, "seed \(seed), round \(round): \(text) on \(attributes), \(random.values)")
                if outcome != expected { return }
            }
        }
        #expect(outcomes[true, default: 0] > 300 && outcomes[false, default: 0] > 300, "seed \(seed): \(outcomes)")
    }
}

/// A condition as the reference describes it.
private indirect enum NaiveCondition {
    case and(NaiveCondition, NaiveCondition)
    case or(NaiveCondition, NaiveCondition)
    case not(NaiveCondition)
    case compare(String, NaiveOperand, NaiveOperand)
    case between(NaiveOperand, NaiveOperand, NaiveOperand)
    case isIn(NaiveOperand, [NaiveOperand])
    case exists(NaivePath)
    case notExists(NaivePath)
    case type(NaiveOperand, AttributeType)
    case beginsWith(NaiveOperand, NaiveOperand)
    case contains(NaiveOperand, NaiveOperand)

    func holds(_ item: AttributeMap) -> Bool {
        switch self {
        case .and(let left, let right): return left.holds(item) && right.holds(item)
        case .or(let left, let right): return left.holds(item) || right.holds(item)
        case .not(let condition): return !condition.holds(item)
        case .compare(let symbol, let left, let right): return compare(symbol, left, right, item)
        case .between(let value, let lower, let upper):
            guard let value = value.value(item), let lower = lower.value(item), let upper = upper.value(item),
                let fromLower = order(lower, value), let toUpper = order(value, upper)
            else { return false }
            return fromLower <= 0 && toUpper <= 0
        case .isIn(let value, let list):
            return list.contains { candidate in compare("=", value, candidate, item) }
        case .exists(let path): return path.value(item) != nil
        case .notExists(let path): return path.value(item) == nil
        case .type(let operand, let type): return operand.value(item)?.type == type
        case .beginsWith(let value, let prefix):
            switch (value.value(item), prefix.value(item)) {
            case (.string(let value), .string(let prefix)): return value.utf8.starts(with: prefix.utf8)
            case (.binary(let value), .binary(let prefix)): return value.starts(with: prefix)
            default: return false
            }
        case .contains(let container, let member):
            guard let container = container.value(item), let member = member.value(item) else { return false }
            return contains(container, member)
        }
    }

    private func compare(_ symbol: String, _ left: NaiveOperand, _ right: NaiveOperand, _ item: AttributeMap) -> Bool {
        let leftValue = left.value(item)
        let rightValue = right.value(item)
        for (operand, value) in [(left, leftValue), (right, rightValue)] {
            if case .size = operand, value == nil { return false }
        }
        guard let leftValue, let rightValue else { return symbol == "<>" }
        if symbol == "=" { return leftValue == rightValue }
        if symbol == "<>" { return leftValue != rightValue }
        guard let order = order(leftValue, rightValue) else { return false }
        return switch symbol {
        case "<": order < 0
        case "<=": order <= 0
        case ">": order > 0
        default: order >= 0
        }
    }

    private func contains(_ container: AttributeValue, _ member: AttributeValue) -> Bool {
        switch (container, member) {
        case (.string(let text), .string(let part)):
            text.utf8.indices.contains { text.utf8[$0...].starts(with: part.utf8) } || part.utf8.isEmpty
        case (.binary(let bytes), .binary(let part)):
            bytes.indices.contains { bytes[$0...].starts(with: part) } || part.isEmpty
        case (.stringSet(let members), .string(let text)): members.contains(text)
        case (.numberSet(let members), .number(let number)): members.contains(number)
        case (.binarySet(let members), .binary(let bytes)): members.contains(bytes)
        case (.list(let elements), _): elements.contains(member)
        default: false
        }
    }
}

private func order(_ left: AttributeValue, _ right: AttributeValue) -> Int? {
    switch (left, right) {
    case (.string(let left), .string(let right)): left == right ? 0 : left < right ? -1 : 1
    case (.number(let left), .number(let right)): left == right ? 0 : left < right ? -1 : 1
    case (.binary(let left), .binary(let right)): left == right ? 0 : left.precedes(right) ? -1 : 1
    default: nil
    }
}

private struct NaivePath: Equatable {
    enum Step: Equatable {
        case name(String)
        case index(Int)
    }

    var root: String
    var steps: [Step]

    func value(_ item: AttributeMap) -> AttributeValue? {
        steps.reduce(item[Text(root)]) { value, step in
            switch (value, step) {
            case (.map(let map), .name(let name)): map[Text(name)]
            case (.list(let list), .index(let index)): list.indices.contains(index) ? list[index] : nil
            default: nil
            }
        }
    }
}

private indirect enum NaiveOperand {
    case path(NaivePath)
    case literal(AttributeValue, name: String)
    case size(NaiveOperand)

    func value(_ item: AttributeMap) -> AttributeValue? {
        switch self {
        case .path(let path): return path.value(item)
        case .literal(let value, _): return value
        case .size(let operand):
            let count: Int? =
                switch operand.value(item) {
                case .string(let text): text.count
                case .binary(let bytes): bytes.count
                case .list(let elements): elements.count
                case .map(let map): map.count
                case .stringSet(let members): members.count
                case .numberSet(let members): members.count
                case .binarySet(let members): members.count
                default: nil
                }
            return count.map { .number(DecimalNumber($0)) }
        }
    }
}

private struct ConditionGenerator {
    private var random: SeededRandom
    /// The literals of the condition; `:v<index>` names them.
    var values: [AttributeValue] = []

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        random.pick(choices)
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: Trees

    mutating func condition(depth: Int) -> NaiveCondition {
        if depth > 0, chance(60) {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return .and(condition(depth: depth - 1), condition(depth: depth - 1))
            case 1: return .or(condition(depth: depth - 1), condition(depth: depth - 1))
            default: return .not(condition(depth: depth - 1))
            }
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3:
            let symbol = pick(["=", "<>", "<", "<=", ">", ">="])
            let isOrdering = symbol != "=" && symbol != "<>"
            let left = operand(isOrdered: isOrdering)
            return .compare(symbol, left, other(than: left, isOrdered: isOrdering))
        case 4:
            let value = operand(isOrdered: true)
            let lower = other(than: value, isOrdered: true)
            var upper = other(than: value, isOrdered: true)
            // Literal bounds must be of one type and in order.
            if case .literal(let low, _) = lower, case .literal(let high, _) = upper,
                order(low, high).map({ $0 > 0 }) ?? true
            {
                upper = lower
            }
            return .between(value, lower, upper)
        case 5:
            let value = operand(isOrdered: false)
            return .isIn(
                value, (0...Int.random(in: 0...3, using: &random)).map { _ in other(than: value, isOrdered: false) })
        case 6: return chance(50) ? .exists(path()) : .notExists(path())
        case 7: return .type(operand(isOrdered: false), pick(AttributeType.allCases))
        case 8:
            let value = textOperand()
            return .beginsWith(value, textOperand(besides: value))
        default:
            let container = operand(isOrdered: false)
            return .contains(container, other(than: container, isOrdered: false))
        }
    }

    private mutating func operand(isOrdered: Bool) -> NaiveOperand {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...4: return .path(path())
        case 5: return .size(chance(80) ? .path(path()) : literal(pick([s("ab"), b(1), .list([]), ss("x")])))
        default: return literal(isOrdered ? scalar() : value(depth: 2))
        }
    }

    /// An operand that is not the same path as `first`.
    private mutating func other(than first: NaiveOperand, isOrdered: Bool) -> NaiveOperand {
        let candidate = operand(isOrdered: isOrdered)
        if case .path(let left) = first, case .path(let right) = candidate, left == right { return literal(scalar()) }
        return candidate
    }

    private mutating func textOperand(besides first: NaiveOperand? = nil) -> NaiveOperand {
        if chance(60) {
            let candidate = path()
            if case .path(let left) = first, left == candidate { return literal(s("a")) }
            return .path(candidate)
        }
        return literal(chance(50) ? s(pick(["", "a", "ab", "b"])) : .binary(pick([[], [1], [1, 2]])))
    }

    private mutating func literal(_ value: AttributeValue) -> NaiveOperand {
        values.append(value)
        return .literal(value, name: ":v\(values.count - 1)")
    }

    private mutating func path() -> NaivePath {
        var path = NaivePath(root: pick(["a", "b", "c"]), steps: [])
        while chance(30) { path.steps.append(chance(50) ? .name(pick(["a", "b"])) : .index(pick([0, 1, 2]))) }
        return path
    }

    // MARK: Items

    mutating func attributes() -> AttributeMap {
        var map = AttributeMap()
        for name in ["a", "b", "c"] where chance(75) { map[Text(name)] = value(depth: 3) }
        return map
    }

    private mutating func scalar() -> AttributeValue {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: s(pick(["", "a", "ab", "abc", "b"]))
        case 1: n(pick(["0", "1", "2", "-1", "1.5", "10", "1e10", "-0.001"]))
        default: .binary(pick([[], [1], [1, 2], [0xFF], [0]]))
        }
    }

    private mutating func value(depth: Int) -> AttributeValue {
        switch Int.random(in: 0..<(depth > 0 ? 12 : 8), using: &random) {
        case 0...3: scalar()
        case 4: chance(50) ? .boolean(chance(50)) : .null
        case 5: chance(50) ? ss("a", "ab") : ss("b")
        case 6: chance(50) ? ns("1", "2") : ns("10")
        case 7: chance(50) ? bs([1], [1, 2]) : bs([0])
        case 8, 9: .list((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth - 1) })
        default: .map(nested(depth: depth - 1))
        }
    }

    private mutating func nested(depth: Int) -> AttributeMap {
        var map = AttributeMap()
        for name in ["a", "b"] where chance(60) { map[Text(name)] = value(depth: depth) }
        return map
    }

    // MARK: Text

    /// Writes the condition with as few parentheses as its meaning needs, or a few more.
    mutating func text(of condition: NaiveCondition) -> String { text(condition, minimum: 0) }

    private mutating func text(_ condition: NaiveCondition, minimum: Int) -> String {
        let (text, level) = bareText(condition)
        return level < minimum || chance(10) ? "(\(blank())\(text)\(blank()))" : text
    }

    /// The text and how tightly it binds: OR 0, AND 1, NOT 2, primitives 3.
    private mutating func bareText(_ condition: NaiveCondition) -> (String, Int) {
        switch condition {
        case .or(let left, let right):
            return ("\(text(left, minimum: 0)) \(keyword("or")) \(text(right, minimum: 1))", 0)
        case .and(let left, let right):
            return ("\(text(left, minimum: 1)) \(keyword("and")) \(text(right, minimum: 2))", 1)
        case .not(let inner): return ("\(keyword("not")) \(text(inner, minimum: 2))", 2)
        case .compare(let symbol, let left, let right):
            return ("\(text(left))\(blank())\(symbol)\(blank())\(text(right))", 3)
        case .between(let value, let lower, let upper):
            return ("\(text(value)) \(keyword("between")) \(text(lower)) \(keyword("and")) \(text(upper))", 3)
        case .isIn(let value, let list):
            let candidates = list.map { text($0) }.joined(separator: ",")
            return ("\(text(value)) \(keyword("in"))\(blank())(\(candidates))", 3)
        case .exists(let path): return ("attribute_exists(\(text(path)))", 3)
        case .notExists(let path): return ("attribute_not_exists\(blank())(\(text(path)))", 3)
        case .type(let operand, let type):
            guard case .literal(_, let name) = literal(s(type.rawValue)) else { return ("", 3) }
            return ("attribute_type(\(text(operand)), \(name))", 3)
        case .beginsWith(let value, let prefix): return ("begins_with(\(text(value)),\(blank())\(text(prefix)))", 3)
        case .contains(let container, let member): return ("contains(\(text(container)), \(text(member)))", 3)
        }
    }

    private mutating func text(_ operand: NaiveOperand) -> String {
        let bare =
            switch operand {
            case .path(let path): text(path)
            case .literal(_, let name): name
            case .size(let inner): "size(\(text(inner)))"
            }
        return chance(10) ? "(\(bare))" : bare
    }

    private mutating func text(_ path: NaivePath) -> String {
        var text = chance(30) ? "#\(path.root)" : path.root
        for step in path.steps {
            switch step {
            case .name(let name): text += chance(30) ? ".#\(name)" : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }

    private mutating func keyword(_ word: String) -> String { chance(50) ? word : word.uppercased() }

    private mutating func blank() -> String { pick(["", " ", "\n", "\t "]) }
}
