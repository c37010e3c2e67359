/// An ordered map from byte strings to byte strings whose copies cost one reference count: a B+ tree of copy-on-write nodes.
///
/// A change copies only those nodes on its path that another copy of the map still shares, so a frozen copy can be read by
/// any thread while the original goes on changing.
struct OrderedBytesMap: @unchecked Sendable {
    // @unchecked: a node is changed only while this map holds the one reference to it; shared nodes are never written.
    private var root = Node()

    func value(of key: UnsafeRawBufferPointer) -> [UInt8]? {
        var node = root
        while !node.isLeaf {
            node = node.children[node.childIndex(for: key)]
        }
        let (index, isMatch) = node.keys.search(key)
        return isMatch ? node.values[index] : nil
    }

    mutating func set(_ key: UnsafeRawBufferPointer, to value: [UInt8]) {
        if let split = Node.set(key, to: value, in: &root) {
            root = Node(left: root, split: split)
        }
    }

    mutating func remove(_ key: UnsafeRawBufferPointer) {
        Node.remove(key, from: &root)
        dropNeedlessRoots()
    }

    /// Removes the keys from `lower` (included) to `upper` (excluded); `lower` must be below `upper`.
    mutating func removeRange(lower: UnsafeRawBufferPointer, upper: UnsafeRawBufferPointer) {
        Node.removeRange(lower: lower, upper: upper, from: &root)
        dropNeedlessRoots()
    }

    /// Visits the entries from `lower` (included) to `upper` (excluded, nil: the end) until the visitor answers `.stop`.
    func scan(
        lower: UnsafeRawBufferPointer, upper: UnsafeRawBufferPointer?, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) {
        _ =
            reverse
            ? root.visitDescending(lower: lower, upper: upper, visit)
            : root.visitAscending(lower: lower, upper: upper, visit)
    }

    private mutating func dropNeedlessRoots() {
        while root.children.count == 1 {
            root = root.children[0]
        }
    }
}

/// A node of the tree. A leaf holds entries; a branch holds children, and between each two of them a separator: keys below it
/// are in the children to its left, the others to its right. A branch that has lost all its children is an empty leaf.
private final class Node {
    /// More entries or children than this split a node.
    static let sizeMaximum = 64
    /// A node with fewer entries or children looks for a neighbour to merge with.
    static let sizeWanted = 16
    /// Merged nodes are at most this big, so that the next insertions do not split them again.
    static let mergedSizeMaximum = 48

    // No checks of exclusive access at run time, which cost a tenth of every look-up: who changes a node holds the one reference to it.

    /// The keys of a leaf, or the separators of a branch: one fewer than its children.
    @exclusivity(unchecked) var keys: PackedKeys
    /// The values of a leaf, in the order of its keys.
    @exclusivity(unchecked) var values: [[UInt8]]
    @exclusivity(unchecked) var children: [Node]

    /// What a node that grew too big hands to its parent.
    struct Split: ~Copyable {
        var separator: PackedKeys
        var right: Node
    }

    /// An empty leaf.
    convenience init() {
        self.init(keys: PackedKeys(), values: [], children: [])
    }

    /// A new root above a root that was split.
    convenience init(left: Node, split: consuming Split) {
        let right = split.right
        self.init(keys: split.separator, values: [], children: [left, right])
    }

    private convenience init(copyOf other: Node) {
        self.init(keys: PackedKeys(copyOf: other.keys), values: other.values, children: other.children)
    }

    private init(keys: consuming PackedKeys, values: [[UInt8]], children: [Node]) {
        self.keys = keys
        self.values = values
        self.children = children
    }

    var isLeaf: Bool { children.isEmpty }
    private var size: Int { isLeaf ? values.count : children.count }

    func childIndex(for key: UnsafeRawBufferPointer) -> Int {
        let (index, isMatch) = keys.search(key)
        return isMatch ? index + 1 : index
    }

    private static func makeUnique(_ node: inout Node) {
        if !isKnownUniquelyReferenced(&node) {
            node = Node(copyOf: node)
        }
    }
}

// MARK: - Insertion

extension Node {
    static func set(_ key: UnsafeRawBufferPointer, to value: [UInt8], in node: inout Node) -> Split? {
        makeUnique(&node)
        return node.isLeaf ? node.setInLeaf(key, to: value) : node.setInBranch(key, to: value)
    }

    private func setInLeaf(_ key: UnsafeRawBufferPointer, to value: [UInt8]) -> Split? {
        let (index, isMatch) = keys.search(key)
        if isMatch {
            values[index] = value
            return nil
        }
        keys.insert(key, at: index)
        values.insert(value, at: index)
        guard values.count > Self.sizeMaximum else { return nil }

        let start = splitIndex(afterInsertionAt: index, of: values.count)
        let right = Node(keys: keys.split(at: start), values: Array(values[start...]), children: [])
        values.removeSubrange(start...)
        return Split(separator: right.keys.first, right: right)
    }

    private func setInBranch(_ key: UnsafeRawBufferPointer, to value: [UInt8]) -> Split? {
        let index = childIndex(for: key)
        guard let split = Self.set(key, to: value, in: &children[index]) else { return nil }
        split.separator.withKey(at: 0) { keys.insert($0, at: index) }
        children.insert(split.right, at: index + 1)
        guard children.count > Self.sizeMaximum else { return nil }

        let start = splitIndex(afterInsertionAt: index + 1, of: children.count)
        let separator = keys.split(at: start - 1)
        let right = Node(keys: separator.withoutFirst(), values: [], children: Array(children[start...]))
        children.removeSubrange(start...)
        return Split(separator: separator.first, right: right)
    }

