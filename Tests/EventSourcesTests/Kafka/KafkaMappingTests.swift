import Bytes
import ChangeStream
import EventSource
import EventSources
import Foundation
import Functions
import RecordLog
import Replication
import Synchronization
import Testing

/// A mapping as a member of its consumer group.
@Suite struct KafkaMappingTests {
    @Test func recordsComeInOrderPerKeyAndOffsetsAreCommitted() async throws {
        try await withKafkaWorld(partitions: 3) { world in
            try world.publish((1...300).map { (key: "k\($0 % 7)", n: $0) })
            let settings = MappingSettings(batchSize: 10, parallelizationFactor: 2)
            let host = world.startHost(try world.mapping(settings: settings))
            try await world.waitUntilCommitted()
            let records = world.functions.calls().flatMap(\.records)
            #expect(records.map(\.n).sorted() == Array(1...300))
            for key in Set(records.map(\.key)) {
                let numbers = records.filter { $0.key == key }.map(\.n)
                #expect(numbers == numbers.sorted(), "\(key)")
            }
            try await eventually("nothing lags") { host.status(of: "m")?.backlog == 0 }
            #expect(host.status(of: "m")?.state == .enabled)
            #expect(host.status(of: "m")?.recordsCount == 300)
        }
    }

    @Test func filtersSeeWhereAWriteWasMade() async throws {
        try await withKafkaWorld { world in
            let pattern = #"{"tributary":{"replicated":[false]}}"#
            try world.publish([("a", 1)])
            try world.publish([("a", 2)], from: RegionName(stored: "eu-west-1"))
            try world.publish([("b", 3)])
            _ = world.startHost(try world.mapping(filters: [pattern]))
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers() == [1, 3])
        }
    }

    @Test func aTableWithoutAStreamHasNoRecordsForHandlers() async throws {
        let world = try KafkaWorld(hasStream: false)
        defer { world.stop() }
        try world.publish(1...5)
        _ = world.startHost(try world.mapping())
        try await world.waitUntilCommitted()
        #expect(world.functions.calls().isEmpty)
    }

    @Test func latestBeginsBehindWhatIsThereAndStaysThere() async throws {
        try await withKafkaWorld(partitions: 2) { world in
            try world.publish(1...10)
            let mapping = try world.mapping(settings: MappingSettings(startingPosition: .latest))
            let host = world.startHost(mapping)
            try await world.waitUntilCommitted()
            host.stop()
            // Written while nobody is there: the group has its place.
            try world.publish(11...15)
            _ = world.startHost(mapping)
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers().sorted() == Array(11...15))
        }
    }

    @Test func aTopicThatComesLaterIsReadFromItsStart() async throws {
        try await withKafkaWorld { world in
            var mapping = try world.mapping(settings: MappingSettings(startingPosition: .latest))
            mapping.tableName = "Late"
            let host = world.startHost(mapping)
            try await eventually("the mapping misses its topic") { host.status(of: "m")?.problem != nil }
            let topic = "t.us-east-1.Late.changes"
            _ = try world.log.ensureTopics([TopicSpecification(name: topic, settings: TopicSettings(partitions: 1))])
            try await eventually("the mapping has the topic") { host.status(of: "m")?.membership?.lag == [0: 0] }
        }
    }

    @Test func foreignAndNullMessagesAreSkipped() async throws {
        try await withKafkaWorld { world in
            try world.publish(1...1)
            try world.append(LogMessage(partition: 0, key: Array("k".utf8), value: nil, timestampMilliseconds: 1))
            try world.append(
                LogMessage(partition: 0, key: nil, value: Array("hello".utf8), timestampMilliseconds: 1))
            try world.publish(2...2)
            _ = world.startHost(try world.mapping())
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers() == [1, 2])
        }
    }

    @Test func aPoisonRecordHoldsUpItsLaneAndTheCommitAlone() async throws {
        try await withKafkaWorld { world in
            world.functions.set { $0.numbers.contains(5) ? TestFunctions.failure : TestFunctions.success }
            try world.publish(1...40)
            let settings = MappingSettings(batchSize: 1, parallelizationFactor: 10)
            _ = world.startHost(try world.mapping(settings: settings))
            // All but those of its lane, which come after it.
            try await eventually("other lanes go on") { Set(world.functions.numbers()).count >= 30 }
            #expect(try (world.committed()[0] ?? 0) <= 4, "record 5 is at offset 4")
            world.functions.set { _ in TestFunctions.success }
            try await world.waitUntilCommitted()
            #expect(Set(world.functions.numbers()) == Set(1...40))
        }
    }

    @Test func givenUpRecordsGoToTheDestinationAndAreCommitted() async throws {
        try await withKafkaWorld { world in
            let path = "/tmp/kafka-mapping-\(UUID().uuidString).jsonl"
            defer { try? FileManager.default.removeItem(atPath: path) }
            world.functions.set { $0.numbers.contains(3) ? TestFunctions.failure : TestFunctions.success }
            try world.publish(1...5)
            let settings = MappingSettings(batchSize: 5, retryAttemptsMax: 0, bisectsBatchOnError: true)
            _ = world.startHost(try world.mapping(settings: settings, onFailure: path))
            try await world.waitUntilCommitted()
            let line = try String(contentsOfFile: path, encoding: .utf8)
            #expect(line.contains(#""shardId":"t.us-east-1.T.changes-0""#))
            #expect(line.contains(#""startSequenceNumber":"\#(SequenceNumber.text(of: 3))""#))
            #expect(line.contains("\"batchSize\":1"))
            #expect(line.contains(#"\"N\":\"3\""#))
        }
    }

    @Test func partialFailuresNameStreamSequenceNumbers() async throws {
        try await withKafkaWorld { world in
            // Sequence numbers and offsets must differ by more than one.
            try world.append(LogMessage(partition: 0, key: nil, value: nil, timestampMilliseconds: 1))
            try world.append(LogMessage(partition: 0, key: nil, value: nil, timestampMilliseconds: 1))
            try world.publish(1...4)
            let first = Mutex(true)
            world.functions.set { call in
                let isFirst = first.withLock { first in
                    defer { first = false }
                    return first
                }
                guard isFirst else { return TestFunctions.success }
                let answer =
                    #"{"batchItemFailures":[{"itemIdentifier":"\#(call.records.first { $0.n == 3 }?.sequenceNumber ?? "")"}]}"#
                return .success(payload: Array(answer.utf8), logTail: [])
            }
            _ = world.startHost(try world.mapping(settings: MappingSettings(reportsBatchItemFailures: true)))
            try await world.waitUntilCommitted()
            #expect(world.functions.calls().map(\.numbers) == [[1, 2, 3, 4], [3, 4]])
        }
    }

    @Test func aDisabledMappingKeepsItsPlace() async throws {
        try await withKafkaWorld { world in
            var mapping = try world.mapping()
            let host = world.startHost(mapping)
            try world.publish(1...3)
            try await world.waitUntilCommitted()
            mapping.isEnabled = false
            host.put(mapping)
            try await eventually("the mapping is disabled") { host.status(of: "m")?.state == .disabled }
            try world.publish(4...6)
            mapping.isEnabled = true
            host.put(mapping)
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers() == Array(1...6))
        }
    }

    @Test func messagesThatRetentionTookAreSkipped() async throws {
        try await withKafkaWorld { world in
            let mapping = try world.mapping()
            let host = world.startHost(mapping)
            try world.publish(1...3)
            try await world.waitUntilCommitted()
            host.stop()
            try world.publish(4...9)
            try world.log.removeRecords(before: 6, in: TopicPartition(KafkaWorld.topic, 0))
            _ = world.startHost(mapping)
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers() == [1, 2, 3, 7, 8, 9])
        }
    }

    @Test func anUnreachableLogIsWaitedFor() async throws {
        try await withKafkaWorld { world in
            world.log.setReachable(false)
            _ = world.startHost(try world.mapping())
            try await Task.sleep(for: .milliseconds(20))
            world.log.setReachable(true)
            try world.publish(1...3)
            try await world.waitUntilCommitted()
            world.log.setReachable(false)
            world.log.setReachable(true)
            try world.publish(4...6)
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers() == Array(1...6))
        }
    }
}
