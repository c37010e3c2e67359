import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Replication
import Testing

@testable import WireProtocol

@Suite("GetShardIterator and GetRecords (streams.md 3 to 5)")
struct StreamsReadingTests {
    static let trimmed = WireError(
        .trimmedDataAccess, "The operation attempted to read past the oldest stream record in a shard.")

    /// Five inserts, keys 1 to 5.
    private func filled(_ viewType: StreamViewType = .newAndOldImages) throws -> StreamsRegion {
        let region = try StreamsRegion(viewType)
        for number in 1...5 { try region.put(String(number)) }
        return region
    }

    // MARK: - Records

    @Test("inserts, changes and removals, in order")
    func everyKind() throws {
        let region = try StreamsRegion()
        try region.put("a", ["n": .string("1")])
        try region.put("b")
        try region.put("a", ["n": .string("2")])
        try region.put("a", ["n": .string("2")])
        try region.delete("a")
        try region.delete("never there")
        let page = try region.records(try region.iterator("TRIM_HORIZON"))
        #expect(page.summary == ["INSERT a", "INSERT b", "MODIFY a", "REMOVE a"])
        let change = try #require(page.records[2]["dynamodb"] as? [String: Any])
        #expect(change["SequenceNumber"] as? String == sequenceNumber(3))
        #expect(change["NewImage"] as? [String: [String: String]] == ["p": ["S": "a"], "n": ["S": "2"]])
        #expect(change["OldImage"] as? [String: [String: String]] == ["p": ["S": "a"], "n": ["S": "1"]])
        #expect(change["ApproximateCreationDateTime"] as? Int == 1_700_000_000)
        #expect(page.records[2]["awsRegion"] as? String == "us-east-1")
        #expect(page.records[2]["eventSourceARN"] == nil)
        #expect(Set(page.records.compactMap { $0["eventID"] as? String }).count == 4)
    }

    @Test("the stream's view type decides which images are shown", arguments: StreamViewType.allCases)
    func viewTypes(_ viewType: StreamViewType) throws {
        let region = try StreamsRegion(viewType)
        try region.put("a", ["n": .string("1")])
        try region.put("a", ["n": .string("2")])
        let page = try region.records(try region.iterator("TRIM_HORIZON"))
        let change = try #require(page.records[1]["dynamodb"] as? [String: Any])
        #expect((change["NewImage"] != nil) == viewType.showsNewImage)
        #expect((change["OldImage"] != nil) == viewType.showsOldImage)
        #expect(change["StreamViewType"] as? String == viewType.rawValue)
    }

    // MARK: - Iterator types

    static let starts: [(String, String?, [String])] = [
        ("TRIM_HORIZON", nil, ["1", "2", "3", "4", "5"]), ("LATEST", nil, []),
        ("AT_SEQUENCE_NUMBER", sequenceNumber(3), ["3", "4", "5"]),
        ("AFTER_SEQUENCE_NUMBER", sequenceNumber(3), ["4", "5"]),
        ("AFTER_SEQUENCE_NUMBER", sequenceNumber(5), []),
    ]

    @Test("where a reader begins", arguments: starts)
    func whereReadersBegin(_ type: String, _ sequence: String?, _ expected: [String]) throws {
        let region = try filled()
        let page = try region.records(try region.iterator(type, sequence))
        #expect(page.keys == expected)
        #expect(page.next != nil)
        try region.put("6")
        #expect(try region.records(try #require(page.next)).keys == ["6"])
    }

    @Test("the start of an empty shard is a place to read from, and misses nothing")
    func emptyShard() throws {
        let region = try StreamsRegion()
        let places = try ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"].map {
            try region.iterator($0, sequenceNumber(1))
        }
        try region.put("1")
        for place in places { #expect(try region.records(place).keys == ["1"]) }
    }

    @Test("LATEST means the end at the time of asking")
    func latest() throws {
        let region = try filled()
        let iterator = try region.iterator("LATEST")
        try region.put("6")
        #expect(try region.records(iterator).keys == ["6"])
    }

