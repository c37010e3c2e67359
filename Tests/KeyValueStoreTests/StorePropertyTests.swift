import KeyValueStore
import RocksDBStore
import TestSupport
import Testing

/// Random batches on both stores, compared with a dictionary after each.
@Suite struct StorePropertyTests {
    /// Many short keys that collide and nest, and few keys in all, so that overwrites and deletions hit.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func bothStoresBehaveLikeADictionary(seed: UInt64) throws {
        print("StorePropertyTests.bothStoresBehaveLikeADictionary seed \(seed)")
        try withTemporaryDirectory { path in
            var random = SeededRandom(seed: seed)
            var model = Model()
            let memory = MemoryStore()
            var rocksDB = try RocksDBStore(path: path)
            var frozen: [(model: Model, memory: MemoryStore.Snapshot, rocksDB: RocksDBStore.Snapshot)] = []

            for step in 0..<80 {
                let batch = randomBatch(using: &random)
                model.apply(batch)
                memory.commit(batch, durability: .buffered)
                try rocksDB.commit(batch, durability: step.isMultiple(of: 7) ? .synced : .buffered)

                let range = randomRange(using: &random)
                let limit = Bool.random(using: &random) ? Int.random(in: 1...5, using: &random) : .max
                for space in Space.allCases {
                    try model.expectSame(memory, range, space, limit, "memory, seed \(seed), step \(step)")
                    try model.expectSame(rocksDB, range, space, limit, "RocksDB, seed \(seed), step \(step)")
                    for (model, memory, rocksDB) in frozen {
                        try model.expectSame(memory, range, space, limit, "memory snapshot, seed \(seed), step \(step)")
                        try model.expectSame(
                            rocksDB, range, space, limit, "RocksDB snapshot, seed \(seed), step \(step)")
                    }
                }
                switch Int.random(in: 0..<20, using: &random) {
                case 0:
                    frozen.append((model, memory.snapshot(), try rocksDB.snapshot()))
                case 1 where !frozen.isEmpty:
                    frozen.remove(at: Int.random(in: frozen.indices, using: &random))
                case 2:
                    frozen = []
                    rocksDB.close()
                    rocksDB = try RocksDBStore(path: path)
                default:
                    break
                }
            }
        }
    }

    /// Enough keys for a tree of several levels, with runs that arrive in order and ranges that cut through all levels.
    @Test(arguments: [11, 12] as [UInt64])
    func theTreeOfTheMemoryStoreStaysOrderedAsItGrowsAndShrinks(seed: UInt64) throws {
        print("StorePropertyTests.theTreeOfTheMemoryStoreStaysOrderedAsItGrowsAndShrinks seed \(seed)")
        var random = SeededRandom(seed: seed)
        var model = Model()
        let store = MemoryStore()
        var frozen: (model: Model, snapshot: MemoryStore.Snapshot) = (model, store.snapshot())
        let numbers = 0..<12_000
        func key(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }

        for step in 0..<60 {
            var batch = WriteBatch()
            let start = Int.random(in: numbers, using: &random)
            let run = start..<min(start + 2000, numbers.upperBound)
            let end = Int.random(in: start..<numbers.upperBound, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: run.forEach { batch.put(key($0), key(step), in: .changes) }
            case 2: run.forEach { _ in batch.put(key(.random(in: numbers, using: &random)), key(step), in: .changes) }
            case 3: run.forEach { batch.delete(key($0), in: .changes) }
            case 4: batch.deleteRange(lower: key(start), upper: key(end), in: .changes)
            default: run.prefix(50).forEach { batch.delete(key($0), in: .changes) }
            }
            model.apply(batch)
            store.commit(batch, durability: .buffered)

            let range = KeyRange(lower: key(start), upper: key(end))
            try model.expectSame(store, range, .changes, .max, "seed \(seed), step \(step)")
            if step % 5 == 4 {
                try model.expectSame(store, .all, .changes, .max, "seed \(seed), step \(step)")
                try frozen.model.expectSame(
                    frozen.snapshot, .all, .changes, .max, "snapshot, seed \(seed), step \(step)")
                frozen = (model, store.snapshot())
            }
        }
    }

    /// Keys that arrive in order fill every leaf (64 keys) and branch (64 leaves) of the memory store's tree, so that these ranges
    /// begin and end exactly between branches, and empty whole ones beside others that become small.
    @Test(arguments: [0, 4096], [8192, 8256, 11_648])
    func theTreeOfTheMemoryStoreSurvivesTheLossOfWholeBranches(lower: Int, upper: Int) throws {
        let numbers = 0..<13_000
        func entry(_ number: Int) -> Entry {
            Entry([UInt8(number >> 8), UInt8(truncatingIfNeeded: number)], [UInt8(truncatingIfNeeded: number)])
        }
        let store = MemoryStore()
        try store.commit(.buffered) { batch in numbers.forEach { batch.put(entry($0).key, entry($0).value, in: .items) }
        }
        try store.commit(.buffered) { $0.deleteRange(lower: entry(lower).key, upper: entry(upper).key, in: .items) }
        let remaining = numbers.filter { !(lower..<upper).contains($0) }
        #expect(try store.entries() == remaining.map(entry))
        #expect(try store.entries(reverse: true) == remaining.reversed().map(entry))

        try store.commit(.buffered) { batch in
            for number in lower..<upper { batch.put(entry(number).key, entry(number).value, in: .items) }
        }
        #expect(try store.entries() == numbers.map(entry))
        try store.commit(.buffered) { batch in numbers.forEach { batch.delete(entry($0).key, in: .items) } }
        #expect(try store.entries() == [])
    }

    private func randomBatch(using random: inout SeededRandom) -> WriteBatch {
        var batch = WriteBatch()
        let count = Bool.random(using: &random) ? 8 : 90
        for _ in 0..<Int.random(in: 0...count, using: &random) {
            let space = Space.allCases[Int.random(in: 0..<Space.allCases.count, using: &random)]
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                batch.deleteRange(lower: randomKey(using: &random), upper: randomKey(using: &random), in: space)
            case 1..<7:
                batch.delete(randomKey(using: &random), in: space)
            default:
                let value = (0..<Int.random(in: 0..<30, using: &random)).map { UInt8($0) }
                batch.put(randomKey(using: &random), value + [UInt8.random(in: 0...255, using: &random)], in: space)
            }
        }
        return batch
    }

    private func randomKey(using random: inout SeededRandom) -> [UInt8] {
        let alphabet: [UInt8] = [0x00, 0x01, 0x7F, 0x80, 0xFF]
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in
            alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        }
    }

    private func randomRange(using random: inout SeededRandom) -> KeyRange {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: KeyRange(prefix: randomKey(using: &random))
        case 1: KeyRange(lower: randomKey(using: &random), upper: nil)
        default: KeyRange(lower: randomKey(using: &random), upper: randomKey(using: &random))
        }
    }
}

