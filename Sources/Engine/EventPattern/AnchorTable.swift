/// From a value at a path to the rules that hang on it: one hash table for all paths.
struct AnchorTable: Sendable {
    /// How the value is compared with the key's bytes.
    enum Kind: UInt8, Sendable {
        case string, prefix, suffix, lowercased
        /// The bits of a double.
        case number
    }

    struct Key: Hashable, Sendable {
        var path: Int32
        var kind: Kind
        var bytes: [UInt8]

        var seed: UInt64 { AnchorTable.seed(path: path, kind) }
    }

    private struct Slot: Sendable {
        var hash: UInt64 = 0
        var path: Int32 = 0
        var kind = Kind.string
        var content = PatternTables.Run()
        /// Empty in free slots.
        var rules = PatternTables.Run()
    }

    private var slots: [Slot] = [Slot()]
    private var bytes: [UInt8] = []

    init() {}

    init(_ keys: [(key: Key, rules: PatternTables.Run)]) {
        var capacity = 16
        while capacity < keys.count * 2 { capacity *= 2 }
        slots = [Slot](repeating: Slot(), count: capacity)
        for (key, rules) in keys {
            let hash = key.bytes.withUnsafeBytes { ByteHash.hash($0, seed: key.seed) }
            var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while !slots[index].rules.isEmpty { index = (index + 1) & (capacity - 1) }
            slots[index] = Slot(
                hash: hash, path: key.path, kind: key.kind,
                content: .init(start: UInt32(bytes.count), count: UInt32(key.bytes.count)), rules: rules)
            bytes += key.bytes
        }
    }

    var byteCount: Int { slots.capacity * MemoryLayout<Slot>.stride + bytes.capacity }

    /// The rules that hang on this value; an empty run when there are none.
    @inline(__always)
    func rules(path: Int32, _ kind: Kind, _ value: UnsafeRawBufferPointer) -> PatternTables.Run {
        let hash = ByteHash.hash(value, seed: Self.seed(path: path, kind))
        return find(hash, path, kind) { ByteHash.isEqual(value, $0) }
    }

    @inline(__always)
    func rules(path: Int32, lowercased value: UnsafeRawBufferPointer) -> PatternTables.Run {
        let hash = ByteHash.hashLowercased(value, seed: Self.seed(path: path, .lowercased))
        return find(hash, path, .lowercased) { ByteHash.isEqualLowercased(value, $0) }
    }

    @inline(__always)
    private static func seed(path: Int32, _ kind: Kind) -> UInt64 {
        UInt64(UInt32(bitPattern: path)) << 8 | UInt64(kind.rawValue)
    }

    @inline(__always)
    private func find(
        _ hash: UInt64, _ path: Int32, _ kind: Kind, _ isEqual: (UnsafeRawBufferPointer) -> Bool
    ) -> PatternTables.Run {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[index]
            if slot.rules.isEmpty { return slot.rules }
            if slot.hash == hash, slot.path == path, slot.kind == kind {
                let isFound = bytes.withUnsafeBytes {
                    isEqual(UnsafeRawBufferPointer(rebasing: $0[slot.content.range]))
                }
                if isFound { return slot.rules }
            }
            index = (index + 1) & mask
        }
    }
}
