import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import HandlerKit
import Partition
import RecordLog
import Replay
import Replication
import Testing

/// A topic's messages become the log again that they were published from.
@Suite struct TopicLogTests {
    @Test(
        "the records of all partitions come back in the log's order, in every format", arguments: RecordFormat.allCases)
    func order(format: RecordFormat) throws {
        let topic = try PublishedTopic(format: format)
        for number in 1...60 { topic.put(["a", "b", "c"][number % 3], number, at: UInt64(number)) }
        let reading = try topic.read()
        #expect(reading.notes == [])
        #expect(reading.recording.changes.map(\.sequenceNumber) == (1...60).map { SequenceNumber.text(of: $0) })
        #expect(
            try ReplayedTable(reading.recording).lines()
                == [58, 59, 60].map {
                    #"{"Item":{"id":{"S":"\#(["a", "b", "c"][$0 % 3])"},"n":{"N":"\#($0)"}}}"#
                }.sorted())
    }

    @Test("a part can be chosen by sequence number and by time")
    func parts() throws {
        let topic = try PublishedTopic()
        for number in 1...20 { topic.put("k\(number)", number, at: UInt64(number)) }
        func numbers(_ from: ReplayMoment?, _ until: ReplayMoment?) throws -> [String] {
            let reading = try topic.read(ReplayRange(from: from, until: until))
            #expect(reading.notes == [])
            return reading.recording.changes.map(\.sequenceNumber)
        }
        let texts = (0...20).map { SequenceNumber.text(of: $0) }
        #expect(try numbers(.sequence(texts[5]), .sequence(texts[7])) == Array(texts[5...7]))
        #expect(try numbers(.time(PublishedTopic.time(18)), nil) == Array(texts[18...20]))
        #expect(try numbers(nil, .time(PublishedTopic.time(2))) == Array(texts[1...2]))
        #expect(try numbers(.sequence(SequenceNumber.text(of: 21)), nil) == [])
    }

    @Test("handlers get what the table's stream shows, a table all there is")
    func images() throws {
        let topic = try PublishedTopic(view: .keysOnly)
        topic.put("a", 1, at: 1)
        let shown = try #require(try topic.read(showsAllImages: false).recording.changes.first)
        #expect(shown.viewType == .keysOnly)
        #expect(shown.newImage == nil)
        #expect(shown.streamARN.hasPrefix("arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/20"))
        #expect(shown.json.contains(#""tributary":{"originRegion":"us-east-1","replicated":false,"cause":"user"}"#))
        let whole = try #require(try topic.read().recording.changes.first)
        #expect(whole.newImage == PublishedTopic.item("a", 1))
    }

    @Test("what the topic has lost is said, if it may be in the wanted part")
    func missing() throws {
        let topic = try PublishedTopic()
        for number in 1...30 where number != 12 { topic.put("k\(number)", number, at: UInt64(number)) }
        let text = "topic t.us-east-1.Orders.changes does not have the changes \(SequenceNumber.text(of: 12)) to "
        #expect(try topic.read().notes == [text + "\(SequenceNumber.text(of: 12)) any more"])
        let after = ReplayRange(from: .sequence(SequenceNumber.text(of: 13)))
        #expect(try topic.read(after).notes == [])
        let before = ReplayRange(until: .sequence(SequenceNumber.text(of: 11)))
        #expect(try topic.read(before).notes == [])
        try topic.log.removeRecords(before: 2, in: TopicPartition(PublishedTopic.name, 0))
        #expect(try topic.read().notes.count >= 2)
        #expect(try topic.read().recording.changes.count == 27)
    }

    @Test("of tables with the same name, the newest is read")
    func remadeTable() throws {
        let topic = try PublishedTopic()
        topic.put("a", 1, at: 1)
        topic.put("b", 2, at: 2)
        topic.makeAnew(tableID: "second")
        topic.put("c", 3, at: 1)
        let reading = try topic.read()
        #expect(try ReplayedTable(reading.recording).lines() == [#"{"Item":{"id":{"S":"c"},"n":{"N":"3"}}}"#])
        #expect(reading.notes == ["2 changes of tables that had the same name before were left out"])
    }

    @Test("foreign messages are left out and counted; nothing else is an error")
    func foreign() throws {
        let topic = try PublishedTopic()
        topic.append(LogMessage(partition: 1, key: nil, value: Array("?".utf8), timestampMilliseconds: 1))
        let error = try #require(throws: ReplayError.self) { try topic.read() }
        #expect(error.description.contains("has no changes that Tributary published"))
        topic.put("a", 1, at: 1)
        let reading = try topic.read()
        #expect(reading.recording.changes.count == 1)
        #expect(reading.notes.count == 1 && reading.notes[0].contains("[1] at offset 0: it has no key"))
    }

    @Test("a repeated message counts once")
    func repeated() throws {
        let topic = try PublishedTopic()
        for _ in 0..<2 { topic.put("a", 1, at: 1) }
        let reading = try topic.read()
        #expect(reading.recording.changes.count == 1)
    }

    @Test("an empty topic is an empty recording, one that is not there an error that names those that are")
    func nothing() throws {
        let topic = try PublishedTopic()
        #expect(try topic.read().recording.changes.isEmpty)
        let error = try #require(throws: ReplayError.self) {
            try TopicLog.read("t.us-east-1.Order.changes", of: topic.log, range: ReplayRange(), showsAllImages: true)
        }
        #expect(error.description == "there is no topic t.us-east-1.Order.changes, but \(PublishedTopic.name)")
        topic.put("a", 1, at: 1)
        let other = try #require(throws: ReplayError.self) { try topic.read(ReplayRange(table: "Others")) }
        #expect(other.description == "topic \(PublishedTopic.name) has the changes of table Orders in us-east-1")
        topic.log.setReachable(false)
        #expect(throws: ReplayError.self) { try topic.read() }
    }
}

