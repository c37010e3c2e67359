import AttributeModel
import Bytes

/// A condition as it is evaluated (reference `data-plane.md` 5.4). At most `ExpressionLimits.operatorsMax` levels deep.
indirect enum ConditionNode: Sendable {
    /// True when all are true; also when there are none.
    case all([ConditionNode])
    case any([ConditionNode])
    case not(ConditionNode)
    case comparison(Comparator, ConditionOperand, ConditionOperand)
    case between(ConditionOperand, lower: ConditionOperand, upper: ConditionOperand)
    case isIn(ConditionOperand, [ConditionOperand])
    case exists(DocumentPath)
    case notExists(DocumentPath)
    case hasType(ConditionOperand, AttributeType)
    case beginsWith(ConditionOperand, prefix: ConditionOperand)
    case contains(ConditionOperand, ConditionOperand)

    /// - Parameter item: nil counts as an item without attributes.
    func isSatisfied(by item: Item?) -> Bool {
        switch self {
        case .all(let conditions): return conditions.allSatisfy { $0.isSatisfied(by: item) }
        case .any(let conditions): return conditions.contains { $0.isSatisfied(by: item) }
        case .not(let condition): return !condition.isSatisfied(by: item)
        case .comparison(let comparator, let left, let right):
            return Self.compare(comparator, left, right, in: item)
        case .between(let operand, let lower, let upper):
            guard let value = operand.value(in: item), let lower = lower.value(in: item),
                let upper = upper.value(in: item)
            else { return false }
            return Comparator.greaterOrEqual.holds(value, lower) && Comparator.lessOrEqual.holds(value, upper)
        case .isIn(let operand, let candidates):
            guard let value = operand.value(in: item) else { return false }
            return candidates.contains { $0.value(in: item) == value }
        case .exists(let path): return item.map { path.exists(in: $0) } ?? false
        case .notExists(let path): return !(item.map { path.exists(in: $0) } ?? false)
        case .hasType(let operand, let type): return operand.value(in: item)?.type == type
        case .beginsWith(let operand, let prefix):
            guard let value = operand.value(in: item), let prefix = prefix.value(in: item) else { return false }
            return value.begins(with: prefix)
        case .contains(let container, let member):
            guard let container = container.value(in: item), let member = member.value(in: item) else { return false }
            return container.contains(member)
        }
    }

    /// A missing operand makes every comparison false but `<>`; a size that is not defined makes that false, too.
    private static func compare(
        _ comparator: Comparator, _ left: ConditionOperand, _ right: ConditionOperand, in item: Item?
    ) -> Bool {
        let leftValue = left.value(in: item)
        let rightValue = right.value(in: item)
        if let leftValue, let rightValue { return comparator.holds(leftValue, rightValue) }
        let hasUndefinedSize = left.isSize && leftValue == nil || right.isSize && rightValue == nil
        return comparator == .notEqual && !hasUndefinedSize
    }
}

/// What a condition compares.
indirect enum ConditionOperand: Sendable {
    case path(DocumentPath)
    case literal(AttributeValue)
    case size(ConditionOperand)

    /// Nil when the item has no such value, or when it is of a type without a size.
    func value(in item: Item?) -> AttributeValue? {
        switch self {
        case .path(let path): item.flatMap { path.value(in: $0) }
        case .literal(let value): value
        case .size(let operand): operand.value(in: item)?.elementCount.map { .number(DecimalNumber($0)) }
        }
    }

    var isSize: Bool {
        if case .size = self { true } else { false }
    }

    /// The type that the operand has whatever the item is; nil for paths.
    var staticType: AttributeType? {
        switch self {
        case .path: nil
        case .literal(let value): value.type
        case .size: .number
        }
    }
}

extension AttributeValue {
    /// What `size` counts: bytes of strings and binaries, elements of containers.
    fileprivate var elementCount: Int? {
        switch self {
        case .string(let text): text.count
        case .binary(let bytes): bytes.count
        case .list(let elements): elements.count
        case .map(let map): map.count
        case .stringSet(let members): members.count
        case .numberSet(let members): members.count
        case .binarySet(let members): members.count
        case .number, .boolean, .null: nil
        }
    }

    func begins(with prefix: AttributeValue) -> Bool {
        switch (self, prefix) {
        case (.string(let text), .string(let prefix)): text.utf8.starts(with: prefix.utf8)
        case (.binary(let bytes), .binary(let prefix)): bytes.starts(with: prefix)
        default: false
        }
    }

    /// Sub-strings, sub-sequences of bytes, members of sets, and elements of lists of any type.
    fileprivate func contains(_ member: AttributeValue) -> Bool {
        switch (self, member) {
        case (.string(let text), .string(let part)): ByteSearch.contains(part.utf8, in: text.utf8)
        case (.binary(let bytes), .binary(let part)): ByteSearch.contains(part, in: bytes)
        case (.stringSet(let members), .string(let text)): members.contains(text)
        case (.numberSet(let members), .number(let number)): members.contains(number)
        case (.binarySet(let members), .binary(let bytes)): members.contains(bytes)
        case (.list(let elements), _): elements.contains(member)
        default: false
        }
    }
}
