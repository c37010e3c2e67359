import AttributeModel
import Bytes

/// The six comparisons; the raw values are their spelling in expressions.
enum Comparator: String, Sendable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    init?(_ token: ExpressionToken.Kind) {
        switch token {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        default: return nil
        }
    }

    /// The comparison that holds for `b, a` when this one holds for `a, b`.
    var reversed: Comparator {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    var isOrdering: Bool { self != .equal && self != .notEqual }

    /// Ordering comparisons hold only between two strings, two numbers or two binaries (reference `data-plane.md` 5.4).
    func holds(_ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch self {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less, .lessOrEqual, .greater, .greaterOrEqual: break
        }
        guard let order = left.order(to: right) else { return false }
        switch self {
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        default: return order >= 0
        }
    }
}

extension AttributeValue {
    /// Negative, zero or positive as this value orders before, equal or after the other; nil unless both are strings, numbers or
    /// binaries.
    func order(to other: AttributeValue) -> Int? {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.utf8.order(to: right.utf8)
        case (.binary(let left), .binary(let right)): left.order(to: right)
        case (.number(let left), .number(let right)): left == right ? 0 : (left < right ? -1 : 1)
        default: nil
        }
    }
}

extension AttributeType {
    /// Whether values of this type have an order.
    var isOrdered: Bool { self == .string || self == .number || self == .binary }
}

extension Array where Element == UInt8 {
    fileprivate func order(to other: [UInt8]) -> Int {
        withUnsafeBytes { left in other.withUnsafeBytes { right in left.compare(with: right) } }
    }
}
