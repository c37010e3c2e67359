import CRocksDB

/// The native batch that every commit fills anew, so that its memory is allocated once.
struct WriteBuffer: ~Copyable {
    private(set) var handle: OpaquePointer

    /// A batch that grew beyond this is not kept.
    private static let keptSizeMaximumBytes = 8 << 20

    init() {
        handle = rocksdb_writebatch_create()
    }

    deinit {
        rocksdb_writebatch_destroy(handle)
    }

    mutating func removeAll() {
        var count = 0
        _ = rocksdb_writebatch_data(handle, &count)
        if count > Self.keptSizeMaximumBytes {
            rocksdb_writebatch_destroy(handle)
            handle = rocksdb_writebatch_create()
        } else {
            rocksdb_writebatch_clear(handle)
        }
    }
}
