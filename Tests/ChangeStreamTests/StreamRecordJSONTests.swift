import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Replication
import Testing

/// The record as GetRecords and Lambda deliver it (`reference/streams.md` 4 and 6).
@Suite struct StreamRecordJSONTests {
    private static let arn = "arn:aws:dynamodb:us-east-2:000000000000:table/T/stream/2015-05-11T21:21:33.291"
    private static let schema = KeySchema(
        partitionKeys: [KeyAttribute(name: "pk", type: .string)], sortKeys: [KeyAttribute(name: "sk", type: .number)])
    private static let old = #"{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"old"}}"#
    private static let new = #"{"b":{"B":"AQI="},"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"new"}}"#
    private static let keys = #"{"pk":{"S":"a"},"sk":{"N":"1"}}"#

    private static func text(
        _ record: ChangeRecord, _ viewType: StreamViewType = .newAndOldImages, tableID: String = "id-1",
        region: String = "us-east-2", form: StreamRecordJSON.Form = .streamsAPI, schema: KeySchema = schema
    ) -> String {
        var writer = JSONWriter()
        StreamRecordJSON(
            region: RegionName(stored: region), tableID: tableID, keySchema: schema, viewType: viewType, form: form
        ).append(record, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func eventID(_ text: String) throws -> String {
        String(try #require(text.prefixMatch(of: /\{"eventID":"([0-9a-f]{32})",/)).output.1)
    }

    struct ViewCase: Sendable, CustomTestStringConvertible {
        let kind: String
        let change: ChangeRecord.Change
        let viewType: StreamViewType
        let images: String
        let sizeBytes: Int
        var testDescription: String { "\(kind) \(viewType)" }
    }

    /// Sizes: the keys 7, the old item 11, the new item 14 bytes (names and values as DynamoDB counts them).
    private static let viewCases: [ViewCase] = {
        let insert = ChangeRecord.Change.insert(item(new))
        let modify = ChangeRecord.Change.modify(old: item(old), new: item(new))
        let remove = ChangeRecord.Change.remove(item(old))
        let newImage = #""NewImage":\#(new),"#
        let oldImage = #""OldImage":\#(old),"#
        return [
            ViewCase(kind: "INSERT", change: insert, viewType: .keysOnly, images: "", sizeBytes: 7),
            ViewCase(kind: "INSERT", change: insert, viewType: .newImage, images: newImage, sizeBytes: 21),
            ViewCase(kind: "INSERT", change: insert, viewType: .oldImage, images: "", sizeBytes: 7),
            ViewCase(kind: "INSERT", change: insert, viewType: .newAndOldImages, images: newImage, sizeBytes: 21),
            ViewCase(kind: "MODIFY", change: modify, viewType: .keysOnly, images: "", sizeBytes: 7),
            ViewCase(kind: "MODIFY", change: modify, viewType: .newImage, images: newImage, sizeBytes: 21),
            ViewCase(kind: "MODIFY", change: modify, viewType: .oldImage, images: oldImage, sizeBytes: 18),
            ViewCase(
                kind: "MODIFY", change: modify, viewType: .newAndOldImages, images: newImage + oldImage, sizeBytes: 32),
            ViewCase(kind: "REMOVE", change: remove, viewType: .keysOnly, images: "", sizeBytes: 7),
            ViewCase(kind: "REMOVE", change: remove, viewType: .newImage, images: "", sizeBytes: 7),
            ViewCase(kind: "REMOVE", change: remove, viewType: .oldImage, images: oldImage, sizeBytes: 18),
            ViewCase(kind: "REMOVE", change: remove, viewType: .newAndOldImages, images: oldImage, sizeBytes: 18),
        ]
    }()

    @Test("each view type shows its images of each kind of change", arguments: viewCases)
    func golden(_ example: ViewCase) throws {
        let text = Self.text(record(example.change), example.viewType)
        let id = try Self.eventID(text)
        #expect(
            text == #"{"eventID":"\#(id)","eventName":"\#(example.kind)","eventVersion":"1.1","#
                + #""eventSource":"aws:dynamodb","awsRegion":"us-east-2","dynamodb":{"#
                + #""ApproximateCreationDateTime":1700000000,"Keys":\#(Self.keys),\#(example.images)"#
                + #""SequenceNumber":"100000000000000000007","SizeBytes":\#(example.sizeBytes),"#
                + #""StreamViewType":"\#(example.viewType.rawValue)"}}"#)
    }

    @Test("a Lambda event has seconds as a float, and the stream's ARN at the end")
    func lambdaForm() throws {
        let text = Self.text(record(.remove(item(Self.old))), .keysOnly, form: .lambdaEvent(streamARN: Self.arn))
        let id = try Self.eventID(text)
        #expect(
            text == #"{"eventID":"\#(id)","eventName":"REMOVE","eventVersion":"1.1","eventSource":"aws:dynamodb","#
                + #""awsRegion":"us-east-2","dynamodb":{"ApproximateCreationDateTime":1700000000.0,"#
                + #""Keys":\#(Self.keys),"SequenceNumber":"100000000000000000007","SizeBytes":7,"#
                + #""StreamViewType":"KEYS_ONLY"},"eventSourceARN":"\#(Self.arn)"}"#)
    }

    @Test("a TTL delete names the service, spelled as each reader expects it")
    func userIdentity() {
        let expired = record(
            .remove(item(Self.old)), version: version(1, "us-east-2"), cause: .ttl)
        #expect(
            Self.text(expired).hasSuffix(
                #"},"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}}"#))
        #expect(
            Self.text(expired, form: .lambdaEvent(streamARN: Self.arn)).hasSuffix(
                #"},"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"},"#
                    + #""eventSourceARN":"\#(Self.arn)"}"#))
    }

    @Test("only in the region whose TTL process deleted the item, and for no other cause")
    func noUserIdentity() {
        let elsewhere = record(.remove(item(Self.old)), version: version(1, "eu-west-1"), cause: .ttl)
        let user = record(.remove(item(Self.old)), version: version(1, "us-east-2"), cause: .user)
        for record in [elsewhere, user] {
            #expect(!Self.text(record).contains("userIdentity"))
        }
    }

    @Test("sizes are those of the worked example: keys, and the images that are shown")
    func sizes() {
        let schema = KeySchema(partitionKeys: [KeyAttribute(name: "id", type: .string)])
        let first = item(#"{"id":{"S":"my-item-id"},"attr1":{"S":"value1"},"attr2":{"S":"value2"}}"#)
        let second = item(#"{"id":{"S":"my-item-id"},"attr1":{"S":"valueX"},"attr2":{"S":"value2"}}"#)
        let table: [(ChangeRecord.Change, StreamViewType, Int)] = [
            (.insert(first), .newAndOldImages, 46),
            (.modify(old: first, new: second), .newAndOldImages, 80),
            (.remove(second), .newAndOldImages, 46),
            (.modify(old: first, new: second), .keysOnly, 12),
            (.modify(old: first, new: second), .newImage, 46),
        ]
        for (change, viewType, size) in table {
            let text = Self.text(record(change), viewType, schema: schema)
            #expect(text.contains(#""SizeBytes":\#(size),"#), "\(text)")
        }
    }

    @Test("an item of nothing but its key has an image")
    func keyOnlyItem() {
        #expect(Self.text(record(.insert(item(Self.keys)))).contains(#""NewImage":\#(Self.keys),"#))
    }

    @Test("event ids stay the same, and differ between changes, tables and regions")
    func eventIDs() throws {
        func id(_ sequence: UInt64, _ tableID: String, _ region: String) throws -> String {
            try Self.eventID(
                Self.text(record(.insert(item(Self.keys)), sequence: sequence), tableID: tableID, region: region))
        }
        #expect(try id(1, "a", "us-east-2") == id(1, "a", "us-east-2"))
        var ids: Set<String> = []
        for sequence in 1...500 as ClosedRange<UInt64> {
            for tableID in ["a", "b"] {
                for region in ["us-east-2", "eu-west-1"] { ids.insert(try id(sequence, tableID, region)) }
            }
        }
        #expect(ids.count == 2000)
    }
}
