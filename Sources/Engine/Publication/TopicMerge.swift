/// Puts the records of a topic's partitions back into the order of the log that they were published from.
///
/// The log is numbered without gaps, so the record that comes next is known; what comes earlier than its turn waits here. Everything that
/// was put in order stays until it is discarded, so that readers may look at it again.
///
/// Inlinable, because every record of every link goes through it, and generic code of another module looks its types up at each call.
public struct TopicMerge<Element: Sendable>: Sendable {
    /// A record as it was read.
    public struct Entry: Sendable {
        public let sequence: UInt64
        public let partition: Int32
        public let offset: Int64
        public let byteCount: Int
        public let element: Element

        @inlinable
        public init(sequence: UInt64, partition: Int32, offset: Int64, byteCount: Int, element: Element) {
            self.sequence = sequence
            self.partition = partition
            self.offset = offset
            self.byteCount = byteCount
            self.element = element
        }
    }

    @usableFromInline var ordered = MergeQueue<Entry>()
    @usableFromInline var waiting: [MergeQueue<Entry>]
    /// The number of the first record that waits in each partition; `UInt64.max` where none does.
    @usableFromInline var firsts: [UInt64]
    @usableFromInline var last: [UInt64]
    @usableFromInline var missing: UInt64
    @usableFromInline var keptBytes = 0

    /// - Parameter first: the first record that is wanted.
    @inlinable
    public init(partitions: Int32, first: UInt64) {
        waiting = (0..<partitions).map { _ in MergeQueue() }
        firsts = [UInt64](repeating: .max, count: Int(partitions))
        last = [UInt64](repeating: 0, count: Int(partitions))
        missing = first
    }

    /// The number that is missing.
    @inlinable public var end: UInt64 { missing }

    /// What is kept, in bytes.
    @inlinable public var byteCount: Int { keptBytes }

    /// How many records are kept in order.
    @inlinable public var count: Int { ordered.count }

    /// The first record that is kept and in order; `end` when there is none.
    @inlinable public var start: UInt64 { end - UInt64(ordered.count) }

    /// The first record behind the missing one that has come; nil when none has.
    @inlinable public var firstWaiting: UInt64? { firsts.min().flatMap { $0 == .max ? nil : $0 } }

    /// Whether the partition may hold the missing record: what has come of it is before the missing one.
    @inlinable
    public func mayHoldNext(_ partition: Int32) -> Bool { firsts[Int(partition)] == .max }

    /// Whether the partition is read less than half as far, from the missing record on, as the one that is read the furthest.
    @inlinable
    public func isLate(_ partition: Int32) -> Bool {
        let furthest = max(last.max() ?? 0, end)
        return last[Int(partition)] < end + (furthest - end + 1) / 2
    }

    /// Takes a record. One that came before is left out: also a copy that someone else wrote.
    @inlinable
    public mutating func insert(_ entry: Entry) {
        let place = Int(entry.partition)
        // No log gets as far as the highest number, but a forged message may say so.
        guard entry.sequence >= end, entry.sequence > last[place], entry.sequence < .max else { return }
        last[place] = entry.sequence
        keptBytes += entry.byteCount
        if waiting[place].first == nil { firsts[place] = entry.sequence }
        waiting[place].append(entry)
        if entry.sequence == end { putInOrder() }
    }

    @inlinable
    mutating func putInOrder() {
        while let place = firsts.firstIndex(of: missing), let entry = takeWaiting(place) {
            ordered.append(entry)
            missing += 1
        }
    }

    @inlinable
    mutating func takeWaiting(_ place: Int) -> Entry? {
        let entry = waiting[place].removeFirst()
        firsts[place] = waiting[place].first?.sequence ?? .max
        return entry
    }

    /// Visits what is in order from `sequence` on; the visitor answers whether to go on.
    @inlinable
    public func visit(from sequence: UInt64, _ body: (Entry) -> Bool) {
        var index = Int(clamping: sequence > start ? sequence - start : 0)
        while index < ordered.count, body(ordered[index]) { index += 1 }
    }

    /// Forgets what is before `sequence`. Behind the missing record that means that it is no longer waited for.
    @inlinable
    public mutating func discard(before sequence: UInt64) {
        while start < sequence, let entry = ordered.removeFirst() { keptBytes -= entry.byteCount }
        guard sequence > end else { return }
        for place in waiting.indices {
            while firsts[place] < sequence, let entry = takeWaiting(place) { keptBytes -= entry.byteCount }
        }
        missing = sequence
        putInOrder()
    }

    /// For each partition the offset of the first record that is kept; nil for those of which none is.
    @inlinable public var firstOffsets: [Int64?] {
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
@usableFromInline
struct MergeQueue<Element: Sendable>: Sendable {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var offset = 0

    @inlinable
    init() {}

    @inlinable var count: Int { elements.count - offset }
    @inlinable var first: Element? { count > 0 ? elements[offset] : nil }

    @inlinable
    subscript(index: Int) -> Element {
        guard let element = elements[offset + index] else { preconditionFailure("only taken elements are gone") }
        return element
    }

    @inlinable
    mutating func append(_ element: Element) {
        elements.append(element)
    }

    @inlinable
    mutating func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = elements[offset].take()
        offset += 1
        if offset > 1024, offset * 2 > elements.count {
            elements.removeFirst(offset)
            offset = 0
        }
        return element
    }
}
