import AttributeModel
import Bytes

/// One condition of a key condition: an attribute and what its value must satisfy.
struct KeyClause: Sendable {
    enum Test: Sendable {
        case equal(AttributeValue)
        case less(AttributeValue)
        case lessOrEqual(AttributeValue)
        case greater(AttributeValue)
        case greaterOrEqual(AttributeValue)
        case between(lower: AttributeValue, upper: AttributeValue)
        case beginsWith(AttributeValue)
        /// A legacy operator that no order of keys answers.
        case notIndexable

        /// Nil for `<>`, which no order of keys answers.
        init?(_ comparator: Comparator, _ value: AttributeValue) {
            switch comparator {
            case .equal: self = .equal(value)
            case .notEqual: return nil
            case .less: self = .less(value)
            case .lessOrEqual: self = .lessOrEqual(value)
            case .greater: self = .greater(value)
            case .greaterOrEqual: self = .greaterOrEqual(value)
            }
        }

        var values: [AttributeValue] {
            switch self {
            case .equal(let value), .less(let value), .lessOrEqual(let value), .greater(let value),
                .greaterOrEqual(let value), .beginsWith(let value):
                [value]
            case .between(let lower, let upper): [lower, upper]
            case .notIndexable: []
            }
        }

        func holds(for value: AttributeValue) -> Bool {
            switch self {
            case .equal(let operand): value == operand
            case .less(let operand): Comparator.less.holds(value, operand)
            case .lessOrEqual(let operand): Comparator.lessOrEqual.holds(value, operand)
            case .greater(let operand): Comparator.greater.holds(value, operand)
            case .greaterOrEqual(let operand): Comparator.greaterOrEqual.holds(value, operand)
            case .between(let lower, let upper):
                Comparator.greaterOrEqual.holds(value, lower) && Comparator.lessOrEqual.holds(value, upper)
            case .beginsWith(let prefix): value.begins(with: prefix)
            case .notIndexable: false
            }
        }
    }

    let name: Text
    let test: Test
}

extension KeyClause {
    /// Takes a parsed condition apart (reference `data-plane.md` 5.6, the part that needs no schema).
    static func clauses(of root: ConditionNode) throws(ExpressionError) -> [KeyClause] {
        var clauses: [KeyClause] = []
        try collect(root, into: &clauses)
        return clauses
    }

    private static func collect(_ node: ConditionNode, into clauses: inout [KeyClause]) throws(ExpressionError) {
        switch node {
        case .all(let conditions): for condition in conditions { try collect(condition, into: &clauses) }
        case .comparison(let comparator, let left, let right):
            try add(try comparison(comparator, left, right), to: &clauses)
        case .between(let operand, let lower, let upper):
            try add(try between(operand, lower, upper), to: &clauses)
        case .beginsWith(let operand, let prefix): try add(try beginsWith(operand, prefix), to: &clauses)
        case .any: throw invalidOperator("OR")
        case .not: throw invalidOperator("NOT")
        case .isIn: throw invalidOperator("IN")
        case .exists: throw invalidOperator(ExpressionFunction.attributeExists.rawValue)
        case .notExists: throw invalidOperator(ExpressionFunction.attributeNotExists.rawValue)
        case .hasType: throw invalidOperator(ExpressionFunction.attributeType.rawValue)
        case .contains: throw invalidOperator(ExpressionFunction.contains.rawValue)
        }
    }

    private static func add(_ clause: KeyClause, to clauses: inout [KeyClause]) throws(ExpressionError) {
        if clauses.contains(where: { $0.name == clause.name }) {
            throw ExpressionError(message: "KeyConditionExpressions must only contain one condition per key")
        }
        clauses.append(clause)
    }

    private static func between(
        _ operand: ConditionOperand, _ lower: ConditionOperand, _ upper: ConditionOperand
    ) throws(ExpressionError) -> KeyClause {
        let name = try name(ofFirst: operand, "BETWEEN", others: [lower, upper])
        guard case .literal(let lower) = lower, case .literal(let upper) = upper else { throw noAttribute }
        return KeyClause(name: name, test: .between(lower: lower, upper: upper))
    }

    private static func beginsWith(
        _ operand: ConditionOperand, _ prefix: ConditionOperand
    ) throws(ExpressionError) -> KeyClause {
        let name = try name(ofFirst: operand, ExpressionFunction.beginsWith.rawValue, others: [prefix])
        guard case .literal(let prefix) = prefix else { throw noAttribute }
        return KeyClause(name: name, test: .beginsWith(prefix))
    }

    /// `a < :v` and `:v > a` are the same clause.
    private static func comparison(
        _ comparator: Comparator, _ left: ConditionOperand, _ right: ConditionOperand
    ) throws(ExpressionError) -> KeyClause {
        if comparator == .notEqual { throw invalidOperator(comparator.rawValue) }
        let name = try onlyName(in: [left, right])
        let test: Test? =
            switch (left, right) {
            case (.path, .literal(let value)): Test(comparator, value)
            case (.literal(let value), .path): Test(comparator.reversed, value)
            default: nil
            }
        guard let test else { throw noAttribute }
        return KeyClause(name: name, test: test)
    }

    private static func name(
        ofFirst operand: ConditionOperand, _ operatorName: String, others: [ConditionOperand]
    ) throws(ExpressionError) -> Text {
        guard case .path = operand else {
            throw invalidCondition("\(operatorName) operator must have the key attribute as its first operand")
        }
        return try onlyName(in: [operand] + others)
    }

    /// The one attribute among the operands of a condition.
    private static func onlyName(in operands: [ConditionOperand]) throws(ExpressionError) -> Text {
        var name: Text?
        for operand in operands {
            switch operand {
            case .literal: break
            case .size: throw ExpressionError(message: "KeyConditionExpressions cannot contain nested operations")
            case .path(let path):
                if name != nil { throw invalidCondition("Multiple attribute names used in one condition") }
                if !path.steps.isEmpty {
                    throw ExpressionError(
                        message: "KeyConditionExpressions cannot have conditions on nested attributes")
                }
                name = path.root
            }
        }
        guard let name else { throw noAttribute }
        return name
    }

    private static let noAttribute = invalidCondition("No key attribute specified")

    private static func invalidOperator(_ name: String) -> ExpressionError {
        ExpressionError(message: "Invalid operator used in KeyConditionExpression: \(name)")
    }

    private static func invalidCondition(_ detail: String) -> ExpressionError {
        ExpressionError(message: "Invalid condition in KeyConditionExpression: \(detail)")
    }
}
