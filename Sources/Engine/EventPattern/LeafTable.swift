/// The leaves of one event at the paths that patterns name. Its arrays keep their room from event to event.
///
/// The texts of leaves are addresses into the event or into `scratch`; they are good only while the event's buffer is.
struct LeafTable: Sendable {
    enum Kind: UInt8, Sendable {
        case string, number, booleanTrue, booleanFalse, null
    }

    struct Leaf: Sendable {
        /// Of the text; in `scratch` an offset until `settle` is called.
        var address: UInt
        var count: UInt32
        var path: Int32
        /// The leaf before this one at the same path, or `none`.
        var next: Int32
        /// The innermost array element that the leaf lies in, or `none`.
        var membership: Int32
        var kind: Kind
        var isInScratch = false
        /// The value of a number; not a number when it cannot be compared, or when no pattern compares numbers here.
        var number = Double.nan
    }

    /// An element of an array that is itself an object or an array. Values below different elements of one array do not go together
    /// (reference `event-filtering.md` 3.3).
    struct Membership: Sendable {
        /// The element around the array, or `none`.
        var outer: Int32
        var array: Int32
        var index: Int32
    }

    static let none: Int32 = -1

    private(set) var leaves: [Leaf] = []
    private(set) var memberships: [Membership] = []
    private(set) var arrayCount: Int32 = 0
    /// For each path its last leaf, or `none`.
    private(set) var heads: [Int32]
    /// For each path whether one of its leaves lies in an array element.
    private(set) var isInArray: [Bool]
    /// Texts that do not stand in the event as patterns see them.
    private(set) var scratch: [UInt8] = []

    init(pathCount: Int) {
        heads = [Int32](repeating: Self.none, count: pathCount)
        isInArray = [Bool](repeating: false, count: pathCount)
    }

    /// Forgets the leaves of the event before.
    mutating func removeAll() {
        for leaf in leaves {
            heads[Int(leaf.path)] = Self.none
            isInArray[Int(leaf.path)] = false
        }
        leaves.removeAll(keepingCapacity: true)
        memberships.removeAll(keepingCapacity: true)
        scratch.removeAll(keepingCapacity: true)
        arrayCount = 0
    }

    @inline(__always)
    mutating func append(
        _ kind: Kind, path: Int32, membership: Int32, text: UnsafeRawBufferPointer, number: Double = .nan
    ) {
        append(
            Leaf(
                address: UInt(bitPattern: text.baseAddress), count: UInt32(text.count), path: path, next: Self.none,
                membership: membership, kind: kind, number: number))
    }

    /// A leaf whose text the closure appends to `scratch`.
    @inline(__always)
    mutating func append(
        _ kind: Kind, path: Int32, membership: Int32, writing write: (inout [UInt8]) -> Void
    ) {
        let start = scratch.count
        write(&scratch)
        append(
            Leaf(
                address: UInt(start), count: UInt32(scratch.count - start), path: path, next: Self.none,
                membership: membership, kind: kind, isInScratch: true))
    }

    /// A leaf without text: a literal, or a number that is not read from one.
    mutating func append(_ kind: Kind, path: Int32, membership: Int32, number: Double = .nan) {
        append(
            Leaf(
                address: 0, count: 0, path: path, next: Self.none, membership: membership, kind: kind, number: number))
    }

    @inline(__always)
    private mutating func append(_ leaf: Leaf) {
        var leaf = leaf
        leaf.next = heads[Int(leaf.path)]
        heads[Int(leaf.path)] = Int32(truncatingIfNeeded: leaves.count)
        if leaf.membership != Self.none { isInArray[Int(leaf.path)] = true }
        leaves.append(leaf)
    }

    /// Begins an array; answers its number.
    mutating func beginArray() -> Int32 {
        arrayCount += 1
        return arrayCount - 1
    }

    mutating func beginElement(_ index: Int32, of array: Int32, in outer: Int32) -> Int32 {
        memberships.append(Membership(outer: outer, array: array, index: index))
        return Int32(memberships.count - 1)
    }

    /// Turns the offsets of texts in `scratch` into addresses.
    /// - Parameter texts: the bytes of `scratch`; the addresses are good as long as these are.
    mutating func settle(_ texts: UnsafeRawBufferPointer) {
        let base = UInt(bitPattern: texts.baseAddress)
        for index in leaves.indices where leaves[index].isInScratch {
            leaves[index].address += base
            leaves[index].isInScratch = false
        }
    }
}

extension LeafTable.Leaf {
    @inline(__always)
    var text: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: Int(count))
    }
}
