import CRocksDB
import Glibc
import KeyValueStore
import Synchronization

/// An open RocksDB database: the owner of its handles.
final class Database: @unchecked Sendable {
    // @unchecked: the handles are made in init and destroyed in close, which the gate keeps apart from every other use; between
    // the two RocksDB allows calls from any thread.
    let path: String
    private let gate = AccessGate()
    /// Holds the lock of the directory; nil once closed.
    private var directory: DataDirectory?
    private let cache: OpaquePointer
    private let database: OpaquePointer
    /// In the order of `DatabaseOptions.familyNames`: first the one that no space uses.
    private let families: [OpaquePointer]
    private let newestReads: OpaquePointer
    private let syncedWrites: OpaquePointer
    private let bufferedWrites: OpaquePointer
    /// What the first write that failed said.
    private let writeFailure = Mutex<String?>(nil)
    /// The snapshots that are alive, as addresses: RocksDB wants them back before it closes.
    private let snapshots = Mutex<Set<UInt>>([])

    init(path: String, options: RocksDBStore.Options) throws(StoreError) {
        let directory = try DataDirectory(path: path)
        try Self.checkFiles(of: directory)
        let cache: OpaquePointer = rocksdb_cache_create_lru(options.blockCacheSizeBytes)
        do throws(RocksDBFailure) {
            (database, families) = try Self.open(path, DatabaseOptions(options, cache: cache))
        } catch {
            rocksdb_cache_destroy(cache)
            throw error.whileOpening(path)
        }
        self.path = path
        self.directory = consume directory
        self.cache = cache
        newestReads = rocksdb_readoptions_create()
        bufferedWrites = rocksdb_writeoptions_create()
        syncedWrites = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(syncedWrites, 1)
    }

    deinit {
        close()
    }

    /// Waits for the running calls, then gives everything back. Later calls fail; a second call does nothing.
    func close() {
        gate.close {
            snapshots.withLock { snapshots in
                for address in snapshots {
                    rocksdb_release_snapshot(database, OpaquePointer(bitPattern: address))
                }
                snapshots.removeAll()
            }
            // Buffered commits survive an orderly stop. But a log that failed once must not be written again: RocksDB would abort.
            if writeFailure.withLock({ $0 }) == nil {
                try? checked { rocksdb_flush_wal(database, 1, $0) } as Void
            }
            families.forEach(rocksdb_column_family_handle_destroy)
            rocksdb_close(database)
            rocksdb_readoptions_destroy(newestReads)
            rocksdb_writeoptions_destroy(bufferedWrites)
            rocksdb_writeoptions_destroy(syncedWrites)
            rocksdb_cache_destroy(cache)
            directory = nil
        }
    }

    /// Finds what RocksDB would pass over in silence.
    private static func checkFiles(of directory: borrowing DataDirectory) throws(StoreError) {
        let names = try directory.fileNames()
        let logs = names.filter { $0.hasSuffix(".log") }
        if !names.contains("CURRENT"), !logs.isEmpty || names.contains(where: { $0.hasSuffix(".sst") }) {
            // It would take the directory for a new one.
            throw .corrupted(path: directory.path, reason: "the file CURRENT is missing")
        }
        if logs.isEmpty, names.contains(where: { $0.hasSuffix(".sst") }) {
            // There always is one: the old one is deleted when the new one is there. It would begin a new one, without what was in it.
            throw .corrupted(path: directory.path, reason: "the log file is missing")
        }
        for name in logs + names.filter({ $0.hasPrefix("MANIFEST-") }) {
            if try LogFile(path: "\(directory.path)/\(name)").hidesRecords() {
                throw .corrupted(path: directory.path, reason: "\(name) holds records behind a damaged one")
            }
        }
    }

    private static func open(
        _ path: String, _ options: DatabaseOptions
    ) throws(RocksDBFailure) -> (database: OpaquePointer, families: [OpaquePointer]) {
        let names = DatabaseOptions.familyNames.map { strdup($0) }
        defer { names.forEach { free($0) } }
        var handles = [OpaquePointer?](repeating: nil, count: names.count)
        let database = try withExtendedLifetime(options) { () throws(RocksDBFailure) in
            try checked {
                rocksdb_open_column_families(
                    options.database.handle, path, CInt(names.count), names.map { UnsafePointer($0) },
                    options.families.map(\.handle), &handles, $0)
            }
        }
        guard let database else { throw RocksDBFailure(text: "the database was not opened and no reason given") }
        return (database, handles.compactMap(\.self))
    }

    private func family(_ space: Space) -> OpaquePointer {
        families[Int(space.rawValue) + 1]
    }
}

// MARK: - Reads

