public import AttributeModel
public import Bytes

/// One entry of `Expected`: either `Value` and `Exists`, or an operator with values.
public struct LegacyExpectation: Sendable {
    public var value: AttributeValue?
    public var exists: Bool?
    public var comparisonOperator: LegacyComparisonOperator?
    public var attributeValueList: [AttributeValue]?

    public init(
        value: AttributeValue? = nil, exists: Bool? = nil, comparisonOperator: LegacyComparisonOperator? = nil,
        attributeValueList: [AttributeValue]? = nil
    ) {
        self.value = value
        self.exists = exists
        self.comparisonOperator = comparisonOperator
        self.attributeValueList = attributeValueList
    }
}

extension ConditionExpression {
    /// The legacy parameter `Expected`; without entries it always holds.
    /// - Parameter conditionalOperator: nil counts as AND.
    /// - Throws: the first fault, attributes in order of the request (reference `data-plane.md` 6).
    public init(
        expected: [(Text, LegacyExpectation)], conditionalOperator: ConditionalOperator?
    ) throws(ExpressionError) {
        var nodes: [(Text, ConditionNode)] = []
        for (name, expectation) in expected { nodes.append((name, try expectation.node(on: name))) }
        try self.init(nodes, conditionalOperator)
    }
}

extension LegacyExpectation {
    fileprivate func node(on name: Text) throws(ExpressionError) -> ConditionNode {
        if value != nil, attributeValueList != nil {
            throw fault("Value and AttributeValueList cannot be used together", name)
        }
        if let comparisonOperator { return try comparison(comparisonOperator, name).node(on: name) }
        if attributeValueList != nil {
            throw fault("AttributeValueList can only be used with a ComparisonOperator", name)
        }
        if exists == false {
            if value != nil { throw fault("Value cannot be used when Exists is false", name) }
            return .notExists(DocumentPath(root: name))
        }
        guard let value else {
            throw fault("Value must be provided when Exists is \(exists == nil ? "null" : "true")", name)
        }
        return .comparison(.equal, .path(DocumentPath(root: name)), .literal(value))
    }

    private func comparison(
        _ comparisonOperator: LegacyComparisonOperator, _ name: Text
    ) throws(ExpressionError) -> LegacyComparison {
        if exists != nil { throw fault("Exists and ComparisonOperator cannot be used together", name) }
        if !comparisonOperator.isUnary, value == nil, attributeValueList == nil {
            let operatorName = comparisonOperator.rawValue
            throw fault("Value or AttributeValueList must be used with ComparisonOperator: \(operatorName)", name)
        }
        return try LegacyComparison(comparisonOperator, attributeValueList ?? (value.map { [$0] } ?? []))
    }

    private func fault(_ text: String, _ name: Text) -> ExpressionError {
        .invalidParameters("\(text) for Attribute: \(name)")
    }
}
