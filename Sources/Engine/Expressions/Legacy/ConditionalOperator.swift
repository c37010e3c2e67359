import Bytes

/// How the legacy conditions of one parameter combine.
public enum ConditionalOperator: String, CaseIterable, Sendable {
    case and = "AND"
    case or = "OR"
}

extension ConditionExpression {
    /// Legacy conditions, each on one attribute.
    init(
        _ nodes: [(Text, ConditionNode)], _ conditionalOperator: ConditionalOperator?
    ) throws(ExpressionError) {
        if nodes.isEmpty, conditionalOperator != nil {
            throw ExpressionError(message: "ConditionalOperator cannot be used without Filter or Expected")
        }
        let conditions = nodes.map(\.1)
        let root: ConditionNode = conditionalOperator == .or ? .any(conditions) : .all(conditions)
        self.init(root: root, topLevelNames: nodes.map(\.0))
    }
}
