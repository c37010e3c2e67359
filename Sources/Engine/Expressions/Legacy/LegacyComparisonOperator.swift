import AttributeModel

/// The operators of the legacy conditions; the raw values are their names in requests (reference `data-plane.md` 6).
public enum LegacyComparisonOperator: String, CaseIterable, Sendable {
    case equal = "EQ"
    case notEqual = "NE"
    case lessOrEqual = "LE"
    case less = "LT"
    case greaterOrEqual = "GE"
    case greater = "GT"
    case notNull = "NOT_NULL"
    case null = "NULL"
    case contains = "CONTAINS"
    case notContains = "NOT_CONTAINS"
    case beginsWith = "BEGINS_WITH"
    case isIn = "IN"
    case between = "BETWEEN"
}

extension LegacyComparisonOperator {
    /// Whether the operator stands without values.
    var isUnary: Bool { self == .null || self == .notNull }

    func takes(_ count: Int) -> Bool {
        switch self {
        case .notNull, .null: count == 0
        case .between: count == 2
        case .isIn: count >= 1
        default: count == 1
        }
    }

    func takes(_ type: AttributeType) -> Bool {
        switch self {
        case .equal, .notEqual, .null, .notNull: true
        case .beginsWith: type == .string || type == .binary
        default: type.isOrdered
        }
    }
}
