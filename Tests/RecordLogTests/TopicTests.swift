import RecordLog
import Testing

/// Topics and their settings, on every log.
@Suite struct TopicTests {
    @Test(arguments: LogKind.allCases) func createsAndListsTopics(_ kind: LogKind) throws {
        try kind.withLog { test in
            #expect(try test.log.topics(withPrefix: test.prefix) == [])
            let outcomes = try test.log.ensureTopics([
                TopicSpecification(name: test.prefix + "b", settings: TopicSettings(partitions: 3)),
                TopicSpecification(name: test.prefix + "a", settings: TopicSettings(partitions: 1)),
            ])
            #expect(outcomes == [.created, .created])
            #expect(
                try test.log.topics(withPrefix: test.prefix) == [
                    TopicDescription(name: test.prefix + "a", partitions: 1),
                    TopicDescription(name: test.prefix + "b", partitions: 3),
                ])
        }
    }

    @Test(arguments: LogKind.allCases) func anEqualTopicIsLeftAlone(_ kind: LogKind) throws {
        try kind.withLog { test in
            let settings = TopicSettings(
                partitions: 2, replicationFactor: 1, cleanupPolicy: .compact, retentionMilliseconds: 86_400_000,
                maxMessageBytes: 4 << 20)
            let topic = TopicSpecification(name: test.prefix + "topic", settings: settings)
            #expect(try test.log.ensureTopics([topic]) == [.created])
            let again = try test.log.ensureTopics([topic])
            #expect(
                again == [kind.tellsSettings ? .existed : .existedUnchecked(reason: "a mock cluster has no settings")])
        }
    }

    @Test(arguments: LogKind.allCases) func otherSettingsAreNamedAndLeftAsTheyAre(_ kind: LogKind) throws {
        try kind.withLog { test in
            let name = try test.topic(partitions: 2)
            let wanted = TopicSettings(
                partitions: 5, cleanupPolicy: .compact, retentionMilliseconds: 60_000,
                others: ["min.compaction.lag.ms": "1000"])
            for _ in 0..<2 {
                let outcomes = try test.log.ensureTopics([TopicSpecification(name: name, settings: wanted)])
                guard case .existedWithOtherSettings(let differences) = outcomes.first else {
                    Issue.record("\(outcomes)")
                    return
                }
                let named = differences.map(\.name)
                let all = ["partitions", "cleanup.policy", "min.compaction.lag.ms", "retention.ms"]
                #expect(named == (kind.tellsSettings ? all : ["partitions"]))
                #expect(differences.first?.description == "partitions is 2, wanted 5")
            }
        }
    }

    @Test(arguments: LogKind.allCases) func oneBadTopicDoesNotStopTheOthers(_ kind: LogKind) throws {
        try kind.withLog { test in
            let settings = TopicSettings(partitions: 1)
            let tooLong = String(repeating: "x", count: TopicSpecification.nameBytesMax + 1)
            let outcomes = try test.log.ensureTopics([
                TopicSpecification(name: "no/slashes", settings: settings),
                TopicSpecification(name: test.prefix + "good", settings: settings),
                TopicSpecification(name: tooLong, settings: settings),
            ])
            #expect(
                outcomes == [
                    .failed(.invalidTopicName("no/slashes")), .created, .failed(.invalidTopicName(tooLong)),
                ])
        }
    }

    @Test(arguments: LogKind.allCases) func offsetsCountTheRecords(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic(partitions: 2)
            let partitions = [TopicPartition(topic, 1), TopicPartition(topic, 0)]
            #expect(
                try test.log.offsets(of: partitions) == [OffsetRange(start: 0, end: 0), OffsetRange(start: 0, end: 0)])
            try test.append(["a", "b", "c"], to: topic, partition: 1)
            #expect(
                try test.log.offsets(of: partitions) == [OffsetRange(start: 0, end: 3), OffsetRange(start: 0, end: 0)])
            #expect(try test.log.offsets(of: []) == [])
        }
    }

    @Test(arguments: LogKind.allCases) func aMissingPartitionHasNoOffsets(_ kind: LogKind) throws {
        try kind.withLog { test in
            let missing = TopicPartition(try test.topic(), 7)
            #expect(throws: RecordLogError.unknownPartition(missing)) { try test.log.offsets(of: [missing]) }
        }
    }

    @Test(
        "names that Kafka accepts",
        arguments: [
            ("tributary.us-east-1.Orders_2.changes", true), (String(repeating: "a", count: 249), true), ("", false),
            (".", false), ("..", false), ("a b", false), ("é", false), (String(repeating: "a", count: 250), false),
        ])
    func validNames(name: String, isValid: Bool) {
        #expect(TopicSpecification.isValidName(name) == isValid)
    }
}
