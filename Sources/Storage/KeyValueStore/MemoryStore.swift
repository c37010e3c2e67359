import Synchronization

/// A store that lives and dies with the process: for `--in-memory`, tests and simulation.
///
/// Every commit counts as durable and none fails. Reads hold the lock only while they take a reference to the newest state,
/// and a commit only for a few operations. Safe to use from any thread.
public final class MemoryStore: KeyValueStore {
    /// A batch with more operations, or with a range, is applied to a copy, so that readers do not wait for it. (With a million
    /// items an operation takes 2 µs in place and 5 µs on a copy.)
    private static let operationsInPlaceMaximum = 64

    /// Held by the commit that is running.
    private let committer = Mutex<Void>(())
    private let spaces = Mutex(MemorySpaces())

    public init() {}

    /// A frozen view. It keeps the entries that it sees in memory for as long as it lives.
    public struct Snapshot: KeyValueReader {
        fileprivate let spaces: MemorySpaces

        public func value(of key: [UInt8], in space: Space) -> [UInt8]? {
            key.withUnsafeBytes { spaces[space].value(of: $0) }
        }

        public func scan(
            _ range: KeyRange, in space: Space, reverse: Bool,
            _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
        ) {
            spaces[space].scan(range, reverse: reverse, visit)
        }
    }

    public func snapshot() -> Snapshot {
        Snapshot(spaces: spaces.withLock { $0 })
    }

    public func value(of key: [UInt8], in space: Space) -> [UInt8]? {
        let map = spaces.withLock { $0[space] }
        return key.withUnsafeBytes { map.value(of: $0) }
    }

    public func scan(
        _ range: KeyRange, in space: Space, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) {
        let map = spaces.withLock { $0[space] }
        map.scan(range, reverse: reverse, visit)
    }

    public func commit(_ batch: WriteBatch, durability: Durability) {
        committer.withLock { _ in
            if Self.fitsInPlace(batch) {
                spaces.withLock { $0.apply(batch) }
            } else {
                var changed = spaces.withLock { $0 }
                changed.apply(batch)
                // The old state leaves the lock with the swap, and is freed after it.
                spaces.withLock { swap(&$0, &changed) }
            }
        }
    }

    private static func fitsInPlace(_ batch: WriteBatch) -> Bool {
        guard batch.operations.count <= operationsInPlaceMaximum else { return false }
        return batch.operations.allSatisfy { operation in
            if case .deleteRange = operation { false } else { true }
        }
    }
}

/// The maps of all spaces.
private struct MemorySpaces {
    private var maps = Space.allCases.map { _ in OrderedBytesMap() }

    subscript(space: Space) -> OrderedBytesMap {
        _read { yield maps[Int(space.rawValue)] }
        _modify { yield &maps[Int(space.rawValue)] }
    }

    mutating func apply(_ batch: WriteBatch) {
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value, let space):
                key.withUnsafeBytes { self[space].set($0, to: value) }
            case .delete(let key, let space):
                key.withUnsafeBytes { self[space].remove($0) }
            case .deleteRange(let lower, let upper, let space):
                guard lower.lexicographicallyPrecedes(upper) else { continue }
                lower.withUnsafeBytes { lower in
                    upper.withUnsafeBytes { self[space].removeRange(lower: lower, upper: $0) }
                }
            }
        }
    }
}

extension OrderedBytesMap {
    fileprivate func scan(
        _ range: KeyRange, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) {
        guard !range.isEmpty else { return }
        range.lower.withUnsafeBytes { lower in
            if let upper = range.upper {
                upper.withUnsafeBytes { scan(lower: lower, upper: $0, reverse: reverse, visit) }
            } else {
                scan(lower: lower, upper: nil, reverse: reverse, visit)
            }
        }
    }
}
