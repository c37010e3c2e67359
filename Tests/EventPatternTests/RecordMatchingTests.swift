import AttributeModel
import ChangeStream
import EventPattern
import JSONBytes
import Replication
import TestSupport
import Testing

/// Records are matched as their events are, without events being made of them.
@Suite struct RecordMatchingTests {
    @Test("a record and its event's JSON match the same patterns", arguments: seeds)
    func recordsAgreeWithTheirJSON(seed: UInt64) throws {
        var generator = RecordGenerator(seed: seed)
        var found = 0
        for _ in 0..<40 {
            let context = generator.context()
            let records = try (0..<10).map { _ in try generator.record() }
            let events = records.map { context.eventJSON(of: $0) }
            let trees = try events.map { try Tree(String(decoding: $0, as: UTF8.self)) }
            let texts = (0..<30).map { _ in generator.pattern(for: generator.random.pick(trees)) }
            let patterns = try texts.enumerated().map { (identifier: $0, pattern: try FilterPattern($1)) }
            var fromJSON = PatternMatcher(PatternSet(patterns))
            var fromRecord = fromJSON
            for (record, event) in zip(records, events) {
                try fromJSON.match(json: event)
                fromRecord.match(record, in: context)
                found += fromJSON.matches.count
                let wrong = Set(fromJSON.matches).symmetricDifference(fromRecord.matches).map { texts[$0] }
                #expect(wrong.isEmpty, "\(wrong) on \(String(decoding: event, as: UTF8.self))")
            }
        }
        #expect(found > 1_000)
    }

    private static func record(
        origin: String = "us-east-1", cause: ChangeRecord.Cause = .user, transaction: String? = nil,
        _ change: ChangeRecord.Change = .remove(.empty)
    ) -> ChangeRecord {
        ChangeRecord(
            sequence: 7,
            version: Version(
                timestamp: HybridTimestamp(milliseconds: 1_700_000_000_000), region: RegionName(stored: origin)),
            baseVersion: nil, commitMilliseconds: 1_700_000_000_999, cause: cause,
            transaction: transaction.map { .init(id: $0, index: 0, size: 1) }, change: change)
    }

    private static func matches(
        _ pattern: String, _ record: ChangeRecord, viewType: StreamViewType = .newAndOldImages, arn: String? = nil
    ) throws -> Bool {
        let context = RecordContext(
            region: RecordGenerator.region, tableID: "t", keySchema: RecordGenerator.schema, viewType: viewType,
            eventSourceARN: arn)
        var matcher = PatternMatcher(PatternSet(try FilterPattern(pattern)))
        matcher.match(record, in: context)
        let fromRecord = !matcher.matches.isEmpty
        try matcher.match(json: context.eventJSON(of: record))
        #expect(fromRecord == !matcher.matches.isEmpty, "\(pattern)")
        return fromRecord
    }

    @Test("writes of this region are one line, deletes too")
    func localWrites() throws {
        let pattern = #"{"tributary":{"originRegion":["us-east-1"]}}"#
        #expect(try Self.matches(pattern, Self.record()))
        #expect(try !Self.matches(pattern, Self.record(origin: "eu-west-1")))
        #expect(try Self.matches(#"{"tributary":{"replicated":[false]}}"#, Self.record()))
        #expect(try Self.matches(#"{"tributary":{"replicated":[true]}}"#, Self.record(origin: "eu-west-1")))
    }

    @Test("the cause stays what it was where the write was made")
    func causes() throws {
        let pattern = #"{"tributary":{"cause":["ttl"]}}"#
        #expect(try Self.matches(pattern, Self.record(cause: .ttl)))
        #expect(try Self.matches(pattern, Self.record(origin: "eu-west-1", cause: .ttl)))
        #expect(try !Self.matches(pattern, Self.record(cause: .restore)))
        let service = #"{"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]}}"#
        #expect(try Self.matches(service, Self.record(cause: .ttl)))
        #expect(try !Self.matches(service, Self.record(origin: "eu-west-1", cause: .ttl)))
        #expect(try !Self.matches(service, Self.record()))
    }

    @Test("a transaction's id is absent without one")
    func transactions() throws {
        let absent = #"{"tributary":{"transactionId":[{"exists":false}]}}"#
        #expect(try Self.matches(absent, Self.record()))
        #expect(try !Self.matches(absent, Self.record(transaction: "t-1")))
        #expect(try Self.matches(#"{"tributary":{"transactionId":["t-1"]}}"#, Self.record(transaction: "t-1")))
    }

    @Test("images are seen as the stream shows them, keys always")
    func viewTypes() throws {
        let document = try JSONDocument(parsing: Array(#"{"pk":{"S":"p"},"sk":{"N":"1"},"v":{"S":"x"}}"#.utf8))
        let insert = Self.record(.insert(try Item(document, document.root)))
        let image = #"{"dynamodb":{"NewImage":{"v":{"S":["x"]}}}}"#
        #expect(try Self.matches(image, insert))
        #expect(try !Self.matches(image, insert, viewType: .keysOnly))
        for viewType in StreamViewType.allCases {
            #expect(try Self.matches(#"{"dynamodb":{"Keys":{"pk":{"S":["p"]}}}}"#, insert, viewType: viewType))
            #expect(try !Self.matches(#"{"dynamodb":{"Keys":{"v":{"S":["x"]}}}}"#, insert, viewType: viewType))
            #expect(
                try Self.matches(
                    #"{"dynamodb":{"StreamViewType":["\#(viewType.rawValue)"]}}"#, insert, viewType: viewType))
        }
    }

    @Test("the stream's ARN is there only for those who ask for it")
    func eventSourceARN() throws {
        let pattern = #"{"eventSourceARN":[{"exists":true}]}"#
        #expect(try !Self.matches(pattern, Self.record()))
        #expect(try Self.matches(pattern, Self.record(), arn: "arn:aws:dynamodb:x"))
    }
}
