import AttributeModel
import Bytes

/// The clauses of a key condition, assigned to the attributes of a key schema (reference `data-plane.md` 5.6).
struct KeySchemaMatch {
    /// The values of the partition key attributes, in order of the schema.
    private(set) var partitionValues: [AttributeValue] = []
    /// The clauses about the first sort key attributes; all but the last demand one value.
    private(set) var sortClauses: [KeyClause] = []

    init(_ clauses: [KeyClause], _ schema: KeySchema) throws(ExpressionError) {
        let hasMultipleAttributes = schema.partitionKeys.count > 1 || schema.sortKeys.count > 1
        if !hasMultipleAttributes, clauses.isEmpty || clauses.count > 2 {
            throw ExpressionError(message: "Conditions can be of length 1 or 2 only")
        }
        if schema.sortKeys.isEmpty, clauses.count > schema.partitionKeys.count { throw Self.notSupported }
        for attribute in schema.partitionKeys {
            guard let clause = clauses.first(where: { $0.name == attribute.name }) else { throw Self.missed(attribute) }
            try Self.check(clause, against: attribute)
            guard case .equal(let value) = clause.test else { throw Self.notSupported }
            partitionValues.append(value)
        }
        try matchSortKeys(
            clauses.filter { clause in !schema.partitionKeys.contains { $0.name == clause.name } }, schema)
    }

    /// - Parameter clauses: those that are not about the partition key.
    private mutating func matchSortKeys(_ clauses: [KeyClause], _ schema: KeySchema) throws(ExpressionError) {
        guard !clauses.isEmpty else { return }
        guard clauses.allSatisfy({ schema.contains($0.name) }) else {
            let missed = schema.sortKeys.first { attribute in !clauses.contains { $0.name == attribute.name } }
            throw missed.map { Self.missed($0) } ?? Self.notSupported
        }
        var withoutEquality: [Text] = []
        for attribute in schema.sortKeys {
            guard let clause = clauses.first(where: { $0.name == attribute.name }) else {
                withoutEquality.append(attribute.name)
                continue
            }
            if !withoutEquality.isEmpty { throw Self.gap(withoutEquality, before: attribute.name) }
            try Self.check(clause, against: attribute)
            sortClauses.append(clause)
            if case .equal = clause.test { continue }
            withoutEquality.append(attribute.name)
        }
    }

    private static func check(_ clause: KeyClause, against attribute: KeyAttribute) throws(ExpressionError) {
        if case .notIndexable = clause.test {
            throw ExpressionError(message: "Attempted conditional constraint is not an indexable operation")
        }
        if case .beginsWith = clause.test, attribute.type == .number {
            let fault = OperandFault.type(
                operator: ExpressionFunction.beginsWith.rawValue, type: attribute.type.rawValue)
            throw ExpressionError(.keyCondition, .operand(fault))
        }
        guard clause.test.values.allSatisfy({ $0.type.rawValue == attribute.type.rawValue }) else {
            throw .invalidParameters("Condition parameter type does not match schema type")
        }
    }

    private static let notSupported = ExpressionError(message: "Query key condition not supported")

    private static func missed(_ attribute: KeyAttribute) -> ExpressionError {
        ExpressionError(message: "Query condition missed key schema element: \(attribute.name)")
    }

    private static func gap(_ names: [Text], before later: Text) -> ExpressionError {
        let list = names.map(\.description).joined(separator: ", ")
        return ExpressionError(
            message: "RANGE key attributes \(list) must have equality conditions specified in the query "
                + "because a condition is present on key attribute \(later)")
    }
}
