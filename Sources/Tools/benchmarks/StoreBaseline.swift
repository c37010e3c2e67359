import CRocksDB
import Foundation
import Synchronization

/// RocksDB without anything around it, on its own C interface: the same bytes, the same durability.
struct StoreBaseline {
    static let valueBytes = 430
    static let batchOperations = 64
    static let memtableBytes = 128 << 20

    let directory: String
    let seconds: Double

    func run(writers: Int) throws {
        try measure("RocksDB alone, \(writers) synced writers", threads: writers, operationsPerBatch: 1)
        try measure(
            "RocksDB alone, 1 writer, batches of \(Self.batchOperations)", threads: 1,
            operationsPerBatch: Self.batchOperations)
    }

    /// Each thread makes synced writes as fast as it can; RocksDB itself groups what comes at the same time.
    private func measure(_ name: String, threads: Int, operationsPerBatch: Int) throws {
        try? FileManager.default.removeItem(atPath: directory)
        let database = try BaselineDatabase(path: directory, memtableBytes: Self.memtableBytes)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let total = Mutex(Latencies())
        let failures = Mutex<[String]>([])
        let done = DispatchGroup()
        let begin = monotonicNanoseconds()
        let end = begin + UInt64(seconds * 1e9)
        for thread in 0..<threads {
            done.enter()
            Thread.detachNewThread {
                defer { done.leave() }
                do throws(BenchmarkFailure) {
                    let latencies = try write(
                        to: database, thread: thread, operationsPerBatch: operationsPerBatch, until: end)
                    total.withLock { $0.add(latencies) }
                } catch {
                    failures.withLock { $0.append(error.description) }
                }
            }
        }
        done.wait()
        if let failure = failures.withLock({ $0.first }) { throw BenchmarkFailure(failure) }
        var result = LoadGenerator.Result()
        result.latencies = total.withLock { $0 }
        result.seconds = Double(monotonicNanoseconds() - begin) / 1e9
        printRow(name, result, processor: "-")
    }

    private func write(
        to database: BaselineDatabase, thread: Int, operationsPerBatch: Int, until end: UInt64
    ) throws(BenchmarkFailure) -> Latencies {
        var latencies = Latencies()
        let value = [CChar](repeating: 120, count: Self.valueBytes)
        var number: UInt64 = 0
        while monotonicNanoseconds() < end {
            let begin = monotonicNanoseconds()
            try database.writeSynced(count: operationsPerBatch, value: value) {
                number += 1
                return "user-\(thread)-\(number)"
            }
            let elapsed = monotonicNanoseconds() - begin
            for _ in 0..<operationsPerBatch { latencies.add(elapsed) }
        }
        return latencies
    }
}

/// One RocksDB database with default column family and synced writes.
private final class BaselineDatabase: @unchecked Sendable {
    // @unchecked: RocksDB allows writes to one database, with shared write options, from any number of threads.
    private let database: OpaquePointer
    private let options: OpaquePointer
    private let writeOptions: OpaquePointer

    init(path: String, memtableBytes: Int) throws(BenchmarkFailure) {
        guard let options = rocksdb_options_create(), let writeOptions = rocksdb_writeoptions_create() else {
            throw BenchmarkFailure("RocksDB has no memory for its options")
        }
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_write_buffer_size(options, memtableBytes)
        rocksdb_writeoptions_set_sync(writeOptions, 1)
        var error: UnsafeMutablePointer<CChar>?
        guard let database = rocksdb_open(options, path, &error) else {
            throw BenchmarkFailure(Self.text(error))
        }
        self.database = database
        self.options = options
        self.writeOptions = writeOptions
    }

    deinit {
        rocksdb_close(database)
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_options_destroy(options)
    }

    func writeSynced(count: Int, value: [CChar], key: () -> String) throws(BenchmarkFailure) {
        guard let batch = rocksdb_writebatch_create() else {
            throw BenchmarkFailure("RocksDB has no memory for a batch")
        }
        defer { rocksdb_writebatch_destroy(batch) }
        for _ in 0..<count {
            let key = key()
            rocksdb_writebatch_put(batch, key, key.utf8.count, value, value.count)
        }
        var error: UnsafeMutablePointer<CChar>?
        rocksdb_write(database, writeOptions, batch, &error)
        if error != nil { throw BenchmarkFailure(Self.text(error)) }
    }

    private static func text(_ error: UnsafeMutablePointer<CChar>?) -> String {
        guard let error else { return "RocksDB failed without a reason" }
        defer { rocksdb_free(error) }
        return String(cString: error)
    }
}
