public import KeyValueStore
public import RocksDBStore

/// Where a region keeps its state: on disk, or in memory for tests and throw-away runs.
public enum RegionStore: KeyValueStore {
    case memory(MemoryStore)
    case rocksDB(RocksDBStore)

    /// Opens the region's directory, or takes memory when there is none.
    public static func open(directory: String?) throws(StoreError) -> RegionStore {
        guard let directory else { return .memory(MemoryStore()) }
        return .rocksDB(try RocksDBStore(path: directory))
    }

    public func close() {
        if case .rocksDB(let store) = self { store.close() }
    }

    public enum Snapshot: KeyValueReader {
        case memory(MemoryStore.Snapshot)
        case rocksDB(RocksDBStore.Snapshot)

        public func value(of key: [UInt8], in space: Space) throws(StoreError) -> [UInt8]? {
            switch self {
            case .memory(let snapshot): snapshot.value(of: key, in: space)
            case .rocksDB(let snapshot): try snapshot.value(of: key, in: space)
            }
        }

        public func scan(
            _ range: KeyRange, in space: Space, reverse: Bool,
            _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
        ) throws(StoreError) {
            switch self {
            case .memory(let snapshot): snapshot.scan(range, in: space, reverse: reverse, visit)
            case .rocksDB(let snapshot): try snapshot.scan(range, in: space, reverse: reverse, visit)
            }
        }
    }

    public func snapshot() throws(StoreError) -> Snapshot {
        switch self {
        case .memory(let store): .memory(store.snapshot())
        case .rocksDB(let store): .rocksDB(try store.snapshot())
        }
    }

    public func value(of key: [UInt8], in space: Space) throws(StoreError) -> [UInt8]? {
        switch self {
        case .memory(let store): store.value(of: key, in: space)
        case .rocksDB(let store): try store.value(of: key, in: space)
        }
    }

    public func scan(
        _ range: KeyRange, in space: Space, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) throws(StoreError) {
        switch self {
        case .memory(let store): store.scan(range, in: space, reverse: reverse, visit)
        case .rocksDB(let store): try store.scan(range, in: space, reverse: reverse, visit)
        }
    }

    public func commit(_ batch: WriteBatch, durability: Durability) throws(StoreError) {
        switch self {
        case .memory(let store): store.commit(batch, durability: durability)
        case .rocksDB(let store): try store.commit(batch, durability: durability)
        }
    }
}
