import RecordLog
import Testing

/// Producers on every log.
@Suite struct ProducerTests {
    @Test(arguments: LogKind.allCases) func aMessageComesBackAsItWas(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic(partitions: 3)
            var headers = LogHeaders([("ce_type", "insert"), ("twice", "1"), ("twice", "2"), ("empty", "")])
            headers.append("bytes", [0, 255, 128])
            let message = LogMessage(
                partition: 2, key: [1, 0, 2], value: [0, 10, 255], headers: headers,
                timestampMilliseconds: 1_600_000_000_123, token: 77)
            let producer = try test.producer()
            try producer.append([message], to: topic)
            try producer.flush()
            #expect(producer.deliveries == [Delivery(token: 77, partition: 2, outcome: .delivered(offset: 0))])

            let source = TopicPartition(topic, 2)
            let record = try test.reader(of: [source: .start]).records(1)[source]?.first
            #expect(record?.offset == 0)
            #expect(record?.key == message.key)
            #expect(record?.value == message.value)
            #expect(record?.timestampMilliseconds == 1_600_000_000_123)
            #expect(record?.headers == headers)
            #expect(record?.headers["twice"] == Array("2".utf8))
            #expect(record?.headers["none"] == nil)
        }
    }

    @Test(arguments: LogKind.allCases) func nothingIsNotTheSameAsEmpty(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic()
            let producer = try test.producer()
            let messages = [
                LogMessage(key: "k", value: nil), LogMessage(key: nil, value: "v"), LogMessage(key: "", value: ""),
                LogMessage(key: nil, value: nil),
            ]
            try producer.append(messages, to: topic)
            try producer.flush()
            let source = TopicPartition(topic, 0)
            let records = try test.reader(of: [source: .start]).records(4)[source] ?? []
            #expect(records.map(\.key) == messages.map(\.key))
            #expect(records.map(\.value) == messages.map(\.value))
            #expect(records.allSatisfy { $0.headers.count == 0 })
        }
    }

    @Test(arguments: LogKind.allCases) func orderHoldsPerPartitionAndEveryMessageIsReportedOnce(_ kind: LogKind) throws
    {
        try kind.withLog { test in
            let count = 3_000
            let topic = try test.topic(partitions: 3)
            let producer = try test.producer { $0.queueMessagesMax = 500 }
            let messages = (0..<count).map {
                LogMessage(partition: Int32($0 % 3), value: String($0), token: UInt64($0))
            }
            try producer.append(messages, to: topic)
            try producer.flush()
            #expect(producer.producer.pendingCount == 0)
            #expect(producer.deliveries.map(\.token).sorted() == (0..<UInt64(count)).map(\.self))
            for delivery in producer.deliveries {
                #expect(delivery.outcome == .delivered(offset: Int64(delivery.token / 3)))
            }
            let partitions = (0..<3).map { TopicPartition(topic, $0) }
            let reader = try test.reader(of: Dictionary(uniqueKeysWithValues: partitions.map { ($0, .start) }))
            let records = try reader.records(count)
            for partition in partitions {
                let expected = stride(from: Int(partition.partition), to: count, by: 3).map { String($0) }
                #expect(records[partition]?.map(\.text) == expected)
                #expect(records[partition]?.map(\.offset) == (0..<Int64(count / 3)).map(\.self))
            }
        }
    }

    @Test(arguments: LogKind.allCases) func whatIsWrongWithOneMessageDoesNotStopTheOthers(_ kind: LogKind) throws {
        try kind.withLog { test in
            let topic = try test.topic()
            let producer = try test.producer { $0.messageBytesMax = 2_000 }
            let messages = [
                LogMessage(value: "before", token: 1),
                LogMessage(value: String(repeating: "x", count: 2_001), token: 2),
                LogMessage(partition: 9, value: "nowhere", token: 3),
                LogMessage(value: "after", token: 4),
            ]
            try producer.append(messages, to: topic)
            try producer.flush()
            #expect(producer.outcome(of: 1) == .delivered(offset: 0))
            #expect(
                producer.outcome(of: 2) == .failed(.messageTooLarge(reason: "2001 bytes, at most 2000 are allowed")))
            #expect(producer.outcome(of: 3) == .failed(.unknownPartition(TopicPartition(topic, 9))))
            #expect(producer.outcome(of: 4) == .delivered(offset: 1))
            #expect(producer.producer.failure == nil)
        }
    }

    @Test(arguments: LogKind.allCases) func theQueueIsBounded(_ kind: LogKind) throws {
        try kind.withLog { test in
            guard let setReachable = test.setReachable else { return }
            let topic = try test.topic()
            let producer = try test.producer { $0.queueMessagesMax = 10 }
            try producer.append([LogMessage(value: "first")], to: topic)
            try producer.flush()

            try setReachable(false)
            let messages = (0..<25).map { LogMessage(value: String($0), token: UInt64($0)) }
            #expect(try producer.producer.append(messages, to: topic) == 10)
            #expect(try producer.producer.append(messages[10...], to: topic) == 0)
            #expect(!producer.producer.hasRoom)
            #expect(producer.producer.pendingCount == 10)
            try until("the producer notices") { producer.producer.trouble != nil }
            #expect(producer.producer.failure == nil)
            #expect { try producer.producer.flush(timeoutMilliseconds: 1) } throws: { error in
                error as? RecordLogError == .timedOut(reason: "10 messages are not delivered yet")
            }

            try setReachable(true)
            try producer.append(Array(messages[10...]), to: topic)
            try producer.flush()
            #expect(producer.producer.trouble == nil)
            #expect(producer.producer.hasRoom)
            let values = try test.reader(of: [TopicPartition(topic, 0): .start]).texts(26)
            #expect(values == ["first"] + messages.map { $0.value.map { String(decoding: $0, as: UTF8.self) } })
        }
    }

    @Test(arguments: LogKind.allCases) func theQueueIsBoundedInBytesToo(_ kind: LogKind) throws {
        try kind.withLog { test in
            guard let setReachable = test.setReachable else { return }
            let topic = try test.topic()
            let producer = try test.producer { $0.queueBytesMax = 1_000 }
            try setReachable(false)
            let messages = (0..<10).map { _ in LogMessage(value: String(repeating: "x", count: 400)) }
            #expect(try producer.producer.append(messages, to: topic) == 3)
            #expect(!producer.producer.hasRoom)
            try setReachable(true)
            try producer.flush()
            #expect(producer.producer.hasRoom)
        }
    }

    @Test(arguments: LogKind.allCases) func closingFailsWhatIsQueued(_ kind: LogKind) throws {
        try kind.withLog { test in
            guard let setReachable = test.setReachable else { return }
            let topic = try test.topic()
            let producer = try test.producer()
            try setReachable(false)
            try producer.append([LogMessage(value: "a", token: 1), LogMessage(value: "b", token: 2)], to: topic)
            producer.producer.close()
            #expect(producer.outcome(of: 1) == .failed(.closed))
            #expect(producer.outcome(of: 2) == .failed(.closed))
            #expect(throws: RecordLogError.closed) {
                try producer.producer.append([LogMessage(value: "c")], to: topic)
            }
            producer.producer.close()
            #expect(producer.deliveries.count == 2)
        }
    }

    @Test(arguments: LogKind.allCases) func aTopicNameThatCannotBeIsAnError(_ kind: LogKind) throws {
        try kind.withLog { test in
            let producer = try test.producer()
            #expect(throws: RecordLogError.invalidTopicName("no topic")) {
                try producer.producer.append([LogMessage(value: "a")], to: "no topic")
            }
        }
    }
}
