import KafkaLog
import RecordLog
import Testing

/// What goes wrong with brokers and networks, made on a mock cluster. Nothing may be lost, doubled or re-ordered by any of it.
@Suite struct KafkaFaultTests {
    @Test func aBrokerThatGoesAndComesLosesNothing() async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            let reader = try test.reader(of: [TopicPartition(topic, 0): .start])
            let producer = try test.producer()
            var texts: [String?] = []
            func poll() throws {
                let batches = try reader.poll(recordsMax: 100, bytesMax: 1 << 20, waitMilliseconds: 20)
                texts += batches.flatMap(\.records).map(\.text)
            }
            for round in 0..<3 {
                try producer.append((0..<50).map { LogMessage(value: "\(round) up \($0)") }, to: topic)
                try cluster.setBroker(down: 1)
                try producer.append((0..<50).map { LogMessage(value: "\(round) down \($0)") }, to: topic)
                try until("both notice") {
                    try poll()
                    return producer.producer.trouble != nil && reader.trouble != nil
                }
                try cluster.setBroker(up: 1)
                try producer.flush()
                #expect(producer.producer.trouble == nil)
                try until("all is read") {
                    try poll()
                    return texts.count == 100
                }
                let expected = ["up", "down"].flatMap { state in (0..<50).map { "\(round) \(state) \($0)" } }
                #expect(texts == expected)
                #expect(reader.trouble == nil)
                texts = []
            }
            #expect(producer.deliveries.map(\.outcome) == (0..<300).map { .delivered(offset: $0) })
        }
    }

    @Test func aReaderThatHasNothingToReadNoticesThatTheBrokerIsBack() async throws {
        try await withMockCluster { cluster, test in
            let reader = try test.reader(of: [TopicPartition(try test.topic(), 0): .start])
            func idle() throws { _ = try reader.poll(recordsMax: 10, bytesMax: 1_000, waitMilliseconds: 20) }
            try cluster.setBroker(down: 1)
            try until("it notices that it is gone") {
                try idle()
                return reader.trouble != nil
            }
            try cluster.setBroker(up: 1)
            try until("it notices that it is back") {
                try idle()
                return reader.trouble == nil
            }
        }
    }

    @Test func anUnreachableClusterIsAnErrorOfEveryQuestion() async throws {
        try await withMockCluster { cluster, test in
            let partition = TopicPartition(try test.topic(), 0)
            // Impatient with the broker that is away; a busy machine may take that long for one that is there.
            let log = try KafkaLog(cluster, requestTimeoutMilliseconds: 500, logger: quiet)
            try cluster.setBroker(down: 1)
            func expectUnavailable(_ question: () throws(RecordLogError) -> Void) {
                do throws(RecordLogError) {
                    try question()
                    Issue.record("no error")
                } catch {
                    #expect(error.isRetriable, "\(error)")
                }
            }
            expectUnavailable { () throws(RecordLogError) in _ = try log.topics(withPrefix: "") }
            expectUnavailable { () throws(RecordLogError) in _ = try log.offsets(of: [partition]) }
            try cluster.setBroker(up: 1)
            try until("it answers again") {
                (try? log.offsets(of: [partition])) == [OffsetRange(start: 0, end: 0)]
            }
        }
    }

    @Test func aSlowNetworkDelaysAndNothingElse() async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            let producer = try test.producer()
            try producer.append([LogMessage(value: "quick")], to: topic)
            try producer.flush()
            try cluster.setRoundTrip(milliseconds: 100, ofBroker: 1)
            let begin = ContinuousClock.now
            try producer.append((0..<20).map { LogMessage(value: "\($0)") }, to: topic)
            try producer.flush()
            #expect(ContinuousClock.now - begin > .milliseconds(90))
            let texts = try test.reader(of: [TopicPartition(topic, 0): .offset(1)]).texts(20)
            #expect(texts == (0..<20).map { "\($0)" })
        }
    }

    @Test(
        "a failing request is repeated",
        arguments: [
            (MockKafkaRequest.produce, [MockKafkaError.notLeader, .notEnoughReplicas, .requestTimedOut]),
            (.produce, [.disconnect, .disconnect]),
            (.fetch, [.notLeader, .disconnect]),
            (.metadata, [.disconnect]),
            (.listOffsets, [.notLeader]),
            (.initProducerID, [.coordinatorNotAvailable]),
        ])
    func failingRequests(kind: MockKafkaRequest, errors: [MockKafkaError]) async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            cluster.inject(errors, into: kind)
            let reader = try test.reader(of: [TopicPartition(topic, 0): .start])
            let producer = try test.producer()
            let values = (0..<30).map { "\($0)" }
            for value in values { try producer.append([LogMessage(value: value)], to: topic) }
            try producer.flush()
            #expect(producer.deliveries.map(\.outcome) == (0..<30).map { .delivered(offset: $0) })
            #expect(try reader.texts(30) == values)
        }
    }

    @Test(
        "a failing request of a group is repeated",
        arguments: [
            (MockKafkaRequest.findCoordinator, [MockKafkaError.coordinatorNotAvailable]),
            (.joinGroup, [.coordinatorNotAvailable]), (.syncGroup, [.disconnect]), (.offsetFetch, [.disconnect]),
            (.heartbeat, [.disconnect]),
        ])
    func failingGroupRequests(kind: MockKafkaRequest, errors: [MockKafkaError]) async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            try test.append(["a", "b"], to: topic)
            cluster.inject(errors, into: kind)
            var member = TestMember(try test.member(of: "group", [topic]) { $0.sessionTimeoutMilliseconds = 6_000 })
            try member.read(2)
            try member.member.commit([TopicPartition(topic, 0): 2])
            #expect(Set(member.texts) == ["a", "b"])
        }
    }

    @Test func aCommitThatFailsSaysSoAndCanBeRepeated() async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            let source = TopicPartition(topic, 0)
            try test.append(["a"], to: topic)
            var member = TestMember(try test.member(of: "group", [topic]))
            try member.read(1)
            cluster.inject([.topicNotAllowed], into: .offsetCommit)
            #expect(throws: RecordLogError.self) { try member.member.commit([source: 1]) }
            try member.member.commit([source: 1])
            #expect(try test.log.committedOffsets(ofGroup: test.prefix + "group", in: [source]) == [1])
        }
    }

    @Test func afterAFatalErrorANewProducerGoesOn() async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            let producer = try test.producer()
            try producer.append([LogMessage(value: "first")], to: topic)
            try producer.flush()
            cluster.inject([.outOfOrderSequence], into: .produce)
            try producer.append([LogMessage(value: "unlucky", token: 1)], to: topic)
            try producer.flush()
            try until("it has failed") { producer.producer.failure != nil }
            #expect(producer.producer.failure?.needsNewProducer == true)
            guard case .failed(let error) = producer.outcome(of: 1) else {
                Issue.record("delivered")
                return
            }
            #expect(error.needsNewProducer)
            #expect(throws: RecordLogError.self) {
                try producer.producer.append([LogMessage(value: "never")], to: topic)
            }
            producer.producer.close()

            let next = try test.producer()
            try next.append([LogMessage(value: "second")], to: topic)
            try next.flush()
            #expect(try test.reader(of: [TopicPartition(topic, 0): .start]).texts(2) == ["first", "second"])
        }
    }

    @Test func aBrokerMayRefuseALargeMessage() async throws {
        try await withMockCluster { cluster, test in
            let topic = try test.topic()
            let producer = try test.producer()
            cluster.inject([.messageTooLarge], into: .produce)
            try producer.append([LogMessage(value: "large", token: 1)], to: topic)
            try producer.flush()
            guard case .failed(.messageTooLarge) = producer.outcome(of: 1) else {
                Issue.record("\(producer.deliveries)")
                return
            }
            try producer.append([LogMessage(value: "small", token: 2)], to: topic)
            try producer.flush()
            #expect(producer.outcome(of: 2) == .delivered(offset: 0))
        }
    }

    @Test func aPartitionMayMoveToAnotherBroker() async throws {
        try await withMockCluster(brokers: 3) { cluster, test in
            let topic = try test.topic()
            let partition = TopicPartition(topic, 0)
            let reader = try test.reader(of: [partition: .start])
            let producer = try test.producer()
            for broker in Int32(1)...3 {
                try cluster.setLeader(of: partition, toBroker: broker)
                try producer.append([LogMessage(value: "at \(broker)")], to: topic)
                try producer.flush()
                #expect(try reader.texts(1) == ["at \(broker)"])
            }
        }
    }

    @Test func anotherProcessFindsTopicsThatTheMockClusterMakesForIt() async throws {
        try await withMockCluster { cluster, test in
            // Without the cluster's owner, as in another process.
            let log = try KafkaLog(KafkaProperties(bootstrapServers: cluster.bootstrapServers), logger: quiet)
            func outcome(_ name: String, partitions: Int32) throws -> [TopicOutcome] {
                try log.ensureTopics([
                    TopicSpecification(name: test.prefix + name, settings: TopicSettings(partitions: partitions))
                ])
            }
            let unchecked = TopicOutcome.existedUnchecked(reason: "a mock cluster has no settings")
            #expect(try outcome("a", partitions: MockKafkaCluster.autoCreatedPartitions) == [unchecked])
            let difference = SettingDifference(name: "partitions", wanted: "7", found: "4")
            #expect(try outcome("b", partitions: 7) == [.existedWithOtherSettings([difference])])
            #expect(try outcome("no/name", partitions: 7) == [.failed(.invalidTopicName(test.prefix + "no/name"))])
        }
    }

    @Test func aServerThatIsNotThereStopsNothing() throws {
        // Nobody listens on port 1.
        let log = try KafkaLog(KafkaProperties(bootstrapServers: "127.0.0.1:1"), logger: quiet)
        let producer = try TestProducer(log: log, settings: ProducerSettings())
        try producer.append([LogMessage(value: "a", token: 1)], to: "topic")
        try until("it notices") { producer.producer.trouble != nil }
        #expect(producer.producer.failure == nil)
        producer.producer.close()
        #expect(producer.outcome(of: 1) == .failed(.closed))
    }
}

/// Runs a scenario on a mock cluster of its own, on a thread of its own.
private func withMockCluster(
    brokers: Int = 1, _ scenario: @escaping @Sendable (MockKafkaCluster, LogUnderTest) throws -> Void
) async throws {
    try await onThread {
        let cluster = try MockKafkaCluster(brokers: brokers)
        let log = try KafkaLog(cluster, logger: quiet)
        try scenario(cluster, LogUnderTest(log: log, prefix: "test.", setReachable: nil))
    }
}
