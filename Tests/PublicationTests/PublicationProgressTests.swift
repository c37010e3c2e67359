import Publication
import TestSupport
import Testing

@Suite struct PublicationProgressTests {
    @Test("the log is gone through from the lowest end of the partitions, without what they hold")
    func resume() {
        var progress = PublicationProgress(resumingAfter: [.record(9), .record(4)], known: 0, first: 1)
        #expect(progress.next == 5)
        #expect(progress.confirmedEnd == 5)
        // 5 and 6 are in partition 0, 7 belongs to partition 1, 10 to partition 0.
        #expect(!progress.mustPublish(to: 0))
        progress.pass()
        progress.pass()
        #expect(progress.mustPublish(to: 1))
        progress.handOver(to: 1)
        progress.pass()
        progress.pass()
        #expect(progress.next == 10)
        #expect(progress.mustPublish(to: 0))
        #expect(progress.confirmedEnd == 7)
        progress.confirm(7)
        #expect(progress.confirmedEnd == 10)
    }

    @Test("a new topic gets all that the log holds, whatever was noted of the one before")
    func newTopic() {
        let progress = PublicationProgress(resumingAfter: [.untouched, .untouched], known: 80, first: 3)
        #expect(progress.next == 3)
        #expect(progress.mustPublish(to: 0) && progress.mustPublish(to: 1))
    }

    @Test("a partition that no longer tells is judged by the note")
    func partitionsThatDoNotTell() {
        for silent: PublicationProgress.PartitionEnd in [.untouched, .trimmed] {
            let progress = PublicationProgress(resumingAfter: [.record(90), silent], known: 80, first: 1)
            #expect(progress.next == 81)
            #expect(!progress.mustPublish(to: 0) && progress.mustPublish(to: 1))
        }
    }

    @Test("records of a table that had the name before count for nothing")
    func otherLogs() {
        let progress = PublicationProgress(resumingAfter: [.otherLogs, .otherLogs], known: 0, first: 1)
        #expect(progress.next == 1)
        #expect(!PublicationProgress.isNew([.otherLogs, .untouched]))
    }

    @Test("what is confirmed out of order counts once all before it is")
    func confirmation() {
        var progress = PublicationProgress(resumingAfter: [.untouched, .untouched], known: 0, first: 1)
        for _ in 1...4 { progress.handOver(to: 0) }
        progress.confirm(2)
        progress.confirm(2)
        progress.confirm(99)
        #expect(progress.confirmedEnd == 1)
        #expect(progress.unconfirmedCount == 3)
        progress.confirm(1)
        #expect(progress.confirmedEnd == 3)
        progress.confirm(4)
        progress.confirm(3)
        #expect(progress.confirmedEnd == 5)
        #expect(progress.unconfirmedCount == 0)
    }

    /// Partitions take what was handed over at their own pace; a crash loses what they had not taken, and all that was known but the note.
    @Test("after crashes at any moment every record is in the topic once, in order", arguments: seeds)
    func crashes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let partitions = 1 + random.below(5)
        let count = 200 + random.below(400)
        let places = (0...count).map { _ in random.below(partitions) }
        var topic = [[UInt64]](repeating: [], count: partitions)
        var noted: UInt64 = 0
        while topic.reduce(0, { $0 + $1.count }) < count {
            let ends = topic.map { $0.last.map { PublicationProgress.PartitionEnd.record($0) } ?? .untouched }
            if PublicationProgress.isNew(ends) { noted = 0 }
            var progress = PublicationProgress(resumingAfter: ends, known: noted, first: 1)
            var onTheWay = [[UInt64]](repeating: [], count: partitions)
            for _ in 0..<random.below(400) {
                if random.below(2) == 0, progress.next <= count {
                    let place = places[Int(progress.next)]
                    if progress.mustPublish(to: Int32(place)) {
                        onTheWay[place].append(progress.next)
                        progress.handOver(to: Int32(place))
                    } else {
                        progress.pass()
                    }
                } else {
                    let place = random.below(partitions)
                    guard !onTheWay[place].isEmpty else { continue }
                    let sequence = onTheWay[place].removeFirst()
                    topic[place].append(sequence)
                    // The confirmation may come late, or never.
                    if random.below(8) > 0 { progress.confirm(sequence) }
                }
                if random.below(16) == 0 { noted = progress.confirmedEnd - 1 }
            }
        }
        for (place, records) in topic.enumerated() {
            #expect(records == (1...count).filter { places[$0] == place }.map { UInt64($0) })
        }
    }
}