    @Test("an iterator may be used again, and the records stay the same")
    func again() throws {
        let region = try filled()
        let iterator = try region.iterator("TRIM_HORIZON")
        let answers = try (1...2).map { _ in try region.send(.getRecords, #"{"ShardIterator":"\#(iterator)"}"#) }
        #expect(answers[0] == answers[1])
    }

    // MARK: - Pages

    @Test("pages of at most Limit records")
    func pages() throws {
        let region = try filled()
        var iterator = try region.iterator("TRIM_HORIZON")
        var found: [[String]] = []
        for _ in 0..<4 {
            let page = try region.records(iterator, limit: 2)
            found.append(page.keys)
            iterator = try #require(page.next)
        }
        #expect(found == [["1", "2"], ["3", "4"], ["5"], []])
    }

    @Test("a page has at most 1000 records")
    func thousand() throws {
        let region = try StreamsRegion(.keysOnly)
        for number in 1...1001 { try region.put(String(number)) }
        let first = try region.records(try region.iterator("TRIM_HORIZON"))
        #expect(first.records.count == 1000)
        #expect(try region.records(try #require(first.next)).keys == ["1001"])
    }

    @Test("a page has at most 1 MB of records, and at least one record")
    func megabyte() throws {
        let region = try StreamsRegion()
        let big = AttributeValue.string(Text(String(repeating: "x", count: 300_000)))
        for number in 1...4 { try region.put("k", ["n": .string(Text(String(number))), "x": big]) }
        var iterator = try region.iterator("TRIM_HORIZON")
        var counts: [Int] = []
        while counts.reduce(0, +) < 4 {
            let page = try region.records(iterator)
            counts.append(page.records.count)
            iterator = try #require(page.next)
        }
        // One image of 300 kB, then twice two.
        #expect(counts == [2, 1, 1])
    }

    // MARK: - Shards that close

    @Test("a closed shard ends without another iterator, its child goes on")
    func rollOver() throws {
        let region = try filled()
        let open = try region.iterator("LATEST")
        try region.wait(hours: 4)
        try region.put("6")
        let shards = region.stream.shards
        #expect(shards.count == 2)
        let parent = try region.records(try region.iterator("TRIM_HORIZON", shard: shards[0]))
        #expect(parent.keys == ["1", "2", "3", "4", "5"] && parent.next == nil)
        let child = try region.records(try region.iterator("TRIM_HORIZON", shard: shards[1]))
        #expect(child.keys == ["6"] && child.next != nil)
        // In pages: the last page has none, though it is full.
        let first = try region.records(try region.iterator("TRIM_HORIZON", shard: shards[0]), limit: 3)
        let last = try region.records(try #require(first.next), limit: 2)
        #expect(last.keys == ["4", "5"] && last.next == nil)
        // LATEST of a closed shard is its end.
        let end = try region.records(try region.iterator("LATEST", shard: shards[0]))
        #expect(end.records.isEmpty && end.next == nil)
        // The iterator from before is older than 15 minutes.
        #expect(region.refusal(.getRecords, #"{"ShardIterator":"\#(open)"}"#)?.kind == .expiredIterator)
    }

    @Test("an iterator that waits at the end of a shard while it closes")
    func waitingWhileClosing() throws {
        let region = try filled()
        let iterator = try region.iterator("LATEST")
        try region.disableStream()
        let page = try region.records(iterator)
        #expect(page.records.isEmpty && page.next == nil)
    }

    @Test("a disabled stream can be read for a day, and holds nothing of its successor")
    func disabledStream() throws {
        let region = try filled(.newImage)
        let arn = region.streamARN
        let shard = region.stream.shards[0]
        try region.disableStream()
        try region.put("while disabled")
        region.now += 1
        try region.enableStream(.keysOnly)
        try region.put("in the second stream")
        let request = #"{"StreamArn":"\#(arn)","ShardId":"\#(shard.id)","ShardIteratorType":"TRIM_HORIZON"}"#
        func iterator() throws -> String {
            try #require(try region.object(.getShardIterator, request)["ShardIterator"] as? String)
        }
        let page = try region.records(try iterator())
        #expect(page.keys == ["1", "2", "3", "4", "5"] && page.next == nil)
        let second = try region.records(try region.iterator("TRIM_HORIZON"))
        #expect(second.keys == ["in the second stream"])
        // An hour before the stream goes, the records are still there; an instant after it, all is gone.
        region.now += Stream.retentionMilliseconds - StreamsRegion.hour
        #expect(try region.records(try iterator()).keys.count == 5)
        region.now += StreamsRegion.hour
        #expect(
            region.refusal(.getShardIterator, request)
                == WireError(.resourceNotFound, "Requested resource not found: Stream: \(arn) not found"))
    }

    // MARK: - Old records

    @Test("records older than a day are hidden, whether they are still stored or not", arguments: [false, true])
    func retention(_ isTrimmed: Bool) throws {
        let region = try StreamsRegion()
        for number in 1...9 {
            try region.put(String(number))
            region.now += StreamsRegion.hour
        }
        // Records 1 to 4 are now older than 24 hours; 5 is exactly that old.
        region.now = 1_700_000_000_123 + Stream.retentionMilliseconds + 4 * StreamsRegion.hour
        if isTrimmed { try region.trim(before: 4) }
        #expect(try region.records(try region.iterator("TRIM_HORIZON")).keys == ["5", "6", "7", "8", "9"])
        #expect(try region.records(try region.iterator("AT_SEQUENCE_NUMBER", sequenceNumber(5))).keys.count == 5)
        for sequence in 1...4 {
            for type in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
                let request = region.iteratorRequest(type, sequenceNumber(UInt64(sequence)))
                #expect(region.refusal(.getShardIterator, request) == Self.trimmed)
            }
        }
    }

    @Test("TRIM_HORIZON finds the first shown record among many", arguments: [0, 1, 2, 63, 64, 99, 100])
    func horizon(_ old: Int) throws {
        let region = try StreamsRegion(.keysOnly)
        for number in 0..<100 {
            if number == old { region.now += 2 * StreamsRegion.hour }
            try region.put(String(number))
        }
        region.now = 1_700_000_000_123 + Stream.retentionMilliseconds + StreamsRegion.hour
        let page = try region.records(try region.iterator("TRIM_HORIZON"))
        #expect(page.keys == (old..<100).map(String.init))
    }

    @Test("an iterator whose place was trimmed meanwhile")
    func trimmedMeanwhile() throws {
        let region = try filled()
        let iterator = try region.iterator("TRIM_HORIZON")
        try region.trim(before: 3)
        #expect(region.refusal(.getRecords, #"{"ShardIterator":"\#(iterator)"}"#) == Self.trimmed)
    }

    @Test("a log that was trimmed after the request was decoded")
    func trimmedBetweenDecodingAndReading() throws {
        let region = try filled()
        let iterator = try region.iterator("TRIM_HORIZON")
        let document = try JSONDocument(parsing: Array(#"{"ShardIterator":"\#(iterator)"}"#.utf8))
        guard case .read(let read) = try StreamsOperation.getRecords.decode(document, context: region.context) else {
            Issue.record("GetRecords reads the log")
            return
        }
        try region.trim(before: 3)
        #expect(try read.execute(reading: region.store) == .failure(Self.trimmed))
    }

    @Test("records that are stored but not yet counted as committed are not shown")
    func uncommitted() throws {
        let region = try filled()
        let iterator = try region.iterator("TRIM_HORIZON")
        let document = try JSONDocument(parsing: Array(#"{"ShardIterator":"\#(iterator)"}"#.utf8))
        guard case .read(let read) = try StreamsOperation.getRecords.decode(document, context: region.context) else {
            Issue.record("GetRecords reads the log")
            return
        }
        try region.put("6")
        let response = try read.execute(reading: region.store).get()
        #expect(!String(decoding: response.body, as: UTF8.self).contains(sequenceNumber(6)))
    }

    @Test("a damaged record is an error of the store, not an answer")
    func damage() throws {
        let region = try filled()
        let iterator = try region.iterator("AT_SEQUENCE_NUMBER", sequenceNumber(2))
        var batch = WriteBatch()
        batch.put(StorageKeys.change(region.table().number, 3), [9, 9], in: .changes)
        region.store.commit(batch, durability: .synced)
        #expect(throws: StoreError.self) { try region.records(iterator) }
    }

    // MARK: - Refused

    @Test("an iterator lives for 15 minutes")
    func expiry() throws {
        let region = try filled()
        let iterator = try region.iterator("TRIM_HORIZON")
        region.now += 15 * 60 * 1000
        #expect(try region.records(iterator).records.count == 5)
        region.now += 1
        #expect(
            region.refusal(.getRecords, #"{"ShardIterator":"\#(iterator)"}"#)
                == WireError(.expiredIterator, "The provided iterator exceeds the maximum age allowed."))
    }

    @Test("what GetShardIterator refuses")
    func iteratorRefusals() throws {
        let region = try filled()
        func refusal(_ type: String, _ sequence: String? = nil) -> WireError? {
            region.refusal(.getShardIterator, region.iteratorRequest(type, sequence))
        }
        #expect(
            refusal("AT_TIMESTAMP")
                == .validation(
                    "1 validation error detected: Value 'AT_TIMESTAMP' at 'shardIteratorType' failed to satisfy constraint: Member "
                        + "must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"
                ))
        for type in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
            #expect(
                refusal(type) == .invalidParameter("SequenceNumber must be specified for ShardIteratorType \(type)"))
        }
        for type in ["TRIM_HORIZON", "LATEST"] {
            #expect(
                refusal(type, sequenceNumber(1))
                    == .invalidParameter("SequenceNumber must not be specified for ShardIteratorType \(type)"))
        }
        #expect(
            refusal("AT_SEQUENCE_NUMBER", "123")
                == .validation(
                    "1 validation error detected: Value '123' at 'sequenceNumber' failed to satisfy constraint: Member must have "
                        + "length greater than or equal to 21"))
        for foreign in ["700000000000888747038", String(repeating: "x", count: 30), sequenceNumber(7)] {
            #expect(refusal("AT_SEQUENCE_NUMBER", foreign) == .validation("Invalid SequenceNumber: \(foreign)"))
        }
        #expect(
            region.refusal(.getShardIterator, "{}")
                == .validation(
                    "3 validation errors detected: Value null at 'shardId' failed to satisfy constraint: Member must not be null; "
                        + "Value null at 'shardIteratorType' failed to satisfy constraint: Member must not be null; Value null at "
                        + "'streamArn' failed to satisfy constraint: Member must not be null"))
        let request = region.iteratorRequest("LATEST")
        let shard = region.stream.shards[0].id
        #expect(
            region.refusal(
                .getShardIterator, request.replacing(shard, with: "shardId-00000000000000000001-00000000"))
                == WireError(.resourceNotFound, "Requested resource not found: Shard does not exist"))
        #expect(
            region.refusal(.getShardIterator, request.replacing("Orders", with: "Others"))
                == WireError(
                    .resourceNotFound,
                    "Requested resource not found: Stream: \(region.streamARN.replacing("Orders", with: "Others")) not found"
                ))
    }

    @Test("a sequence number of another shard")
    func otherShard() throws {
        let region = try filled()
        try region.wait(hours: 4)
        try region.put("6")
        let shards = region.stream.shards
        #expect(
            region.refusal(
                .getShardIterator, region.iteratorRequest("AT_SEQUENCE_NUMBER", sequenceNumber(3), shard: shards[1]))
                == Self.trimmed)
        // The number behind the last one is the end of the shard, the next is none of its numbers.
        #expect(
            try region.records(try region.iterator("AT_SEQUENCE_NUMBER", sequenceNumber(6), shard: shards[0])).next
                == nil)
        #expect(
            region.refusal(
                .getShardIterator, region.iteratorRequest("AT_SEQUENCE_NUMBER", sequenceNumber(7), shard: shards[0]))
                == .validation("Invalid SequenceNumber: \(sequenceNumber(7))"))
    }

    @Test("what GetRecords refuses")
    func recordsRefusals() throws {
        let region = try filled()
        let iterator = try region.iterator("TRIM_HORIZON")
        func refusal(_ iterator: String, _ limit: Int? = nil) -> WireError? {
            let limit = limit.map { #","Limit":\#($0)"# } ?? ""
            return region.refusal(.getRecords, #"{"ShardIterator":"\#(iterator)"\#(limit)}"#)
        }
        let constraint = "1 validation error detected: Value "
        #expect(
            region.refusal(.getRecords, "{}")
                == .validation(
                    constraint + "null at 'shardIterator' failed to satisfy constraint: Member must not be null"))
        for (limit, text) in [
            (0, "greater than or equal to 1"), (-1, "greater than or equal to 1"), (1001, "less than or equal to 1000"),
        ] {
            #expect(
                refusal(iterator, limit)
                    == .validation(
                        constraint
                            + "'\(limit)' at 'limit' failed to satisfy constraint: Member must have value \(text)"))
        }
        #expect(try region.records(iterator, limit: 1000).records.count == 5)
        #expect(
            refusal("")
                == .validation(
                    constraint
                        + "'' at 'shardIterator' failed to satisfy constraint: Member must have length greater than or equal to 1"
                ))
        let malformed = WireError.validation("Invalid ShardIterator")
        for text in ["x", "a|1|b", String(iterator.dropLast(4)), iterator + "AAAA", "not an ARN|1|AAA="] {
            #expect(refusal(text) == malformed)
        }
    }

    @Test("an iterator of another place than its shard has")
    func forgedIterators() throws {
        let region = try filled()
        try region.wait(hours: 4)
        func refusal(shard: String, next: UInt64) -> WireError? {
            let iterator = ShardIterator(
                streamARN: region.streamARN, shardID: shard, next: next, issuedMilliseconds: region.now)
            return region.refusal(.getRecords, #"{"ShardIterator":"\#(iterator.text)"}"#)
        }
        let shards = region.stream.shards.map(\.id)
        let malformed = WireError.validation("Invalid ShardIterator")
        #expect(refusal(shard: shards[1], next: 2) == malformed)
        #expect(refusal(shard: shards[0], next: 7) == malformed)
        #expect(refusal(shard: shards[0], next: UInt64.max) == malformed)
        #expect(refusal(shard: "shardId-00000000000000000001-00000000", next: 1) == Self.trimmed)
        // Ahead of an open shard there is nothing yet.
        #expect(refusal(shard: shards[1], next: UInt64.max) == nil)
    }
}