    /// Where to cut a node: in the middle, but at the end when it grows at the end, so that keys which arrive in order (the
    /// change log) leave full nodes behind.
    private func splitIndex(afterInsertionAt index: Int, of count: Int) -> Int {
        index == count - 1 ? count - 1 : count / 2
    }
}

// MARK: - Removal

extension Node {
    static func remove(_ key: UnsafeRawBufferPointer, from node: inout Node) {
        makeUnique(&node)
        if node.isLeaf {
            let (index, isMatch) = node.keys.search(key)
            if isMatch { node.removeEntries(index..<index + 1) }
        } else {
            let index = node.childIndex(for: key)
            remove(key, from: &node.children[index])
            node.mergeIfSmall(childAt: index)
        }
    }

    static func removeRange(lower: UnsafeRawBufferPointer, upper: UnsafeRawBufferPointer, from node: inout Node) {
        makeUnique(&node)
        guard !node.isLeaf else {
            return node.removeEntries(node.keys.search(lower).index..<node.keys.search(upper).index)
        }
        let first = node.childIndex(for: lower)
        let last = node.childIndex(for: upper)
        removeRange(lower: lower, upper: upper, from: &node.children[first])
        guard first < last else { return node.mergeIfSmall(childAt: first) }
        removeRange(lower: lower, upper: upper, from: &node.children[last])
        node.children.removeSubrange(first + 1..<last)
        node.keys.removeSubrange(first..<last - 1)
        node.mergeIfSmall(childAt: first + 1)
        node.mergeIfSmall(childAt: first)
    }

    private func removeEntries(_ range: Range<Int>) {
        keys.removeSubrange(range)
        values.removeSubrange(range)
    }

    /// Drops a child that is empty, and merges one that is small with a neighbour when both fit in one node.
    private func mergeIfSmall(childAt index: Int) {
        let size = children[index].size
        guard size < Self.sizeWanted else { return }
        if size == 0 {
            children.remove(at: index)
            if keys.count > 0 {
                let separator = max(index - 1, 0)
                keys.removeSubrange(separator..<separator + 1)
            }
            return
        }
        guard children.count > 1 else { return }
        let left = max(index - 1, 0)
        let sizes = (children[left].size, children[left + 1].size)
        // An empty neighbour is about to be dropped, and may no longer be of the same kind.
        guard sizes.0 > 0, sizes.1 > 0, sizes.0 + sizes.1 <= Self.mergedSizeMaximum else { return }
        let right = children.remove(at: left + 1)
        Self.makeUnique(&children[left])
        if !right.isLeaf {
            keys.withKey(at: left) { children[left].keys.append($0) }
        }
        children[left].keys.append(contentsOf: right.keys)
        children[left].values.append(contentsOf: right.values)
        children[left].children.append(contentsOf: right.children)
        keys.removeSubrange(left..<left + 1)
    }
}

// MARK: - Scans

extension Node {
    typealias Visitor = (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep

    /// A nil bound means that the whole node is on the right side of it.
    func visitAscending(lower: UnsafeRawBufferPointer?, upper: UnsafeRawBufferPointer?, _ visit: Visitor) -> ScanStep {
        guard !isLeaf else {
            for index in entries(lower: lower, upper: upper) where visitEntry(at: index, visit) == .stop {
                return .stop
            }
            return .next
        }
        let (first, last) = childIndices(lower: lower, upper: upper)
        for index in first...last {
            let step = children[index].visitAscending(
                lower: index == first ? lower : nil, upper: index == last ? upper : nil, visit)
            if step == .stop { return .stop }
        }
        return .next
    }

    func visitDescending(lower: UnsafeRawBufferPointer?, upper: UnsafeRawBufferPointer?, _ visit: Visitor) -> ScanStep {
        guard !isLeaf else {
            for index in entries(lower: lower, upper: upper).reversed() where visitEntry(at: index, visit) == .stop {
                return .stop
            }
            return .next
        }
        let (first, last) = childIndices(lower: lower, upper: upper)
        for index in (first...last).reversed() {
            let step = children[index].visitDescending(
                lower: index == first ? lower : nil, upper: index == last ? upper : nil, visit)
            if step == .stop { return .stop }
        }
        return .next
    }

    private func entries(lower: UnsafeRawBufferPointer?, upper: UnsafeRawBufferPointer?) -> Range<Int> {
        (lower.map { keys.search($0).index } ?? 0)..<(upper.map { keys.search($0).index } ?? keys.count)
    }

    private func childIndices(
        lower: UnsafeRawBufferPointer?, upper: UnsafeRawBufferPointer?
    ) -> (first: Int, last: Int) {
        (lower.map(childIndex(for:)) ?? 0, upper.map(childIndex(for:)) ?? children.count - 1)
    }

    private func visitEntry(at index: Int, _ visit: Visitor) -> ScanStep {
        keys.withKey(at: index) { key in values[index].withUnsafeBytes { visit(key, $0) } }
    }
}
