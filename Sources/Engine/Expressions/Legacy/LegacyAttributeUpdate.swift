public import AttributeModel
public import Bytes

/// One entry of `AttributeUpdates`.
public struct LegacyAttributeUpdate: Sendable {
    /// The raw values are the names in requests.
    public enum Action: String, CaseIterable, Sendable {
        case put = "PUT"
        case add = "ADD"
        case delete = "DELETE"
    }

    /// Nil counts as PUT.
    public var action: Action?
    public var value: AttributeValue?

    public init(action: Action? = nil, value: AttributeValue? = nil) {
        self.action = action
        self.value = value
    }
}

extension UpdateExpression {
    /// The legacy parameter `AttributeUpdates`: top-level attributes only; ADD also appends to lists. Without entries it creates the item.
    /// - Throws: the first fault, attributes in order of the request (reference `data-plane.md` 6).
    public init(attributeUpdates: [(Text, LegacyAttributeUpdate)]) throws(ExpressionError) {
        var actions: [UpdateAction] = []
        for (name, update) in attributeUpdates {
            actions.append(UpdateAction(path: DocumentPath(root: name), operation: try update.operation()))
        }
        self.init(actions: actions, steppedNames: [], typeMismatch: .legacyWrongType)
    }
}

extension LegacyAttributeUpdate {
    fileprivate func operation() throws(ExpressionError) -> UpdateAction.Operation {
        guard let value else {
            if action == .delete { return .remove }
            throw .invalidParameters("Only DELETE action is allowed when no attribute value is specified")
        }
        switch action ?? .put {
        case .put: return .set(.literal(value))
        case .delete:
            guard [.stringSet, .numberSet, .binarySet].contains(value.type) else {
                throw unsupported("DELETE action with value", value)
            }
            return .delete(value)
        case .add:
            guard [.number, .stringSet, .numberSet, .binarySet, .list].contains(value.type) else {
                throw unsupported("ADD action", value)
            }
            return .add(value)
        }
    }

    private func unsupported(_ action: String, _ value: AttributeValue) -> ExpressionError {
        .invalidParameters("\(action) is not supported for the type \(value.type.rawValue)")
    }
}
