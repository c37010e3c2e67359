import AttributeModel
import Bytes

/// A legacy operator with values that fit it.
struct LegacyComparison {
    let comparisonOperator: LegacyComparisonOperator
    let values: [AttributeValue]

    /// - Throws: the texts about the number of values, their types, and the order of BETWEEN bounds, in this order.
    init(_ comparisonOperator: LegacyComparisonOperator, _ values: [AttributeValue]) throws(ExpressionError) {
        self.comparisonOperator = comparisonOperator
        self.values = values
        let name = comparisonOperator.rawValue
        guard comparisonOperator.takes(values.count) else {
            throw .invalidParameters("Invalid number of argument(s) for the \(name) ComparisonOperator")
        }
        guard values.allSatisfy({ $0.type == values[0].type }) else {
            throw .invalidParameters("AttributeValues inside AttributeValueList must be of same type")
        }
        if let type = values.first?.type, !comparisonOperator.takes(type) {
            throw .invalidParameters("ComparisonOperator \(name) is not valid for \(type.rawValue) AttributeValue type")
        }
        if comparisonOperator == .between, Comparator.greater.holds(values[0], values[1]) {
            throw ExpressionError(
                message:
                    "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound")
        }
    }

    /// The condition on one attribute. NULL and NOT_NULL ask whether it exists; NOT_CONTAINS is false when it does not.
    func node(on name: Text) -> ConditionNode {
        let path = DocumentPath(root: name)
        let operand = ConditionOperand.path(path)
        let literals = values.map { ConditionOperand.literal($0) }
        switch comparisonOperator {
        case .notNull: return .exists(path)
        case .null: return .notExists(path)
        case .equal: return .comparison(.equal, operand, literals[0])
        case .notEqual: return .comparison(.notEqual, operand, literals[0])
        case .less: return .comparison(.less, operand, literals[0])
        case .lessOrEqual: return .comparison(.lessOrEqual, operand, literals[0])
        case .greater: return .comparison(.greater, operand, literals[0])
        case .greaterOrEqual: return .comparison(.greaterOrEqual, operand, literals[0])
        case .contains: return .contains(operand, literals[0])
        case .notContains: return .all([.exists(path), .not(.contains(operand, literals[0]))])
        case .beginsWith: return .beginsWith(operand, prefix: literals[0])
        case .isIn: return .isIn(operand, literals)
        case .between: return .between(operand, lower: literals[0], upper: literals[1])
        }
    }

    /// The condition on a key attribute.
    var keyTest: KeyClause.Test {
        switch comparisonOperator {
        case .equal: .equal(values[0])
        case .less: .less(values[0])
        case .lessOrEqual: .lessOrEqual(values[0])
        case .greater: .greater(values[0])
        case .greaterOrEqual: .greaterOrEqual(values[0])
        case .beginsWith: .beginsWith(values[0])
        case .between: .between(lower: values[0], upper: values[1])
        case .notEqual, .notNull, .null, .contains, .notContains, .isIn: .notIndexable
        }
    }
}
