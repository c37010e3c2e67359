import Foundation
import RecordLog
import Testing

/// Readers on every log.
@Suite struct ReaderTests {
    @Test(arguments: LogKind.allCases) func readsFromWhereItIsTold(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic()
            let source = TopicPartition(topic, 0)
            try test.append(["a", "b", "c", "d"], to: topic)
            #expect(try test.reader(of: [source: .start]).texts(4) == ["a", "b", "c", "d"])
            #expect(try test.reader(of: [source: .offset(2)]).texts(2) == ["c", "d"])
            let atEnd = try test.reader(of: [source: .end])
            let atOffsetOfEnd = try test.reader(of: [source: .offset(4)])
            try test.append(["e"], to: topic)
            #expect(try atEnd.texts(1) == ["e"])
            #expect(try atOffsetOfEnd.texts(1) == ["e"])
        }
    }

    @Test(arguments: LogKind.allCases) func assigningAnewForgetsWhatWasFetched(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic(partitions: 2)
            try test.append((0..<100).map { "a\($0)" }, to: topic, partition: 0)
            try test.append((0..<100).map { "b\($0)" }, to: topic, partition: 1)
            let reader = try test.reader(of: [TopicPartition(topic, 0): .start, TopicPartition(topic, 1): .start])
            _ = try reader.records(5)
            for position in [90, 10, 50] {
                try reader.assign([TopicPartition(topic, 1): .offset(Int64(position))])
                #expect(try reader.texts(10) == (position..<position + 10).map { "b\($0)" })
            }
            try reader.assign([:])
            #expect(try reader.poll(recordsMax: 10, bytesMax: 1_000, waitMilliseconds: 20) == [])
        }
    }

    @Test(arguments: LogKind.allCases) func aPollIsLimitedInRecordsAndBytes(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic()
            let source = TopicPartition(topic, 0)
            try test.append((0..<20).map { _ in String(repeating: "x", count: 100) }, to: topic)
            let reader = try test.reader(of: [source: .start])
            var offsets: [Int64] = []
            func poll(recordsMax: Int, bytesMax: Int, atMost: Int) throws {
                try until("records come") {
                    let batches = try reader.poll(recordsMax: recordsMax, bytesMax: bytesMax, waitMilliseconds: 100)
                    let records = batches.flatMap(\.records)
                    #expect(records.count <= atMost)
                    offsets += records.map(\.offset)
                    return !records.isEmpty
                }
            }
            try poll(recordsMax: 3, bytesMax: 10_000, atMost: 3)
            try poll(recordsMax: 100, bytesMax: 250, atMost: 3)
            // One record always comes, however large.
            try poll(recordsMax: 100, bytesMax: 1, atMost: 1)
            offsets += try reader.records(20 - offsets.count)[source]?.map(\.offset) ?? []
            #expect(offsets == (0..<20).map(\.self))
        }
    }

    @Test(arguments: LogKind.allCases) func anOffsetThatIsNotThereIsAnErrorOfThatPartitionOnly(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic(partitions: 2)
            try test.append(["a", "b"], to: topic, partition: 0)
            try test.append(["c"], to: topic, partition: 1)
            let lost = TopicPartition(topic, 0)
            let reader = try test.reader(of: [lost: .offset(1_000), TopicPartition(topic, 1): .start])
            var errors: [RecordLogError] = []
            var texts: [String?] = []
            try until("both are told") {
                do throws(RecordLogError) {
                    let batches = try reader.poll(recordsMax: 10, bytesMax: 1_000, waitMilliseconds: 100)
                    texts += batches.flatMap(\.records).map(\.text)
                } catch {
                    errors.append(error)
                }
                return !errors.isEmpty && !texts.isEmpty
            }
            #expect(errors == [.offsetOutOfRange(lost)])
            #expect(texts == ["c"])
            try reader.assign([lost: .start])
            #expect(try reader.texts(2) == ["a", "b"])
        }
    }

    @Test(arguments: LogKind.allCases) func aTopicIsReadAsSoonAsItExists(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = test.prefix + "later"
            let reader = try test.reader(of: [TopicPartition(topic, 0): .start])
            #expect(try reader.poll(recordsMax: 10, bytesMax: 1_000, waitMilliseconds: 50) == [])
            // On a mock cluster the reader's question may have created it.
            _ = try test.log.ensureTopics([TopicSpecification(name: topic, settings: TopicSettings(partitions: 1))])
            try test.append(["a"], to: topic)
            #expect(try reader.texts(1) == ["a"])
        }
    }

    @Test(arguments: LogKind.allCases) func aWaitingPollCanBeWokenUp(_ kind: LogKind) throws {
        try kind.withLog { test in
            let reader = try test.reader(of: [TopicPartition(try test.topic(), 0): .start])
            let begin = ContinuousClock.now
            let waker = Thread {
                Thread.sleep(forTimeInterval: 0.05)
                reader.wakeUp()
            }
            waker.start()
            #expect(
                try reader.poll(recordsMax: 10, bytesMax: 1_000, waitMilliseconds: deadlineSeconds * 1_000) == [])
            #expect(ContinuousClock.now - begin < .seconds(deadlineSeconds))
        }
    }

    @Test(arguments: LogKind.allCases) func aClosedReaderSaysSo(_ kind: LogKind) throws {
        try kind.withLog { test in
            let reader = try test.reader(of: [TopicPartition(try test.topic(), 0): .start])
            reader.close()
            reader.close()
            #expect(throws: RecordLogError.closed) {
                try reader.poll(recordsMax: 1, bytesMax: 1, waitMilliseconds: 1)
            }
            #expect(throws: RecordLogError.closed) { try reader.assign([:]) }
        }
    }
}