/// A store so simple that it is right.
struct Model {
    private var spaces: [Space: [[UInt8]: [UInt8]]] = [:]

    mutating func apply(_ batch: WriteBatch) {
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value, let space):
                spaces[space, default: [:]][key] = value
            case .delete(let key, let space):
                spaces[space, default: [:]][key] = nil
            case .deleteRange(let lower, let upper, let space):
                spaces[space] = spaces[space]?.filter { key, _ in
                    key.lexicographicallyPrecedes(lower) || !key.lexicographicallyPrecedes(upper)
                }
            }
        }
    }

    /// Compares a scan in both directions, and the point read of every key that the scan should see and of some that it should not.
    func expectSame(
        _ reader: some KeyValueReader, _ range: KeyRange, _ space: Space, _ limit: Int, _ place: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let all = spaces[space, default: [:]]
        let within = all.filter { key, _ in
            !key.lexicographicallyPrecedes(range.lower) && (range.upper.map(key.lexicographicallyPrecedes) ?? true)
        }
        let expected = within.map { Entry($0, $1) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let found = try reader.entries(range, in: space, limit: limit)
        #expect(found == Array(expected.prefix(limit)), "\(place)", sourceLocation: sourceLocation)
        let foundInReverse = try reader.entries(range, in: space, reverse: true, limit: limit)
        #expect(foundInReverse == Array(expected.reversed().prefix(limit)), "\(place)", sourceLocation: sourceLocation)
        for entry in expected.prefix(50) {
            #expect(
                try reader.value(of: entry.key, in: space) == entry.value, "\(place)", sourceLocation: sourceLocation)
            let neighbour = entry.key + [0x02]
            #expect(
                try reader.value(of: neighbour, in: space) == all[neighbour], "\(place)", sourceLocation: sourceLocation
            )
        }
    }
}
