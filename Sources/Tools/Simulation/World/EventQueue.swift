/// What will happen, in the order of virtual time; what is due at the same millisecond happens in the order in which it was planned.
struct EventQueue<Event> {
    private struct Entry {
        let milliseconds: UInt64
        let order: UInt64
        /// Where the event lies: events are large, and the heap moves its entries often.
        let slot: Int

        func precedes(_ other: Entry) -> Bool {
            milliseconds == other.milliseconds ? order < other.order : milliseconds < other.milliseconds
        }
    }

    /// A binary heap: no entry precedes the one above it.
    private var heap: [Entry] = []
    private var slots: [Event?] = []
    private var freeSlots: [Int] = []
    private var count: UInt64 = 0

    mutating func add(_ event: Event, at milliseconds: UInt64) {
        count += 1
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(event) } else { slots[slot] = event }
        let entry = Entry(milliseconds: milliseconds, order: count, slot: slot)
        heap.append(entry)
        // The hole for the entry rises.
        var hole = heap.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard entry.precedes(heap[parent]) else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = entry
    }

    mutating func next() -> (milliseconds: UInt64, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        freeSlots.append(first.slot)
        guard let event = slots[first.slot].take() else { preconditionFailure("each slot of the heap holds an event") }
        return (first.milliseconds, event)
    }

    /// Puts the entry below the hole at the top, which sinks.
    private mutating func sink(_ entry: Entry) {
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(entry) else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = entry
    }
}
