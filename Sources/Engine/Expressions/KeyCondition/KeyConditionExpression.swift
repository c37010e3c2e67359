public import AttributeModel

/// Which partition and which sort keys a Query reads: a KeyConditionExpression, or the legacy `KeyConditions`.
///
/// Checked in three steps, as AWS does (reference `data-plane.md` 3 and 5.6): the grammar when it is made; `checkForm` when the whole
/// request is parsed and before the table is looked up; the schema in `resolve`.
public struct KeyConditionExpression: Sendable {
    private enum Source: Sendable {
        case expression(ConditionNode)
        case legacy([KeyClause])
    }

    private let source: Source

    /// Parses an expression and marks the placeholders that it uses.
    /// - Throws: the first fault in AWS's order, with the prefix `Invalid KeyConditionExpression: `.
    public init(_ text: String, placeholders: inout ExpressionPlaceholders) throws(ExpressionError) {
        source = .expression(try ConditionParser.parse(text, kind: .keyCondition, placeholders: &placeholders).root)
    }

    init(clauses: [KeyClause]) {
        source = .legacy(clauses)
    }

    /// Refuses conditions that no key could answer: other operators, several attributes in one condition, repeated attributes.
    public func checkForm() throws(ExpressionError) {
        _ = try clauses()
    }

    /// The range of keys that the condition describes.
    /// - Parameter schema: of the table or index that is queried.
    /// - Throws: what `checkForm` throws; then the texts about missing keys, operators and types; then those about empty and too long
    ///   values (reference `data-plane.md` 4.4).
    public func resolve(against schema: KeySchema) throws(ExpressionError) -> KeyCondition {
        let matched = try KeySchemaMatch(try clauses(), schema)
        return try KeyCondition(partitionValues: matched.partitionValues, sortClauses: matched.sortClauses, schema)
    }

    private func clauses() throws(ExpressionError) -> [KeyClause] {
        switch source {
        case .expression(let root): try KeyClause.clauses(of: root)
        case .legacy(let clauses): clauses
        }
    }
}
