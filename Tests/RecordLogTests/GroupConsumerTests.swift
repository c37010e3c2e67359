import RecordLog
import Testing

/// Members of consumer groups on every log. A group takes seconds to form, so that these run side by side.
@Suite struct GroupConsumerTests {
    @Test(arguments: LogKind.allCases) func theNextMemberGoesOnWhereTheGroupCommitted(_ kind: LogKind) async throws {
        try await kind.withLogOnThread { test in
            let topic = try test.topic()
            let source = TopicPartition(topic, 0)
            try test.append(["a", "b", "c"], to: topic)
            #expect(try test.log.committedOffsets(ofGroup: test.prefix + "group", in: [source]) == [nil])
            var first = TestMember(try test.member(of: "group", [topic]))
            var other = TestMember(try test.member(of: "other", [topic]))
            try first.read(3)
            #expect(first.texts == ["a", "b", "c"])
            #expect(first.assigned == [source])
            try first.member.commit([source: 2])
            first.member.close()
            #expect(try test.log.committedOffsets(ofGroup: test.prefix + "group", in: [source]) == [2])

            var second = TestMember(try test.member(of: "group", [topic]))
            try second.read(1)
            #expect(second.texts == ["c"])
            try other.read(3)
            #expect(other.texts == ["a", "b", "c"])
        }
    }

    @Test(arguments: LogKind.allCases) func membersShareThePartitionsAndLoseNothing(_ kind: LogKind) async throws {
        try await kind.withLogOnThread { test in
            let topic = try test.topic(partitions: 2)
            try test.append(["a0", "a1"], to: topic, partition: 0)
            try test.append(["b0", "b1"], to: topic, partition: 1)
            var first = TestMember(try test.member(of: "group", [topic]))
            try first.read(4)
            var second = TestMember(try test.member(of: "group", [topic]))
            try until("each has a partition") {
                try first.poll()
                try second.poll()
                return first.assigned.count == 1 && second.assigned.count == 1
            }
            #expect(first.assigned.isDisjoint(with: second.assigned))
            try test.append(["a2"], to: topic, partition: 0)
            try test.append(["b2"], to: topic, partition: 1)
            try until("all is read") {
                try first.poll()
                try second.poll()
                return Set(first.texts + second.texts).isSuperset(of: ["a2", "b2"])
            }
            // What was committed before `revoked` was answered does not come again, except from a mock cluster, which accepts no commit then.
            if kind != .mockKafka {
                let texts = (first.texts + second.texts).compactMap(\.self).sorted()
                #expect(texts == ["a0", "a1", "a2", "b0", "b1", "b2"])
            }

            first.member.close()
            try until("the second has all") {
                try second.poll()
                return second.assigned.count == 2
            }
        }
    }

    @Test(arguments: LogKind.allCases) func aMemberMayBeginElsewhere(_ kind: LogKind) async throws {
        try await kind.withLogOnThread { test in
            let topic = try test.topic()
            let source = TopicPartition(topic, 0)
            try test.append(["a", "b", "c", "d"], to: topic)
            let member = try test.member(of: "group", [topic])
            try until("it has its partition") {
                try member.poll(recordsMax: 10, bytesMax: 1_000, waitMilliseconds: 100) == .assigned([source])
            }
            try member.seek([source: .offset(2)])
            var reading = TestMember(member)
            try reading.read(2)
            #expect(reading.texts == ["c", "d"])
            try member.seek([source: .offset(1)])
            reading.texts = []
            try reading.read(3)
            #expect(reading.texts == ["b", "c", "d"])
        }
    }

    @Test(arguments: LogKind.allCases) func aPausedPartitionWaitsAndLosesNothing(_ kind: LogKind) async throws {
        try await kind.withLogOnThread { test in
            let topic = try test.topic(partitions: 2)
            let paused = TopicPartition(topic, 0)
            try test.append((0..<50).map { "a\($0)" }, to: topic, partition: 0)
            let member = try test.member(of: "group", [topic])
            var reading = TestMember(member)
            // All fifty are fetched, and these are given.
            reading.recordsMax = 10
            try reading.read(10)
            try member.pause([paused, TopicPartition(topic, 99)])
            try test.append(["b"], to: topic, partition: 1)
            try until("the other partition is read") {
                try reading.poll()
                return reading.texts.count > 10
            }
            try test.append(["a50"], to: topic, partition: 0)
            for _ in 0..<5 { try reading.poll() }
            #expect(reading.texts == (0..<10).map { "a\($0)" } + ["b"])
            try member.resume([paused])
            try reading.read(52)
            #expect(reading.texts.filter { $0 != "b" } == (0...50).map { "a\($0)" })
        }
    }

    @Test(arguments: LogKind.allCases) func aNewGroupMayBeginAtTheEnd(_ kind: LogKind) async throws {
        try await kind.withLogOnThread { test in
            let topic = try test.topic()
            try test.append(["old"], to: topic)
            var member = TestMember(try test.member(of: "group", [topic]) { $0.startsAtEnd = true })
            // The end is looked up some time after the assignment, so go on appending until something comes.
            var count = 0
            try until("a new record is read") {
                try test.append(["new \(count)"], to: topic)
                count += 1
                try member.poll()
                return !member.texts.isEmpty
            }
            #expect(!member.texts.contains("old"))
        }
    }

    @Test(arguments: LogKind.allCases) func aClosedMemberSaysSo(_ kind: LogKind) async throws {
        try await kind.withLogOnThread { test in
            let member = try test.member(of: "group", [try test.topic()])
            member.close()
            member.close()
            #expect(throws: RecordLogError.closed) {
                try member.poll(recordsMax: 1, bytesMax: 1, waitMilliseconds: 1)
            }
        }
    }
}

/// A member that does what it must: it commits what it has read before it gives partitions away.
struct TestMember {
    let member: any GroupConsumer
    var texts: [String?] = []
    var assigned: Set<TopicPartition> = []
    var recordsMax = 100
    private var positions: [TopicPartition: Int64] = [:]

    init(_ member: any GroupConsumer) {
        self.member = member
    }

    mutating func poll() throws {
        switch try member.poll(recordsMax: recordsMax, bytesMax: 1 << 20, waitMilliseconds: 50) {
        case .idle: break
        case .records(let batches):
            for batch in batches {
                texts += batch.records.map(\.text)
                positions[batch.source] = batch.records.last.map { $0.offset + 1 }
            }
        case .assigned(let partitions): assigned.formUnion(partitions)
        case .revoked(let partitions):
            let finished = positions.filter { partitions.contains($0.key) }
            assigned.subtract(partitions)
            do throws(RecordLogError) {
                if !finished.isEmpty { try member.commit(finished) }
            } catch {
                guard error.isRetriable else { throw error }
            }
        case .lost(let partitions): assigned.subtract(partitions)
        }
    }

    mutating func read(_ count: Int) throws {
        try until("\(count) records are read") {
            try poll()
            return texts.count >= count
        }
    }
}
