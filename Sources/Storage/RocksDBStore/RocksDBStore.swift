import CRocksDB
public import KeyValueStore
import Synchronization

/// A store in a directory of its own, on RocksDB: what a synced commit wrote survives power loss.
///
/// One process at a time uses a directory, and one store object. Safe to use from any thread; commits run one after another.
/// Damage is reported (`StoreError.corrupted`) when the store opens or when a read meets it, and never passed over.
public final class RocksDBStore: KeyValueStore {
    /// What one store may use of its machine.
    public struct Options: Sendable {
        /// Memory for blocks of table files, their indexes and filters.
        public var blockCacheSizeBytes = 64 << 20
        /// Table files that are open at the same time; each is up to 64 MiB big.
        public var openFilesMaximum = 512

        public init() {}
    }

    private let database: Database
    private let buffer = Mutex(WriteBuffer())

    /// Opens the store in the directory `path`, which is made, together with those above it, if it is missing.
    ///
    /// Throws `.locked`, `.unusable`, `.otherFormat`, `.corrupted` or `.failed`, and then has lost nothing.
    public init(path: String, options: Options = Options()) throws(StoreError) {
        database = try Database(path: path, options: options)
    }

    /// Waits for the calls that are running, makes buffered commits durable, and frees the directory for another store.
    ///
    /// Every later call, on snapshots too, throws `StoreError.failed`. Must not be called from the visitor of a scan.
    /// A store that is let go closes by itself, after its last snapshot. Close it before the process exits: RocksDB crashes when it
    /// is closed while `exit` takes down its global state.
    public func close() {
        database.close()
    }

    public func snapshot() throws(StoreError) -> Snapshot {
        try Snapshot(of: database)
    }

    public func value(of key: [UInt8], in space: Space) throws(StoreError) -> [UInt8]? {
        try database.value(of: key, in: space)
    }

    public func scan(
        _ range: KeyRange, in space: Space, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) throws(StoreError) {
        try database.scan(range, in: space, reverse: reverse, visit)
    }

    public func commit(_ batch: WriteBatch, durability: Durability) throws(StoreError) {
        try buffer.withLock { buffer throws(StoreError) in
            defer { buffer.removeAll() }
            try database.write(batch, through: buffer.handle, durability: durability)
        }
    }
}

extension RocksDBStore {
    /// A frozen view. While it lives, RocksDB keeps the entries that it sees.
    public final class Snapshot: KeyValueReader, @unchecked Sendable {
        // @unchecked: the handles never change, and RocksDB allows reads with them from any thread.
        private let database: Database
        private let snapshot: OpaquePointer
        private let reads: OpaquePointer

        fileprivate init(of database: Database) throws(StoreError) {
            self.database = database
            snapshot = try database.makeSnapshot()
            reads = rocksdb_readoptions_create()
            rocksdb_readoptions_set_snapshot(reads, snapshot)
        }

        deinit {
            rocksdb_readoptions_destroy(reads)
            database.release(snapshot)
        }

        public func value(of key: [UInt8], in space: Space) throws(StoreError) -> [UInt8]? {
            try database.value(of: key, in: space, reads: reads)
        }

        public func scan(
            _ range: KeyRange, in space: Space, reverse: Bool,
            _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
        ) throws(StoreError) {
            try database.scan(range, in: space, reverse: reverse, snapshot: snapshot, visit)
        }
    }
}