extension Database {
    /// The value of a key; `reads` names the state to read, nil the newest one.
    func value(of key: [UInt8], in space: Space, reads: OpaquePointer? = nil) throws(StoreError) -> [UInt8]? {
        try gate.use { () throws(StoreError) in
            let slice: OpaquePointer?
            do throws(RocksDBFailure) {
                slice = try checked { failure in
                    key.withUnsafeBytes { key in
                        rocksdb_get_pinned_cf(
                            database, reads ?? newestReads, family(space), key.characters, key.count, failure)
                    }
                }
            } catch {
                throw error.whileReading(path)
            }
            guard let slice else { return nil }
            defer { rocksdb_pinnableslice_destroy(slice) }
            var count = 0
            let bytes = rocksdb_pinnableslice_value(slice, &count)
            return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    func scan(
        _ range: KeyRange, in space: Space, reverse: Bool, snapshot: OpaquePointer? = nil,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) throws(StoreError) {
        guard !range.isEmpty else { return }
        try gate.use { () throws(StoreError) in
            let reads = rocksdb_readoptions_create()
            defer { rocksdb_readoptions_destroy(reads) }
            rocksdb_readoptions_set_snapshot(reads, snapshot)
            do throws(RocksDBFailure) {
                try checked { failure in
                    // The iterator refers to the bounds, so they must not move while it lives.
                    range.lower.withUnsafeBytes { lower in
                        rocksdb_readoptions_set_iterate_lower_bound(reads, lower.characters, lower.count)
                        guard let upper = range.upper else {
                            return iterate(space, reads, reverse: reverse, failure, visit)
                        }
                        upper.withUnsafeBytes { upper in
                            rocksdb_readoptions_set_iterate_upper_bound(reads, upper.characters, upper.count)
                            iterate(space, reads, reverse: reverse, failure, visit)
                        }
                    }
                }
            } catch {
                throw error.whileReading(path)
            }
        }
    }

    private func iterate(
        _ space: Space, _ reads: OpaquePointer?, reverse: Bool,
        _ failure: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) {
        let iterator = rocksdb_create_iterator_cf(database, reads, family(space))
        defer { rocksdb_iter_destroy(iterator) }
        // Both respect the bounds.
        if reverse { rocksdb_iter_seek_to_last(iterator) } else { rocksdb_iter_seek_to_first(iterator) }
        while rocksdb_iter_valid(iterator) != 0 {
            var keyCount = 0
            let key = rocksdb_iter_key(iterator, &keyCount)
            var valueCount = 0
            let value = rocksdb_iter_value(iterator, &valueCount)
            let step = visit(
                UnsafeRawBufferPointer(start: key, count: keyCount),
                UnsafeRawBufferPointer(start: value, count: valueCount))
            if step == .stop { return }
            if reverse { rocksdb_iter_prev(iterator) } else { rocksdb_iter_next(iterator) }
        }
        rocksdb_iter_get_error(iterator, failure)
    }
}

// MARK: - Snapshots

extension Database {
    /// A snapshot, to be handed back to `release`.
    func makeSnapshot() throws(StoreError) -> OpaquePointer {
        try gate.use { () throws(StoreError) in
            guard let snapshot = rocksdb_create_snapshot(database) else {
                throw .failed(reason: "the database gave no snapshot")
            }
            let address = UInt(bitPattern: snapshot)
            snapshots.withLock { _ = $0.insert(address) }
            return snapshot
        }
    }

    /// Gives a snapshot back, unless closing has done so.
    func release(_ snapshot: OpaquePointer) {
        let address = UInt(bitPattern: snapshot)
        snapshots.withLock { snapshots in
            if snapshots.remove(address) != nil {
                rocksdb_release_snapshot(database, OpaquePointer(bitPattern: address))
            }
        }
    }
}

// MARK: - Writes

extension Database {
    /// Writes the operations of `batch`, which pass through the empty `buffer`. Writes nothing once a write has failed.
    func write(_ batch: WriteBatch, through buffer: OpaquePointer, durability: Durability) throws(StoreError) {
        try gate.use { () throws(StoreError) in
            if let reason = writeFailure.withLock({ $0 }) { throw .poisoned(reason: reason) }
            for operation in batch.operations {
                add(operation, to: buffer)
            }
            do throws(RocksDBFailure) {
                switch durability {
                // An empty write would leave the commits before it where they are.
                case .synced where batch.isEmpty: try checked { rocksdb_flush_wal(database, 1, $0) }
                case .synced: try checked { rocksdb_write(database, syncedWrites, buffer, $0) }
                case .buffered: try checked { rocksdb_write(database, bufferedWrites, buffer, $0) }
                }
            } catch {
                writeFailure.withLock { $0 = error.text }
                // Whatever the cause: nobody knows whether the write took effect.
                throw .failed(reason: error.text)
            }
        }
    }

    private func add(_ operation: WriteBatch.Operation, to buffer: OpaquePointer) {
        switch operation {
        case .put(let key, let value, let space):
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    rocksdb_writebatch_put_cf(
                        buffer, family(space), key.characters, key.count, value.characters, value.count)
                }
            }
        case .delete(let key, let space):
            key.withUnsafeBytes { rocksdb_writebatch_delete_cf(buffer, family(space), $0.characters, $0.count) }
        case .deleteRange(let lower, let upper, let space):
            // RocksDB takes a range that ends before it begins for an error.
            guard lower.lexicographicallyPrecedes(upper) else { return }
            lower.withUnsafeBytes { lower in
                upper.withUnsafeBytes { upper in
                    rocksdb_writebatch_delete_range_cf(
                        buffer, family(space), lower.characters, lower.count, upper.characters, upper.count)
                }
            }
        }
    }
}
