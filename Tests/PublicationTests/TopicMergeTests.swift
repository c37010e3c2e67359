import Publication
import TestSupport
import Testing

@Suite struct TopicMergeTests {
    private func entry(_ sequence: UInt64, _ partition: Int32, offset: Int64 = 0) -> TopicMerge<UInt64>.Entry {
        .init(sequence: sequence, partition: partition, offset: offset, byteCount: 10, element: sequence)
    }

    private func ordered(_ merge: TopicMerge<UInt64>, from sequence: UInt64 = 0) -> [UInt64] {
        var found: [UInt64] = []
        merge.visit(from: sequence) {
            found.append($0.element)
            return true
        }
        return found
    }

    @Test("records come in the order of the log, each in its turn")
    func order() {
        var merge = TopicMerge<UInt64>(partitions: 2, first: 5)
        for sequence: UInt64 in [3, 6, 8] { merge.insert(entry(sequence, 0)) }
        #expect(ordered(merge).isEmpty)
        #expect(merge.end == 5)
        #expect(merge.firstWaiting == 6)
        #expect(!merge.mayHoldNext(0) && merge.mayHoldNext(1))
        #expect(!merge.isLate(0) && merge.isLate(1) && merge.count == 0)
        merge.insert(entry(5, 1))
        #expect(ordered(merge) == [5, 6])
        #expect(merge.end == 7 && merge.count == 2)
        merge.insert(entry(7, 1))
        #expect(ordered(merge) == [5, 6, 7, 8])
        #expect(ordered(merge, from: 7) == [7, 8])
        #expect(merge.byteCount == 40)
        merge.discard(before: 7)
        #expect(merge.start == 7)
        #expect(ordered(merge) == [7, 8])
        #expect(merge.byteCount == 20)
    }

    @Test("a forged record with the highest number is left out")
    func highestNumber() {
        var merge = TopicMerge<UInt64>(partitions: 2, first: .max - 1)
        for sequence: UInt64 in [.max - 1, .max] { merge.insert(entry(sequence, 0)) }
        #expect(ordered(merge) == [.max - 1])
        #expect(merge.end == .max && merge.firstWaiting == nil)
    }

    @Test("a record that someone wrote again is left out")
    func copies() {
        var merge = TopicMerge<UInt64>(partitions: 2, first: 1)
        for sequence: UInt64 in [1, 1, 3, 3, 2] { merge.insert(entry(sequence, 0)) }
        #expect(ordered(merge) == [1])
        merge.insert(entry(2, 1))
        #expect(ordered(merge) == [1, 2, 3])
    }

    @Test("a missing record is waited for until it is given up")
    func givingUp() {
        var merge = TopicMerge<UInt64>(partitions: 2, first: 1)
        for sequence: UInt64 in [2, 4, 5] { merge.insert(entry(sequence, 0)) }
        merge.insert(entry(1, 1))
        #expect(ordered(merge) == [1, 2])
        merge.discard(before: 4)
        #expect(ordered(merge) == [4, 5])
        #expect(merge.end == 6)
        #expect(merge.byteCount == 20)
    }

    @Test("reading can begin again at the first record of each partition that is kept")
    func offsets() {
        var merge = TopicMerge<UInt64>(partitions: 3, first: 1)
        merge.insert(entry(1, 0, offset: 10))
        merge.insert(entry(2, 0, offset: 12))
        merge.insert(entry(4, 1, offset: 7))
        #expect(merge.firstOffsets == [10, 7, nil])
        merge.discard(before: 2)
        #expect(merge.firstOffsets == [12, 7, nil])
    }

    @Test("however the partitions come, the log comes out", arguments: seeds)
    func anyInterleaving(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let partitions = 1 + random.below(6)
        let count = 3000
        var queues = [[UInt64]](repeating: [], count: partitions)
        for sequence in 1...count { queues[random.below(partitions)].append(UInt64(sequence)) }
        var merge = TopicMerge<UInt64>(partitions: Int32(partitions), first: 1)
        var seen: [UInt64] = []
        while seen.count < count {
            let place = random.below(partitions)
            let batch = queues[place].prefix(1 + random.below(50))
            for sequence in batch { merge.insert(entry(sequence, Int32(place))) }
            queues[place].removeFirst(batch.count)
            let next = UInt64(seen.count + 1)
            seen += ordered(merge, from: next).prefix(random.below(100))
            merge.discard(before: UInt64(seen.count + 1))
        }
        #expect(seen == (1...count).map { UInt64($0) })
    }
}
