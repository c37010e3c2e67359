import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import Partition
import RecordLog
import Replication
import TestSupport
import Testing

@Suite struct ObservedChangeTests {
    private static let old = item(#"{"id":{"S":"é\""},"at":{"N":"-0.001"},"ss":{"SS":["a","😀"]}}"#)
    private static let new = item(#"{"id":{"S":"é\""},"at":{"N":"-0.001"},"b":{"B":"AP8="},"l":{"L":[{"NULL":true}]}}"#)

    private static func observed(_ message: LogMessage) throws(ChangeMessageError) -> ObservedChange {
        try ObservedChange(key: message.key, value: message.value, headers: MessageHeaders(message.headers))
    }

    private static func failure(_ key: [UInt8]?, _ value: [UInt8]?, _ headers: LogHeaders) -> ChangeMessageError? {
        do throws(ChangeMessageError) {
            _ = try ObservedChange(key: key, value: value, headers: MessageHeaders(headers))
            return nil
        } catch {
            return error
        }
    }

    @Test("every format gives back the record as it was", arguments: RecordFormat.allCases)
    func roundTrip(format: RecordFormat) throws {
        let writer = ChangeMessageWriter(table(sorted: true), format: format)
        let transaction = ChangeRecord.Transaction(
            id: "t", index: 1, size: 3, shares: [.init(table: "A", first: 8, count: 2)])
        for change in [
            ChangeRecord.Change.insert(Self.new), .modify(old: Self.old, new: Self.new), .remove(Self.old),
        ] {
            for record in [
                record(change),
                record(change, baseVersion: version(3, 4, other), cause: .ttl, transaction: transaction),
            ] {
                let observed = try Self.observed(writer.change(record))
                #expect(observed.record == record)
                #expect(observed.table == "Orders")
                #expect(observed.generation == "0b1c")
                #expect(observed.keySchema.attributes.map(\.name) == ["at", "id"])
                #expect(observed.keySchema.attributes.map(\.type) == [.number, .string])
            }
        }
    }

    @Test("a record names the stream that it is in")
    func streams() throws {
        var definition = table()
        var stream = Stream(viewType: .keysOnly, nextSequence: 5, nowMilliseconds: 1_764_400_000_000)
        stream.disable(nextSequence: 20, nowMilliseconds: 1_764_400_100_000)
        let next = Stream(viewType: .oldImage, nextSequence: 30, nowMilliseconds: 1_764_400_200_000)
        definition.streams = [stream, next]
        let writer = ChangeMessageWriter(definition, format: .streams)
        func found(_ sequence: UInt64) throws -> ObservedStream? {
            let image = item(#"{"id":{"S":"a"}}"#)
            return try Self.observed(writer.change(record(.insert(image), sequence: sequence))).stream
        }
        let first = ObservedStream(arn: definition.streamARN(stream), viewType: .keysOnly)
        let second = ObservedStream(arn: definition.streamARN(next), viewType: .oldImage)
        #expect(try found(4) == nil, "before there was a stream")
        #expect(try found(5) == first)
        #expect(try found(19) == first)
        #expect(try found(20) == nil, "the stream was off")
        #expect(try found(30) == second)
        #expect(try found(.max) == second)
    }

    @Test("a table that never had a stream names none")
    func noStream() throws {
        let writer = ChangeMessageWriter(table(), format: .streams)
        let message = writer.change(record(.insert(item(#"{"id":{"S":"a"}}"#))))
        #expect(try Self.observed(message).stream == nil)
    }

    @Test("foreign and damaged messages are errors that say what is wrong")
    func foreign() {
        var definition = table(sorted: true)
        definition.streams = [Stream(viewType: .keysOnly, nextSequence: 1, nowMilliseconds: 0)]
        let message = ChangeMessageWriter(definition, format: .streams).change(
            record(.modify(old: Self.old, new: Self.new)))
        let headers = message.headerList
        func with(_ name: String, _ text: String) -> LogHeaders {
            LogHeaders(list: headers.filter { $0.name != name } + [(name, Array(text.utf8))])
        }
        func failure(
            key: [UInt8]? = message.key, value: [UInt8]? = message.value, headers: LogHeaders? = nil
        ) -> ChangeMessageError? {
            Self.failure(key, value, headers ?? message.headers)
        }
        #expect(failure() == nil)
        #expect(failure(value: nil as [UInt8]?) == .noValue)
        #expect(failure(key: nil as [UInt8]?) == .noKey)
        #expect(failure(headers: LogHeaders()) == .missingHeader("ce_sequencenumber"))
        #expect(failure(value: Array("hello".utf8)) == .malformedValue)
        #expect(failure(key: Array("{}".utf8)) == .malformedKey("{}"))
        #expect(failure(key: Array(#"{"id":{"BOOL":true}}"#.utf8)) == .malformedKey(#"{"id":{"BOOL":true}}"#))
        #expect(failure(key: Array(#"{"id":{"S":"other"}}"#.utf8)) == .otherKey)
        #expect(failure(headers: with("ce_type", "item.renamed")) == .malformedHeader("ce_type", "item.renamed"))
        #expect(
            failure(headers: with("ce_streamviewtype", "ALL")) == .malformedHeader("ce_streamviewtype", "ALL"))
        #expect(failure(headers: with("tributary_olditem", "1")) == .malformedHeader("tributary_olditem", "1 bytes"))
    }

    @Test("no bytes of a message, changed at random, crash the reader", arguments: [1, 2, 3] as [UInt64])
    func damage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for format in RecordFormat.allCases {
            let message = ChangeMessageWriter(table(sorted: true), format: format).change(
                record(.modify(old: Self.old, new: Self.new)))
            for _ in 0..<1000 {
                var (key, value, headers) = (message.key ?? [], message.value ?? [], message.headerList)
                let byte = UInt8(truncatingIfNeeded: random.next())
                switch random.next() % 3 {
                case 0: key[Int(random.next() % UInt64(key.count))] = byte
                case 1: value[Int(random.next() % UInt64(value.count))] = byte
                default:
                    let place = Int(random.next() % UInt64(headers.count))
                    guard !headers[place].value.isEmpty else { continue }
                    headers[place].value[Int(random.next() % UInt64(headers[place].value.count))] = byte
                }
                // Whether it is an error depends on the byte; it must come to an end either way.
                _ = Self.failure(key, value, LogHeaders(list: headers))
            }
        }
    }
}
