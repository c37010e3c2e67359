public import AttributeModel
public import Bytes

/// How UpdateItem changes an item: an UpdateExpression, or the legacy `AttributeUpdates`. Parsed once, then applied to the item as it is.
///
/// Grammar and texts: reference `data-plane.md` 5.2, 5.3 and 6; effects: 5.5.
public struct UpdateExpression: Sendable {
    /// The type that an update gives or demands of a top-level attribute, known without the item.
    public struct LiteralType: Equatable, Sendable {
        public let name: Text
        public let type: AttributeType
    }

    let actions: [UpdateAction]
    private let tree: PathTree
    private let steppedNames: [Text]
    /// What ADD and DELETE say to a stored value of another type.
    private let typeMismatch: UpdateError

    /// Parses an expression and marks the placeholders that it uses.
    /// - Throws: the first fault in AWS's order, with the prefix `Invalid UpdateExpression: `.
    public init(_ text: String, placeholders: inout ExpressionPlaceholders) throws(ExpressionError) {
        let parsed = try UpdateParser.parse(text, placeholders: &placeholders)
        self.init(actions: parsed.actions, steppedNames: parsed.steppedNames, typeMismatch: .wrongType)
    }

    init(actions: [UpdateAction], steppedNames: [Text], typeMismatch: UpdateError) {
        self.actions = actions
        self.steppedNames = steppedNames
        self.typeMismatch = typeMismatch
        tree = PathTree(actions.map(\.path))
    }

    /// The update of an UpdateItem request that has neither UpdateExpression nor `AttributeUpdates`: creates the item, changes nothing.
    public static let none = UpdateExpression(actions: [], steppedNames: [], typeMismatch: .wrongType)

    /// The attributes it writes, in order of appearance; none of them may be a key attribute.
    public var topLevelNames: [Text] { tree.roots.map(\.name) }

    /// Whether the update of a missing item creates the item: not when it consists of REMOVE and DELETE alone.
    public var createsItem: Bool {
        actions.isEmpty || !actions.allSatisfy(\.onlyTakesAway)
    }

    /// For the check against index keys before the item is read. Attributes whose type depends on the item are not listed.
    public var literalTypes: [LiteralType] {
        actions.compactMap { action in
            guard action.path.steps.isEmpty, let type = action.staticType else { return nil }
            return LiteralType(name: action.path.root, type: type)
        }
    }

    /// Refuses an update that takes a key attribute for a document, on either side of an assignment.
    public func checkKeyPaths(_ keyNames: [Text], indexKeyNames: [Text]) throws(ExpressionError) {
        try KeyPathCheck.check(steppedNames, keyNames: keyNames, indexKeyNames: indexKeyNames)
    }

    /// The item after the update.
    /// - Parameters:
    ///   - old: the item that is there, nil when there is none. Right-hand sides and list positions refer to it.
    ///   - key: the key attributes; a new item begins with them, and right-hand sides may read them.
    /// - Throws: the run-time texts. The result's size and index keys are for the caller to check.
    public func apply(to old: Item?, key: Item) throws(UpdateError) -> Item {
        var attributes = (old ?? key).attributes
        let editor = UpdateEditor(
            actions: actions, assigned: try assignedValues(in: attributes), isNewItem: old == nil,
            typeMismatch: typeMismatch)
        for root in tree.roots {
            let value = try editor.edit(attributes[root.name], root.node)
            if let value, value.isDeeper(than: Item.nestingLevelsMax) { throw .tooDeep }
            attributes[root.name] = value
        }
        return Item(attributes)
    }

    /// The parts of an item that the update touches, inside their maps and lists: UPDATED_OLD from the old item, UPDATED_NEW from the new
    /// one. Empty when there are none.
    public func touched(in item: Item?) -> Item {
        guard let item else { return .empty }
        return tree.project(item)
    }

    /// The right-hand sides, in order of the actions.
    private func assignedValues(in old: AttributeMap) throws(UpdateError) -> [AttributeValue?] {
        var values: [AttributeValue?] = []
        values.reserveCapacity(actions.count)
        for action in actions {
            if case .set(let operand) = action.operation {
                values.append(try operand.value(in: old))
            } else {
                values.append(nil)
            }
        }
        return values
    }
}

extension AttributeValue {
    /// Whether the value nests deeper than `levels`; a scalar has one level.
    fileprivate func isDeeper(than levels: Int) -> Bool {
        guard levels > 0 else { return true }
        return switch self {
        case .list(let elements): elements.contains { $0.isDeeper(than: levels - 1) }
        case .map(let map): map.entries.contains { $0.value.isDeeper(than: levels - 1) }
        default: false
        }
    }
}
