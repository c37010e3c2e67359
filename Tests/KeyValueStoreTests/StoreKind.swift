import Foundation
import KeyValueStore
import RocksDBStore
import Synchronization
import Testing

/// The implementations that the conformance suite runs over.
enum StoreKind: CaseIterable, CustomTestStringConvertible {
    case memory
    case rocksDB

    /// Runs a scenario on a new, empty store.
    func withStore(_ scenario: (any KeyValueStore) throws -> Void) throws {
        switch self {
        case .memory:
            try scenario(MemoryStore())
        case .rocksDB:
            try withTemporaryDirectory { try scenario(RocksDBStore(path: $0)) }
        }
    }

    var testDescription: String { "\(self)" }
}

/// Gives `body` the path of a directory that does not exist yet, and removes what it made there.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = temporaryPath()
    defer { removeDirectory(path) }
    return try body(path)
}

func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appending(path: "tributary-store-\(UUID().uuidString)").path
}

func removeDirectory(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
}

/// Runs each body on a thread of its own, waits until all have ended, and gives their results in order.
///
/// Not tasks: the bodies wait for each other, and the pool has only as many threads as the machine has cores.
func onThreads<Result: Sendable>(_ bodies: [@Sendable () -> Result]) -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: bodies.count))
    let threads = bodies.enumerated().map { index, body in
        startThread {
            let result = body()
            results.withLock { $0[index] = result }
        }
    }
    for thread in threads { pthread_join(thread, nil) }
    return results.withLock { $0.compactMap(\.self) }
}

private func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(run: body))
    let error = pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, context.toOpaque())
    precondition(error == 0, "no thread: \(error)")
    return thread
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

struct Entry: Equatable, CustomStringConvertible {
    var key: [UInt8]
    var value: [UInt8]

    init(_ key: [UInt8], _ value: [UInt8]) {
        self.key = key
        self.value = value
    }

    init(_ key: String, _ value: String) {
        self.init(Array(key.utf8), Array(value.utf8))
    }

    var description: String { "\(text(key))=\(text(value))" }

    private func text(_ bytes: [UInt8]) -> String {
        bytes.allSatisfy { 0x20..<0x7F ~= $0 } ? String(decoding: bytes, as: UTF8.self) : "\(bytes)"
    }
}

extension KeyRange {
    static let all = KeyRange(lower: [], upper: nil)
}

extension KeyValueReader {
    func value(of key: String, in space: Space = .items) throws -> String? {
        try value(of: Array(key.utf8), in: space).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The entries of a range, at most `limit`.
    func entries(
        _ range: KeyRange = .all, in space: Space = .items, reverse: Bool = false, limit: Int = .max
    ) throws -> [Entry] {
        var entries: [Entry] = []
        try scan(range, in: space, reverse: reverse) { key, value in
            entries.append(Entry(Array(key), Array(value)))
            return entries.count < limit ? .next : .stop
        }
        return entries
    }
}

extension KeyValueStore {
    /// Commits what `fill` puts in a batch.
    func commit(_ durability: Durability = .buffered, _ fill: (inout WriteBatch) -> Void) throws {
        var batch = WriteBatch()
        fill(&batch)
        try commit(batch, durability: durability)
    }
}

extension WriteBatch {
    mutating func put(_ key: String, _ value: String, in space: Space = .items) {
        put(Array(key.utf8), Array(value.utf8), in: space)
    }

    mutating func delete(_ key: String, in space: Space = .items) {
        delete(Array(key.utf8), in: space)
    }

    mutating func deleteRange(_ lower: String, _ upper: String, in space: Space = .items) {
        deleteRange(lower: Array(lower.utf8), upper: Array(upper.utf8), in: space)
    }
}
