import Bytes

/// The tree of field names that the patterns of a set mention. Event readers go down in it as they go down in the event; what has no
/// node is skipped.
///
/// Names are cut at dots, in patterns and in events, so that dotted names meet the nested ones (reference `event-filtering.md` 3.7).
struct StepTable: Sendable {
    /// No such node.
    static let none: Int32 = -1
    static let root: Int32 = 0

    struct Node: Sendable {
        /// The path that ends here, or `none`.
        var path = StepTable.none
        /// A bit for the length of each child's name; the highest stands for all longer ones.
        var childLengths: UInt64 = 0
    }

    private struct Slot: Sendable {
        var parent = StepTable.none
        var child = StepTable.none
        var hash: UInt64 = 0
        var start: UInt32 = 0
        var count: UInt32 = 0
    }

    private(set) var nodes: [Node] = [Node()]
    /// For each node and each tag byte of stored values, the child for the tag's type name in DynamoDB JSON.
    private var typeChildren: [Int32] = []
    private var slots: [Slot] = []
    private var names: [UInt8] = []

    /// - Parameter paths: the index of a path is its number.
    init(paths: [Text]) {
        var children: [[Text: Int32]] = [[:]]
        for (number, path) in paths.enumerated() {
            var node = Self.root
            for part in path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
                let name = Text(utf8: Array(part))
                if let child = children[Int(node)][name] {
                    node = child
                } else {
                    let child = Int32(nodes.count)
                    nodes.append(Node())
                    children.append([:])
                    children[Int(node)][name] = child
                    nodes[Int(node)].childLengths |= 1 << UInt64(min(name.count, 63))
                    node = child
                }
            }
            nodes[Int(node)].path = Int32(number)
        }
        fill(children)
        for named in children {
            for tag in 0..<CompactTag.tagsEnd {
                typeChildren.append(CompactTag(rawValue: tag).flatMap { named[$0.typeName] } ?? Self.none)
            }
        }
    }

    private mutating func fill(_ children: [[Text: Int32]]) {
        var capacity = 16
        while capacity < nodes.count * 2 { capacity *= 2 }
        slots = [Slot](repeating: Slot(), count: capacity)
        for (parent, named) in children.enumerated() {
            for (name, child) in named {
                let hash = name.utf8.withUnsafeBytes { ByteHash.hash($0, seed: UInt64(parent)) }
                var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
                while slots[index].child != Self.none { index = (index + 1) & (capacity - 1) }
                slots[index] = Slot(
                    parent: Int32(parent), child: child, hash: hash, start: UInt32(names.count),
                    count: UInt32(name.count))
                names += name.utf8
            }
        }
    }

    /// What the table takes, in bytes.
    var byteCount: Int {
        nodes.capacity * MemoryLayout<Node>.stride + typeChildren.capacity * 4
            + slots.capacity * MemoryLayout<Slot>.stride + names.capacity
    }

    /// The node of a field in the object at `node`; `none` when no pattern names it.
    @inline(__always)
    func child(of node: Int32, _ name: UnsafeRawBufferPointer) -> Int32 {
        let lengths = nodes[Int(node)].childLengths
        if lengths & (1 << UInt64(min(name.count, 63))) != 0 {
            let found = find(node, name)
            if found != Self.none { return found }
        }
        return ByteHash.contains(UInt8(ascii: "."), in: name) ? dottedChild(of: node, name) : Self.none
    }

    @inline(__always)
    func hasChildren(_ node: Int32) -> Bool { nodes[Int(node)].childLengths != 0 }

    @inline(__always)
    func path(of node: Int32) -> Int32 { nodes[Int(node)].path }

    /// The child for the type name that DynamoDB JSON has for values with this tag.
    @inline(__always)
    func child(of node: Int32, type tag: CompactTag) -> Int32 {
        typeChildren[Int(node) * Int(CompactTag.tagsEnd) + Int(tag.rawValue)]
    }

    @inline(__always)
    private func find(_ node: Int32, _ name: UnsafeRawBufferPointer) -> Int32 {
        let hash = ByteHash.hash(name, seed: UInt64(node))
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[index].child != Self.none {
            let slot = slots[index]
            if slot.hash == hash, slot.parent == node, isEqual(slot, name) { return slot.child }
            index = (index + 1) & (slots.count - 1)
        }
        return Self.none
    }

    @inline(__always)
    private func isEqual(_ slot: Slot, _ name: UnsafeRawBufferPointer) -> Bool {
        names.withUnsafeBytes { names in
            let range = Int(slot.start)..<Int(slot.start + slot.count)
            return ByteHash.isEqual(UnsafeRawBufferPointer(rebasing: names[range]), name)
        }
    }

    /// Goes down one node for each part of a dotted name.
    @inline(never)
    private func dottedChild(of node: Int32, _ name: UnsafeRawBufferPointer) -> Int32 {
        var current = node
        var start = 0
        for index in 0...name.count where index == name.count || name[index] == UInt8(ascii: ".") {
            current = find(current, UnsafeRawBufferPointer(rebasing: name[start..<index]))
            if current == Self.none { return current }
            start = index + 1
        }
        return current
    }
}
