public import AttributeModel
public import Bytes

/// One entry of `QueryFilter`, `ScanFilter` or `KeyConditions`.
public struct LegacyCondition: Sendable {
    public var comparisonOperator: LegacyComparisonOperator
    /// Nil counts as an empty list.
    public var attributeValueList: [AttributeValue]?

    public init(comparisonOperator: LegacyComparisonOperator, attributeValueList: [AttributeValue]? = nil) {
        self.comparisonOperator = comparisonOperator
        self.attributeValueList = attributeValueList
    }
}

extension ConditionExpression {
    /// The legacy parameters `QueryFilter` and `ScanFilter`; without entries they always hold.
    /// - Parameter conditionalOperator: nil counts as AND.
    /// - Throws: the first fault, attributes in order of the request (reference `data-plane.md` 6).
    public init(
        filter: [(Text, LegacyCondition)], conditionalOperator: ConditionalOperator?
    ) throws(ExpressionError) {
        var nodes: [(Text, ConditionNode)] = []
        for (name, condition) in filter {
            let comparison = try LegacyComparison(
                condition.comparisonOperator, condition.attributeValueList ?? [])
            nodes.append((name, comparison.node(on: name)))
        }
        try self.init(nodes, conditionalOperator)
    }
}

extension KeyConditionExpression {
    /// The legacy parameter `KeyConditions`.
    /// - Throws: the first fault, attributes in order of the request, then that there are none or more than two.
    public init(keyConditions: [(Text, LegacyCondition)]) throws(ExpressionError) {
        var clauses: [KeyClause] = []
        for (name, condition) in keyConditions {
            let comparison = try LegacyComparison(
                condition.comparisonOperator, condition.attributeValueList ?? [])
            clauses.append(KeyClause(name: name, test: comparison.keyTest))
        }
        self.init(clauses: clauses)
    }
}
