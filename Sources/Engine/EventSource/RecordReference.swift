/// What the engine knows of a record that passed the mapping's filters: enough to order, batch and age it.
public struct RecordReference: Sendable, Equatable {
    /// The record's place in the table's log.
    public var sequence: UInt64
    /// A hash of the item's key: equal keys must have equal hashes, today and after a restart.
    public var keyHash: UInt64
    /// When the record was created, in milliseconds since 1970.
    public var approximateMilliseconds: UInt64
    /// The size of the record's JSON in the invocation's payload.
    public var payloadBytes: Int

    public init(sequence: UInt64, keyHash: UInt64, approximateMilliseconds: UInt64, payloadBytes: Int) {
        self.sequence = sequence
        self.keyHash = keyHash
        self.approximateMilliseconds = approximateMilliseconds
        self.payloadBytes = payloadBytes
    }
}

/// References in the order of their sequence numbers, taken from the front; each costs O(1) amortised.
struct RecordQueue: Sendable {
    private var storage: [RecordReference] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { count == 0 }
    var first: RecordReference? { isEmpty ? nil : storage[head] }

    /// - Parameter offset: from the front, below `count`.
    subscript(offset: Int) -> RecordReference { storage[head + offset] }

    mutating func append(_ record: RecordReference) {
        storage.append(record)
    }

    mutating func removeFirst(_ count: Int) {
        head += count
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        } else if head > storage.count / 2 {
            storage.removeSubrange(..<head)
            head = 0
        }
    }

    func prefix(_ count: Int) -> [RecordReference] { Array(storage[head..<(head + count)]) }

    /// How many of the first `limit` records precede `sequence`.
    func countBelow(_ sequence: UInt64, limit: Int) -> Int {
        var low = 0
        var high = min(limit, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
