/// The ordered key-value store under a region: what the engines read and the region's writer commits.
///
/// Implementations: `MemoryStore` (tests, `--in-memory`, simulation) and `RocksDBStore`. One conformance suite runs over both
/// (`Tests/KeyValueStoreTests`). Keys order by unsigned bytes. One thread commits at a time; reads may come from any thread.
public protocol KeyValueStore: KeyValueReader {
    associatedtype Snapshot: KeyValueReader

    /// A frozen view of all spaces: it sees exactly the batches whose commit had returned when it was taken.
    func snapshot() throws(StoreError) -> Snapshot

    /// Applies all operations of the batch, or none. Readers see either state, never a part.
    ///
    /// With `.synced` the call returns when the batch, and everything committed before it, survives power loss.
    /// After `StoreError.failed` the outcome of this batch is unknown, the store refuses every later commit, and only closing and
    /// opening it again tells (`reference/reliability.md` 2.9).
    func commit(_ batch: WriteBatch, durability: Durability) throws(StoreError)
}

/// Read access to one consistent state of the store, or to the newest one when the receiver is the store itself.
public protocol KeyValueReader: Sendable {
    /// The value of `key`, or nil when there is none.
    func value(of key: [UInt8], in space: Space) throws(StoreError) -> [UInt8]?

    /// Visits the entries of `range` in key order (or against it) until the visitor answers `.stop` or the range ends.
    ///
    /// Every scan sees one consistent state. The buffers are valid during the visit only.
    func scan(
        _ range: KeyRange, in space: Space, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) throws(StoreError)
}

/// Separate key spaces with their own tuning (column families in RocksDB). The raw values count up from 0 without gaps: the stores
/// keep their spaces in arrays.
public enum Space: UInt8, CaseIterable, Sendable {
    /// Catalogue, counters, cursors, idempotency tokens: small and rarely read.
    case metadata = 0
    /// Current items and tombstones: point reads, range reads.
    case items = 1
    /// Secondary index entries: range reads.
    case indexes = 2
    /// The change log: appended in order, read in order, trimmed from the front by ranges.
    case changes = 3
}

/// What a commit waits for.
public enum Durability: Sendable {
    /// Until the batch is on stable storage.
    case synced
    /// Not at all: the batch may be lost with the machine, but never without everything committed after it.
    case buffered
}

/// Whether a scan goes on.
public enum ScanStep: Sendable {
    case next
    case stop
}

/// A half-open range of keys: `lower` included, `upper` excluded; nil means to the end of the space.
public struct KeyRange: Sendable, Equatable {
    public var lower: [UInt8]
    public var upper: [UInt8]?

    public init(lower: [UInt8], upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    /// All keys that begin with `prefix`.
    public init(prefix: [UInt8]) {
        lower = prefix
        upper = Self.successor(ofPrefix: prefix)
    }

    /// Whether no key can be in the range.
    package var isEmpty: Bool {
        if let upper { !lower.lexicographicallyPrecedes(upper) } else { false }
    }

    /// The smallest key greater than every key that begins with `prefix`; nil when there is none (all bytes are 0xFF).
    public static func successor(ofPrefix prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < 0xFF {
                bytes.append(last + 1)
                return bytes
            }
        }
        return nil
    }
}
