/// Stretches of the log over which finished units of records reach. A position within one would let a restart repeat a part of a transaction.
struct FinishedUnits: Sendable {
    /// Stretches that are remembered; beyond it the oldest are forgotten, and a restart may repeat a part of one.
    static let countMax = 10_000

    /// Ascending, and none touches another.
    private var stretches: [ClosedRange<UInt64>] = []

    mutating func note(_ records: [RecordReference]) {
        var start = 0
        while start < records.count {
            let unit = records[start].unit
            var end = start + 1
            while end < records.count, unit != 0, records[end].unit == unit { end += 1 }
            let sequences = records[start..<end].map(\.sequence)
            if unit != 0, let first = sequences.min(), let last = sequences.max() { insert(first...last) }
            start = end
        }
    }

    /// The highest position up to `position` that cuts no stretch.
    func uncut(_ position: UInt64) -> UInt64 {
        for stretch in stretches {
            guard stretch.lowerBound <= position else { break }
            if position < stretch.upperBound { return stretch.lowerBound - 1 }
        }
        return position
    }

    mutating func forget(upTo position: UInt64) {
        guard let first = stretches.first, first.upperBound <= position else { return }
        stretches.removeAll { $0.upperBound <= position }
    }

    private mutating func insert(_ stretch: ClosedRange<UInt64>) {
        var merged = stretch
        stretches.removeAll { other in
            guard other.overlaps(merged) else { return false }
            merged = min(merged.lowerBound, other.lowerBound)...max(merged.upperBound, other.upperBound)
            return true
        }
        let place = stretches.firstIndex { $0.lowerBound > merged.lowerBound } ?? stretches.count
        stretches.insert(merged, at: place)
        if stretches.count > Self.countMax { stretches.removeFirst() }
    }
}
