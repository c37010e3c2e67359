import HandlerKit
import Testing

private let record = #"""
    {"eventID":"e1","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1",
    "dynamodb":{"ApproximateCreationDateTime":1.7672256E9,"Keys":{"id":{"S":"o-1"}},
    "NewImage":{"id":{"S":"o-1"},"n":{"N":"7"},"note":{"S":"a \"quoted\" word"}},"OldImage":{"id":{"S":"o-1"},"n":{"N":"6.5"}},
    "SequenceNumber":"100000000000000000042","SizeBytes":31,"StreamViewType":"NEW_AND_OLD_IMAGES"},
    "eventSourceARN":"arn:aws:dynamodb:eu-west-1:000000000000:table/Orders/stream/2026-01-01T00:00:00.000"}
    """#

private func batch(_ records: String) throws -> HandlerBatch {
    try HandlerBatch(parsing: Array(#"{"Records":[\#(records)]}"#.utf8))
}

/// What a handler reads of the event that a Lambda function gets.
@Suite struct HandlerBatchTests {
    @Test func recordShowsWhatLambdaDelivers() throws {
        let record = try #require(try batch(record).records.first)
        #expect(record.eventName == .modify)
        #expect(record.eventID == "e1")
        #expect(record.region == "eu-west-1")
        #expect(record.tableName == "Orders")
        #expect(record.sequenceNumber == "100000000000000000042")
        #expect(record.createdMilliseconds == 1_767_225_600_000)
        #expect(record.sizeBytes == 31)
        #expect(record.streamViewType == "NEW_AND_OLD_IMAGES")
        #expect(record.keys["id"]?.string == "o-1")
        #expect(record.newImage?["n"]?.integer == 7)
        #expect(record.newImage?["note"]?.string == "a \"quoted\" word")
        #expect(record.oldImage?["n"]?.double == 6.5)
        #expect(record.oldImage?["missing"] == nil)
        #expect(!record.isTimeToLiveDelete)
    }

    @Test func recordKeepsItsOwnText() throws {
        let text = #"{"eventName":"INSERT", "dynamodb":{"SequenceNumber":"1"}}"#
        let records = try batch(record + "," + text).records
        #expect(records.count == 2)
        #expect(String(decoding: records[1].json, as: UTF8.self) == text)
    }

    @Test func whatARecordDoesNotHaveIsNil() throws {
        let record = try #require(try batch(#"{"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1"}}"#).records.first)
        #expect(record.newImage == nil && record.oldImage == nil)
        #expect(record.keys == .empty)
        #expect(record.tableName == nil)
        #expect(record.createdMilliseconds == 0)
        #expect(record.sizeBytes == 0)
    }

    @Test(
        "only DynamoDB's own removals are expiries",
        arguments: [
            ("REMOVE", #"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#, true),
            ("REMOVE", #"{"type":"Service","principalId":"other.amazonaws.com"}"#, false),
            ("REMOVE", #"{"type":"User","principalId":"dynamodb.amazonaws.com"}"#, false),
            ("REMOVE", "null", false),
            ("INSERT", #"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#, false),
        ])
    func expiry(event: String, identity: String, expected: Bool) throws {
        let text = #"{"eventName":"\#(event)","dynamodb":{"SequenceNumber":"1"},"userIdentity":\#(identity)}"#
        #expect(try batch(text).records.first?.isTimeToLiveDelete == expected)
    }

    @Test(
        "events that are none",
        arguments: [
            ("", HandlerPayloadError.notJSON(position: 0)), ("[]", .noRecords), ("{}", .noRecords),
            (#"{"Records":{}}"#, .noRecords),
            (#"{"Records":[{}]}"#, .recordIsIncomplete(index: 0, member: "eventName")),
            (#"{"Records":[1]}"#, .recordIsIncomplete(index: 0, member: "eventName")),
            (#"{"Records":[{"eventName":"UPSERT"}]}"#, .recordIsIncomplete(index: 0, member: "eventName")),
            (#"{"Records":[{"eventName":"INSERT"}]}"#, .recordIsIncomplete(index: 0, member: "dynamodb")),
            (
                #"{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":5}}]}"#,
                .recordIsIncomplete(index: 0, member: "dynamodb.SequenceNumber")
            ),
            (#"{"Records":[],"window":{}}"#, .windowIsIncomplete),
            (#"{"Records":[],"window":{"start":"a","end":"b"},"state":{}}"#, .windowIsIncomplete),
        ])
    func events(text: String, expected: HandlerPayloadError) {
        #expect(throws: expected) { try HandlerBatch(parsing: Array(text.utf8)) }
    }

    @Test func eventThatIsTooLargeIsRefused() {
        let text = [UInt8](repeating: 0x20, count: HandlerBatch.payloadBytesMax + 1)
        #expect(throws: HandlerPayloadError.tooLarge(bytes: text.count)) { try HandlerBatch(parsing: text) }
    }

    @Test func windowComesWithItsState() throws {
        let text = #"""
            {"Records":[],"window":{"start":"2020-07-30T17:00:00Z","end":"2020-07-30T17:05:00Z"},
            "state":{"total":{"N":"12"}},"shardId":"shardId-1","eventSourceARN":"arn","isFinalInvokeForWindow":true,
            "isWindowTerminatedEarly":false}
            """#
        let window = try #require(try HandlerBatch(parsing: Array(text.utf8)).window)
        #expect(window.start == "2020-07-30T17:00:00Z" && window.end == "2020-07-30T17:05:00Z")
        #expect(window.state.attributes?["total"]?.integer == 12)
        #expect(window.shardID == "shardId-1")
        #expect(window.isFinal && !window.isTerminatedEarly)
    }
}

/// Values by the type that a handler expects.
@Suite struct AttributeAccessTests {
    private let item: Item

    init() throws {
        item = try Item(
            json: #"""
                {"s":{"S":"x"},"n":{"N":"-12"},"f":{"N":"1.5"},"big":{"N":"12345678901234567890123"},"b":{"B":"AQI="},
                "t":{"BOOL":true},"u":{"NULL":true},"l":{"L":[{"S":"a"}]},"m":{"M":{"k":{"N":"1"}}},
                "ss":{"SS":["b","a"]},"ns":{"NS":["2","1"]}}
                """#)
    }

    @Test func valuesOfTheirType() {
        #expect(item["s"]?.string == "x")
        #expect(item["n"]?.integer == -12)
        #expect(item["n"]?.double == -12)
        #expect(item["f"]?.double == 1.5)
        #expect(item["big"]?.numberText == "12345678901234567890123")
        #expect(item["b"]?.binary == [1, 2])
        #expect(item["t"]?.boolean == true)
        #expect(item["u"]?.isNull == true)
        #expect(item["l"]?.list?.first?.string == "a")
        #expect(item["m"]?.map?["k"]?.integer == 1)
        #expect(item["ss"]?.strings == ["a", "b"])
        #expect(item["ns"]?.numberTexts == ["1", "2"])
    }

    @Test func otherTypesAreNil() {
        #expect(item["n"]?.string == nil)
        #expect(item["s"]?.integer == nil && item["s"]?.double == nil && item["s"]?.boolean == nil)
        #expect(item["f"]?.integer == nil)
        #expect(item["big"]?.integer == nil)
        #expect(item["s"]?.isNull == false)
        #expect(item["missing"]?.string == nil)
    }

    @Test func textThatIsNoItemIsRefused() {
        #expect(throws: ItemTextError.notJSON(position: 1)) { try Item(json: "{") }
        #expect(throws: ItemTextError.notAnItem(.noType)) { try Item(json: #"{"a":{}}"#) }
    }
}