/// A topic in memory with the changes of one table.
private final class PublishedTopic {
    static let name = "t.us-east-1.Orders.changes"
    private static let partitions: Int32 = 3
    private static let region = RegionName(stored: "us-east-1")
    private static let schema = KeySchema(partitionKeys: [KeyAttribute(name: "id", type: .string)])

    let log = MemoryRecordLog()
    private let producer: any LogProducer
    private let format: RecordFormat
    private let view: StreamViewType
    private var writer: ChangeMessageWriter
    private var now: Int64 = 1_764_400_000_000

    init(format: RecordFormat = .streams, view: StreamViewType = .newAndOldImages) throws {
        self.format = format
        self.view = view
        let settings = TopicSettings(partitions: Self.partitions)
        _ = try log.ensureTopics([TopicSpecification(name: Self.name, settings: settings)])
        producer = try log.makeProducer(ProducerSettings()) { _ in }
        writer = Self.writer("first", view, format)
    }

    static func time(_ number: Int) -> UInt64 { 1_764_400_000_000 + UInt64(number) * 1000 }

    static func item(_ key: String, _ number: Int) -> Item {
        Item(["id": .string(Text(key)), "n": .number(DecimalNumber(number))])
    }

    private static func writer(_ id: String, _ view: StreamViewType, _ format: RecordFormat) -> ChangeMessageWriter {
        var table = TableDefinition(
            number: 1, name: "Orders", region: region, tableID: id, createdMilliseconds: time(0), status: .active,
            keySchema: schema, attributeDefinitions: [], billing: Billing(mode: .payPerRequest, throughput: .none),
            localIndexes: [], globalIndexes: [])
        table.streams = [Stream(viewType: view, nextSequence: 1, nowMilliseconds: time(0))]
        return ChangeMessageWriter(table, format: format, partitions: partitions)
    }

    func makeAnew(tableID: String) { writer = Self.writer(tableID, view, format) }

    func put(_ key: String, _ number: Int, at sequence: UInt64) {
        let time = Self.time(Int(sequence))
        now += 1
        append(
            writer.change(
                ChangeRecord(
                    sequence: sequence,
                    version: Version(timestamp: HybridTimestamp(milliseconds: time, counter: 0), region: Self.region),
                    baseVersion: nil, commitMilliseconds: time, cause: .user, transaction: nil,
                    change: .insert(Self.item(key, number))),
                nowMilliseconds: now))
    }

    func append(_ message: LogMessage) {
        do {
            #expect(try producer.append([message], to: Self.name) == 1)
            try producer.flush(timeoutMilliseconds: 10_000)
        } catch {
            Issue.record("a message was not appended: \(error)")
        }
    }

    func read(_ range: ReplayRange = ReplayRange(), showsAllImages: Bool = true) throws -> TopicLog.Reading {
        try TopicLog.read(Self.name, of: log, range: range, showsAllImages: showsAllImages)
    }
}
