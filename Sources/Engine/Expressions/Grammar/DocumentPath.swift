import AttributeModel
import Bytes

/// A place in an item: a top-level attribute and steps into its maps and lists, all names resolved.
struct DocumentPath: Equatable, Sendable, CustomStringConvertible {
    enum Step: Equatable, Sendable {
        case name(Text)
        case index(Int)
    }

    let root: Text
    /// The steps behind the top-level attribute.
    let steps: [Step]

    init(root: Text, steps: [Step] = []) {
        self.root = root
        self.steps = steps
    }

    /// The value at this place, nil when there is none; decodes no other attribute than the root.
    func value(in item: Item) -> AttributeValue? {
        item.value(of: root).flatMap { descend(into: $0) }
    }

    func value(in attributes: AttributeMap) -> AttributeValue? {
        attributes[root].flatMap { descend(into: $0) }
    }

    func exists(in item: Item) -> Bool {
        steps.isEmpty ? item.contains(root) : value(in: item) != nil
    }

    private func descend(into value: AttributeValue) -> AttributeValue? {
        var current = value
        for step in steps {
            switch (step, current) {
            case (.name(let name), .map(let map)):
                guard let next = map[name] else { return nil }
                current = next
            case (.index(let index), .list(let elements)):
                guard index < elements.count else { return nil }
                current = elements[index]
            default: return nil
            }
        }
        return current
    }

    /// As error texts show paths: `[a, b, [0]]`.
    var description: String {
        let parts = steps.map { step in
            switch step {
            case .name(let name): name.description
            case .index(let index): "[\(index)]"
            }
        }
        return "[\(([root.description] + parts).joined(separator: ", "))]"
    }

    enum Relation {
        case separate
        /// The same place, or one inside the other.
        case overlap
        /// One takes for a list what the other takes for a map.
        case conflict
    }

    func relation(to other: DocumentPath) -> Relation {
        guard root == other.root else { return .separate }
        for (left, right) in zip(steps, other.steps) {
            switch (left, right) {
            case (.name(let leftName), .name(let rightName)):
                if leftName != rightName { return .separate }
            case (.index(let leftIndex), .index(let rightIndex)):
                if leftIndex != rightIndex { return .separate }
            default: return .conflict
            }
        }
        return .overlap
    }
}

/// The first overlap and the first conflict among the paths that one expression writes or projects.
struct PathCollisions {
    private(set) var overlap: ExpressionFault?
    private(set) var conflict: ExpressionFault?

    init(among paths: [DocumentPath]) {
        for (position, path) in paths.enumerated() {
            for earlier in paths[..<position] {
                switch earlier.relation(to: path) {
                case .separate: break
                case .overlap:
                    overlap = .overlap(earlier, path)
                    return
                case .conflict: conflict = conflict ?? .conflict(earlier, path)
                }
            }
        }
    }
}
