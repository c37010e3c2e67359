import AttributeModel
import Bytes

/// Paths that neither overlap nor conflict, merged by their common beginnings. Each leaf is the position of its path in the list.
struct PathTree: Sendable {
    struct Branch: Sendable {
        let name: Text
        var node: Node
    }

    struct Element: Sendable {
        let index: Int
        var node: Node
    }

    indirect enum Node: Sendable {
        case leaf(Int)
        case map([Branch])
        /// Ascending by index.
        case list([Element])
    }

    /// Top-level attributes, in order of appearance.
    private(set) var roots: [Branch] = []

    /// - Parameter paths: without overlaps and conflicts.
    init(_ paths: [DocumentPath]) {
        for (position, path) in paths.enumerated() {
            Self.insert(path.root, path.steps[...], leaf: position, into: &roots)
        }
    }

    private static func insert(
        _ name: Text, _ steps: ArraySlice<DocumentPath.Step>, leaf: Int, into branches: inout [Branch]
    ) {
        if let position = branches.firstIndex(where: { $0.name == name }) {
            branches[position].node = extend(branches[position].node, steps, leaf: leaf)
        } else {
            branches.append(Branch(name: name, node: extend(nil, steps, leaf: leaf)))
        }
    }

    private static func extend(_ node: Node?, _ steps: ArraySlice<DocumentPath.Step>, leaf: Int) -> Node {
        guard let step = steps.first else { return .leaf(leaf) }
        switch step {
        case .name(let name):
            var branches: [Branch] = if case .map(let branches) = node { branches } else { [] }
            insert(name, steps.dropFirst(), leaf: leaf, into: &branches)
            return .map(branches)
        case .index(let index):
            var elements: [Element] = if case .list(let elements) = node { elements } else { [] }
            let position = elements.firstIndex { $0.index >= index } ?? elements.count
            if position < elements.count, elements[position].index == index {
                elements[position].node = extend(elements[position].node, steps.dropFirst(), leaf: leaf)
            } else {
                let element = Element(index: index, node: extend(nil, steps.dropFirst(), leaf: leaf))
                elements.insert(element, at: position)
            }
            return .list(elements)
        }
    }

    /// The parts of an item that the paths lead to, inside their maps and lists. List elements close ranks in order of their indexes;
    /// containers in which nothing was found are left out.
    func project(_ item: Item) -> Item {
        let areAllTopLevel = roots.allSatisfy { if case .leaf = $0.node { true } else { false } }
        if areAllTopLevel { return item.projecting(roots.map(\.name)) }
        var kept = AttributeMap()
        for root in roots {
            kept[root.name] = item.value(of: root.name).flatMap { Self.project($0, root.node) }
        }
        return Item(kept)
    }

    private static func project(_ value: AttributeValue, _ node: Node) -> AttributeValue? {
        switch (node, value) {
        case (.leaf, _): return value
        case (.map(let branches), .map(let map)):
            var kept = AttributeMap()
            for branch in branches {
                kept[branch.name] = map[branch.name].flatMap { project($0, branch.node) }
            }
            return kept.isEmpty ? nil : .map(kept)
        case (.list(let elements), .list(let values)):
            let kept = elements.compactMap { element in
                element.index < values.count ? project(values[element.index], element.node) : nil
            }
            return kept.isEmpty ? nil : .list(kept)
        default: return nil
        }
    }
}
