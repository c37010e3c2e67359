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
    /// The record's transaction; looked at only when the mapping delivers complete transactions.
    public var transaction: TransactionMembership?
    /// False for a record that the filters refuse and that counts as a part of its transaction only.
    public var matches: Bool
    /// Records of the same unit go into one batch; 0 for a record of none.
    var unit: UInt64 = 0

    public init(
        sequence: UInt64, keyHash: UInt64, approximateMilliseconds: UInt64, payloadBytes: Int,
        transaction: TransactionMembership? = nil, matches: Bool = true
    ) {
        self.sequence = sequence
        self.keyHash = keyHash
        self.approximateMilliseconds = approximateMilliseconds
        self.payloadBytes = payloadBytes
        self.transaction = transaction
        self.matches = matches
    }
}

/// References in the order in which they go to the function, taken from the front; each costs O(1) amortised.
///
/// That is the order of their sequence numbers unless records waited for a transaction.
struct RecordQueue: Sendable {
    private var storage: [RecordReference] = []
    private var head = 0
    private var isAscending = true

    var count: Int { storage.count - head }
    var isEmpty: Bool { count == 0 }
    var first: RecordReference? { isEmpty ? nil : storage[head] }

    /// - Parameter offset: from the front, below `count`.
    subscript(offset: Int) -> RecordReference { storage[head + offset] }

    /// The lowest sequence number.
    var lowestSequence: UInt64? {
        isAscending ? first?.sequence : storage[head...].lazy.map(\.sequence).min()
    }

    mutating func append(_ record: RecordReference) {
        if let last = storage.last, !isEmpty, record.sequence < last.sequence { isAscending = false }
        storage.append(record)
    }

    mutating func removeFirst(_ count: Int) {
        head += count
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
            isAscending = true
        } else if head > storage.count / 2 {
            storage.removeSubrange(..<head)
            head = 0
        }
    }

    func prefix(_ count: Int) -> [RecordReference] { Array(storage[head..<(head + count)]) }

    /// Whether a batch may end behind `count` records.
    func isBoundary(_ count: Int) -> Bool {
        count == 0 || count >= self.count || self[count].unit == 0 || self[count].unit != self[count - 1].unit
    }

    /// How many records from `offset` on must go into one batch, and their bytes in its payload.
    func unit(at offset: Int) -> (count: Int, payloadBytes: Int) {
        var count = 1
        var bytes = self[offset].payloadBytes + 1
        while !isBoundary(offset + count) {
            bytes += self[offset + count].payloadBytes + 1
            count += 1
        }
        return (count, bytes)
    }

    /// How many of the first `limit` records lie before the one of this sequence number, or before where it would be.
    func countBefore(_ sequence: UInt64, limit: Int) -> Int {
        guard isAscending else {
            return storage[head..<(head + min(limit, count))].firstIndex { $0.sequence == sequence }.map { $0 - head }
                ?? limit
        }
        var low = 0
        var high = min(limit, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
