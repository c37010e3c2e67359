import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import Partition
import RecordLog
import Replication
import TestSupport
import Testing

@Suite struct ChangeMessageReaderTests {
    private static let everything = item(
        #"{"id":{"S":"é\u0000\"\\"},"at":{"N":"-0.001"},"b":{"B":"AP8="},"bs":{"BS":["AQ==","Ag=="]},"#
            + #""l":{"L":[{"NULL":true},{"BOOL":false},{"M":{"x":{"S":""}}}]},"m":{"M":{}},"#
            + #""n":{"N":"12345678901234567890123456789012345678"},"ns":{"NS":["1","-2.5","1E-130"]},"ss":{"SS":["a","😀"]}}"#
    )
    private static let small = item(#"{"id":{"S":"é\u0000\"\\"},"at":{"N":"-0.001"}}"#)
    private let reader = ChangeMessageReader(keySchema: table(sorted: true).keySchema)

    private static let records: [ChangeRecord] = {
        let transactions: [ChangeRecord.Transaction?] = [
            nil, .init(id: "t", index: 0, size: 1),
            .init(id: "t-é", index: 99, size: 100, shares: [.init(table: "A.b_c-", first: 8, count: 2)]),
        ]
        let changes: [ChangeRecord.Change] = [
            .insert(everything), .modify(old: small, new: everything), .modify(old: everything, new: small),
            .remove(everything),
        ]
        let versions: [(Version, Version?)] = [
            (version(1), nil), (version((1 << 48) - 1, .max, other), version(0, 1)),
        ]
        var records: [ChangeRecord] = []
        for change in changes {
            for transaction in transactions {
                for (version, base) in versions {
                    for cause in [ChangeRecord.Cause.user, .ttl, .restore] {
                        records.append(
                            record(
                                change, sequence: .max, version: version, baseVersion: base,
                                commitMilliseconds: 4_102_444_800_999, cause: cause, transaction: transaction))
                    }
                }
            }
        }
        return records
    }()

    @Test("what an applier needs comes back from every format", arguments: RecordFormat.allCases)
    func roundTrip(format: RecordFormat) throws {
        let writer = ChangeMessageWriter(table(sorted: true), format: format)
        for record in Self.records {
            let message = writer.change(record)
            let headers = MessageHeaders(message.headers)
            let arrived = try reader.change(key: message.key, value: message.value, headers: headers)
            let change = arrived.change
            #expect(arrived.generation == "0b1c")
            #expect(arrived.commitMilliseconds == record.commitMilliseconds)
            #expect(change.sequence == record.sequence)
            #expect(change.key == (try table(sorted: true).keySchema.key(of: Self.small)))
            #expect(change.version == record.version)
            #expect(change.baseVersion == record.baseVersion)
            #expect(change.item == record.newImage)
            #expect(change.cause == record.cause)
            #expect(change.transaction == record.transaction)
            #expect(try headers.originRegion() == record.version.region)
        }
    }

    @Test("states come back from every format", arguments: RecordFormat.allCases)
    func states(format: RecordFormat) throws {
        let writer = ChangeMessageWriter(table(sorted: true), format: format)
        for record in Self.records {
            let message = writer.state(record)
            let arrived = try reader.state(
                key: message.key, value: message.value, headers: MessageHeaders(message.headers))
            #expect(arrived.place == MessagePlace(generation: "0b1c", sequence: .max, stateSource: .log))
            #expect(arrived.state == StoredItem(version: record.version, item: record.newImage))
        }
    }

    @Test("times come back to the millisecond")
    func times() throws {
        let writer = ChangeMessageWriter(table(), format: .plain)
        let image = item(#"{"id":{"S":"a"}}"#)
        // The first and last days of months, leap days, the year 10889.
        for milliseconds: UInt64 in [
            0, 86_399_999, 951_782_400_000, 951_868_799_999, 951_868_800_000, 1_709_164_800_000, 1_735_689_599_999,
            4_107_542_400_000, (1 << 48) - 1,
        ] {
            let message = writer.change(record(.insert(image), commitMilliseconds: milliseconds))
            #expect(try MessageHeaders(message.headers).commitMilliseconds() == milliseconds)
        }
    }

    // MARK: Anything may come

    private func failure(
        key: [UInt8]?, value: [UInt8]?, _ headers: LogHeaders
    ) -> ChangeMessageError? {
        do throws(ChangeMessageError) {
            _ = try reader.change(key: key, value: value, headers: MessageHeaders(headers))
            return nil
        } catch {
            return error
        }
    }

    @Test("foreign and damaged messages are errors that say what is wrong")
    func foreign() {
        let message = ChangeMessageWriter(table(sorted: true), format: .streams).change(record(.insert(Self.small)))
        let headers = message.headerList
        func without(_ name: String) -> LogHeaders { LogHeaders(list: headers.filter { $0.name != name }) }
        func with(_ name: String, _ text: String) -> LogHeaders {
            LogHeaders(list: headers.filter { $0.name != name } + [(name, Array(text.utf8))])
        }
        func failure(
            key: [UInt8]? = message.key, value: [UInt8]? = message.value, headers: LogHeaders? = nil
        ) -> ChangeMessageError? {
            self.failure(key: key, value: value, headers ?? message.headers)
        }
        #expect(failure() == nil)
        #expect(failure(value: nil as [UInt8]?) == .noValue)
        #expect(failure(key: nil as [UInt8]?) == .noKey)
        #expect(failure(headers: LogHeaders()) == .missingHeader("ce_sequencenumber"))
        #expect(failure(key: Array("o-1".utf8)) == .malformedKey("o-1"))
        #expect(failure(key: Array(#"{"id":{"S":"a"}}"#.utf8)) == .malformedKey(#"{"id":{"S":"a"}}"#))
        #expect(failure(key: Array(#"{"id":{"S":"a"},"at":{"N":"1"}}"#.utf8)) == .otherKey)
        #expect(failure(value: []) == .malformedValue)
        #expect(failure(value: Array(#"{"dynamodb":{}}"#.utf8)) == .malformedValue)
        #expect(failure(value: Array(#"{"dynamodb":{"NewImage":{"id":{"X":"a"}}}}"#.utf8)) == .malformedValue)
        for name in ["ce_version", "ce_cause", "ce_time", "ce_tablegen", "ce_type"] {
            #expect(failure(headers: without(name)) == .missingHeader(name))
        }
        for (name, text) in [
            ("ce_version", "1@us-east-1"), ("ce_version", "1.65536@us-east-1"), ("ce_version", "1.1@X"),
            ("ce_version", "281474976710656.0@us-east-1"), ("ce_baseversion", ""), ("ce_cause", "User"),
            ("ce_time", "2025-13-01T00:00:00.000Z"), ("ce_time", "yesterday"), ("ce_sequencenumber", "7"),
            ("tributary_item", "1"),
        ] {
            #expect(failure(headers: with(name, text)) == .malformedHeader(name, text == "1" ? "1 bytes" : text))
        }
        let transaction = with("ce_txnid", "t")
        #expect(failure(headers: transaction) == .missingHeader("ce_txnindex"))
    }

    @Test("no bytes of a message, changed at random, crash the reader", arguments: [1, 2, 3] as [UInt64])
    func damage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let message = ChangeMessageWriter(table(sorted: true), format: .plain).change(
            record(.insert(Self.everything), transaction: Self.records.last?.transaction))
        for _ in 0..<2000 {
            var headers = message.headerList
            let place = Int(random.next() % UInt64(headers.count))
            var bytes = headers[place].value
            if bytes.isEmpty { continue }
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            headers[place].value = bytes
            // Whether it is an error depends on the byte; it must come to an end either way.
            _ = failure(key: message.key, value: message.value, LogHeaders(list: headers))
        }
    }
}
