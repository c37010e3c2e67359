public import AttributeModel
public import Bytes

/// Which parameter a condition comes from; it names that parameter in error texts.
public enum ConditionPurpose: Sendable {
    /// ConditionExpression of a write.
    case condition
    /// FilterExpression of Query and Scan.
    case filter

    fileprivate var kind: ExpressionKind {
        switch self {
        case .condition: .condition
        case .filter: .filter
        }
    }
}

/// A condition on an item: a ConditionExpression, a FilterExpression, or one of their legacy forms (`Expected`, `QueryFilter`,
/// `ScanFilter`). Parsed once, then evaluated on any number of items.
///
/// Grammar and meaning: reference `data-plane.md` 5.2 to 5.4 and 6; limits: `ExpressionLimits`.
public struct ConditionExpression: Sendable {
    let root: ConditionNode
    /// The attributes it reads, in order of appearance. A Query's filter may not read key attributes.
    public let topLevelNames: [Text]
    private let steppedNames: [Text]

    /// Parses an expression and marks the placeholders that it uses.
    /// - Throws: the first fault in AWS's order, with the prefix `Invalid ConditionExpression: ` or `Invalid FilterExpression: `.
    public init(
        _ text: String, purpose: ConditionPurpose, placeholders: inout ExpressionPlaceholders
    ) throws(ExpressionError) {
        let parsed = try ConditionParser.parse(text, kind: purpose.kind, placeholders: &placeholders)
        self.init(root: parsed.root, topLevelNames: parsed.names, steppedNames: parsed.steppedNames)
    }

    init(root: ConditionNode, topLevelNames: [Text], steppedNames: [Text] = []) {
        self.root = root
        self.topLevelNames = topLevelNames
        self.steppedNames = steppedNames
    }

    /// - Parameter item: nil when there is no item, which counts as an item without attributes.
    public func isSatisfied(by item: Item?) -> Bool {
        root.isSatisfied(by: item)
    }

    /// Refuses a condition that takes a key attribute for a document.
    public func checkKeyPaths(_ keyNames: [Text], indexKeyNames: [Text]) throws(ExpressionError) {
        try KeyPathCheck.check(steppedNames, keyNames: keyNames, indexKeyNames: indexKeyNames)
    }
}
