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
        heap.append(Entry(milliseconds: milliseconds, order: count, slot: slot))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> (milliseconds: UInt64, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        freeSlots.append(first.slot)
        guard let event = slots[first.slot].take() else { preconditionFailure("each slot of the heap holds an event") }
        return (first.milliseconds, event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least])
            {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
