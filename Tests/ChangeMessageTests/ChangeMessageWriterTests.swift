import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import Partition
import RecordLog
import Replication
import Testing

@Suite struct ChangeMessageWriterTests {
    private static let old = item(#"{"id":{"S":"o-1"},"total":{"N":"1.50"}}"#)
    private static let new = item(#"{"id":{"S":"o-1"},"tags":{"SS":["b","a"]},"total":{"N":"2"},"raw":{"B":"AQI="}}"#)

    @Test("a change is a DynamoDB Streams record with CloudEvents headers")
    func streams() throws {
        let record = record(
            .modify(old: Self.old, new: Self.new), baseVersion: version(1_764_400_361_000, 0, other), cause: .ttl,
            transaction: .init(
                id: "tx-1", index: 1, size: 3,
                shares: [.init(table: "Orders", first: 6, count: 2), .init(table: "Stock", first: 9, count: 1)]))
        let message = ChangeMessageWriter(table(), format: .streams).change(record)
        #expect(text(message.key) == #"{"id":{"S":"o-1"}}"#)
        let value = try #require(text(message.value))
        #expect(value.hasPrefix(#"{"eventID":""#))
        let parts = [
            #""eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","#,
            #""dynamodb":{"ApproximateCreationDateTime":1764400361.0,"Keys":{"id":{"S":"o-1"}},"#,
            #""NewImage":{"id":{"S":"o-1"},"raw":{"B":"AQI="},"tags":{"SS":["a","b"]},"total":{"N":"2"}},"#,
            #""OldImage":{"id":{"S":"o-1"},"total":{"N":"1.5"}},"#,
            #""SequenceNumber":"100000000000000000007","SizeBytes":41,"StreamViewType":"NEW_AND_OLD_IMAGES"},"#,
            #""userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"},"#,
            #""eventSourceARN":"arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/2025-11-29T07:06:40.000"}"#,
        ]
        #expect(value.hasSuffix(parts.joined()), "\(value)")
        let expected = [
            "ce_specversion": "1.0", "ce_id": "0b1c/7", "ce_source": "/tributary/regions/us-east-1",
            "ce_type": "item.modified", "ce_time": "2025-11-29T07:12:41.124Z", "ce_subject": "Orders",
            "content-type": "application/json", "ce_originregion": "us-east-1",
            "ce_origintime": "2025-11-29T07:12:41.123Z", "ce_replicated": "false", "ce_cause": "ttl",
            "ce_version": "1764400361123.5@us-east-1", "ce_baseversion": "1764400361000.0@eu-west-1",
            "ce_txnid": "tx-1", "ce_txnindex": "1", "ce_txnsize": "3", "ce_txnshares": "Orders:6:2,Stock:9:1",
            "ce_sequencenumber": "100000000000000000007", "ce_tablegen": "0b1c",
        ]
        for (name, value) in expected { #expect(message.header(name) == value, "\(name)") }
        #expect(message.headers.count == expected.count)
    }

    @Test("debezium and plain values are JSON without types; the exact item is in a header")
    func otherFormats() throws {
        let record = record(.modify(old: Self.old, new: Self.new))
        let debezium = ChangeMessageWriter(table(), format: .debezium).change(record)
        let images =
            #"{"before":{"id":"o-1","total":1.5},"after":{"id":"o-1","raw":"AQI=","tags":["a","b"],"total":2},"#
        let envelope = try #require(text(debezium.value))
        #expect(envelope.hasPrefix(images))
        #expect(envelope.hasSuffix(#""op":"u","ts_ms":1764400361124}"#))
        #expect(debezium.headers["tributary_item"] == Self.new.bytes)
        let plain = ChangeMessageWriter(table(), format: .plain).change(record)
        let parts = [
            #"{"event":"MODIFY","region":"us-east-1","table":"Orders","time":"2025-11-29T07:12:41.124Z","#,
            #""key":{"id":"o-1"},"new":{"id":"o-1","raw":"AQI=","tags":["a","b"],"total":2},"#,
            #""old":{"id":"o-1","total":1.5}}"#,
        ]
        #expect(text(plain.value) == parts.joined())
        let removal = ChangeMessageWriter(table(), format: .plain).change(self.removal)
        #expect(removal.header("tributary_item") == nil)
    }

    private var removal: ChangeRecord { record(.remove(Self.old)) }

    @Test("a state is the item, and nothing when it was deleted")
    func states() {
        let writer = ChangeMessageWriter(table(), format: .streams)
        let state = writer.state(record(.insert(Self.old)))
        #expect(text(state.value) == #"{"id":{"S":"o-1"},"total":{"N":"1.5"}}"#)
        #expect(state.header("ce_statesource") == "log")
        let tombstone = writer.state(removal)
        #expect(tombstone.value == nil)
        #expect(tombstone.key == state.key)
        #expect(tombstone.header("ce_version") == "1764400361123.5@us-east-1")
        let snapshot = writer.state(Self.old, version: version(3), snapshotAt: 6, nowMilliseconds: 5)
        #expect(snapshot.header("ce_statesource") == "snapshot")
        #expect(snapshot.header("ce_sequencenumber") == "100000000000000000006")
    }

    @Test("all items of a partition key have one place, which Kafka's partitioner gives their key")
    func placement() {
        let writer = ChangeMessageWriter(table(sorted: true), format: .plain)
        let places = (0..<10).map { number in
            writer.change(record(.insert(item(#"{"id":{"S":"o-1"},"at":{"N":"\#(number)"}}"#)))).partition
        }
        let hash = Murmur2.hash(Array(#"{"id":{"S":"o-1"}}"#.utf8))
        #expect(Set(places) == [MessageKey.partition(ofHash: hash, of: 6)])
        #expect(MessageKey.partition(ofHash: 0xFFFF_FFFF, of: 10) == 7)
        // Kafka's own: toPositive(murmur2("foobar")) is 1357151166.
        #expect(MessageKey.partition(ofHash: Murmur2.hash(Array("foobar".utf8)), of: 1_000_000) == 151_166)
    }

    @Test("keys are canonical")
    func keys() {
        let message = ChangeMessageWriter(table(sorted: true), format: .plain).change(
            record(.insert(item(#"{"z":{"S":"x"},"id":{"S":"é\u0001"},"at":{"N":"1.50E2"}}"#))))
        #expect(text(message.key) == #"{"at":{"N":"150"},"id":{"S":"é\u0001"}}"#)
    }
}
