/// Puts the records of a topic's partitions back into the order of the log that they were published from.
///
/// The log is numbered without gaps, so the record that comes next is known; what comes earlier than its turn waits here. Everything that
/// was put in order stays until it is discarded, so that readers may look at it again.
public struct TopicMerge<Element: Sendable>: Sendable {
    /// A record as it was read.
    public struct Entry: Sendable {
        public let sequence: UInt64
        public let partition: Int32
        public let offset: Int64
        public let byteCount: Int
        public let element: Element

        public init(sequence: UInt64, partition: Int32, offset: Int64, byteCount: Int, element: Element) {
            self.sequence = sequence
            self.partition = partition
            self.offset = offset
            self.byteCount = byteCount
            self.element = element
        }
    }

    private var ordered = Queue<Entry>()
    private var waiting: [Queue<Entry>]
    private var last: [UInt64]
    /// The number that is missing.
    public private(set) var end: UInt64
    /// What is kept, in bytes.
    public private(set) var byteCount = 0

    /// - Parameter first: the first record that is wanted.
    public init(partitions: Int32, first: UInt64) {
        waiting = (0..<partitions).map { _ in Queue() }
        last = [UInt64](repeating: 0, count: Int(partitions))
        end = first
    }

    /// The first record that is kept and in order; `end` when there is none.
    public var start: UInt64 { end - UInt64(ordered.count) }

    /// Whether something has come before its turn.
    public var hasWaiting: Bool { waiting.contains { $0.first != nil } }

    /// The first record behind the missing one that has come; nil when none has.
    public var firstWaiting: UInt64? { waiting.compactMap { $0.first?.sequence }.min() }

    /// Whether the partition may hold the missing record: what has come of it is before the missing one.
    public func mayHoldNext(_ partition: Int32) -> Bool { waiting[Int(partition)].first == nil }

    /// Takes a record. One that came before is left out: also a copy that someone else wrote.
    public mutating func insert(_ entry: Entry) {
        let place = Int(entry.partition)
        guard entry.sequence >= end, entry.sequence > last[place] else { return }
        last[place] = entry.sequence
        byteCount += entry.byteCount
        waiting[place].append(entry)
        if entry.sequence == end { putInOrder() }
    }

    private mutating func putInOrder() {
        while let place = waiting.indices.first(where: { waiting[$0].first?.sequence == end }),
            let entry = waiting[place].removeFirst()
        {
            ordered.append(entry)
            end += 1
        }
    }

    /// Visits what is in order from `sequence` on; the visitor answers whether to go on.
    public func visit(from sequence: UInt64, _ body: (Entry) -> Bool) {
        var index = Int(clamping: sequence > start ? sequence - start : 0)
        while index < ordered.count, body(ordered[index]) { index += 1 }
    }

    /// Forgets what is before `sequence`. Behind the missing record that means that it is no longer waited for.
    public mutating func discard(before sequence: UInt64) {
        while start < sequence, let entry = ordered.removeFirst() { byteCount -= entry.byteCount }
        guard sequence > end else { return }
        for place in waiting.indices {
            while let first = waiting[place].first, first.sequence < sequence {
                byteCount -= first.byteCount
                _ = waiting[place].removeFirst()
            }
        }
        end = sequence
        putInOrder()
    }

    /// For each partition the offset of the first record that is kept; nil for those of which none is.
    public var firstOffsets: [Int64?] {
        var offsets = waiting.map { $0.first?.offset }
        for index in 0..<ordered.count {
            let entry = ordered[index]
            let place = Int(entry.partition)
            offsets[place] = min(offsets[place] ?? entry.offset, entry.offset)
        }
        return offsets
    }
}

/// First in, first out; the memory of what was taken is given back from time to time.
private struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var offset = 0

    var count: Int { elements.count - offset }
    var first: Element? { count > 0 ? elements[offset] : nil }

    subscript(index: Int) -> Element {
        guard let element = elements[offset + index] else { preconditionFailure("only taken elements are gone") }
        return element
    }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = elements[offset]
        elements[offset] = nil
        offset += 1
        if offset > 1024, offset * 2 > elements.count {
            elements.removeFirst(offset)
            offset = 0
        }
        return element
    }
}
