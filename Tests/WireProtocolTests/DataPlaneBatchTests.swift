import Testing

@testable import WireProtocol

/// Reference `data-plane.md` 9.
@Suite("Data plane: batches")
struct DataPlaneBatchTests {
    private let region: DataPlaneRegion

    init() throws {
        region = try DataPlaneRegion()
    }

    private static func keys(_ numbers: Range<Int>) -> String {
        numbers.map { #"{"p":{"S":"\#($0)"}}"# }.joined(separator: ",")
    }

    private static func puts(_ numbers: Range<Int>) -> String {
        numbers.map { #"{"PutRequest":{"Item":{"p":{"S":"\#($0)"}}}}"# }.joined(separator: ",")
    }

    // MARK: BatchGetItem

    @Test("items of several tables; every table has an entry")
    func get() throws {
        try region.put("hash", #"{"p":{"S":"a"},"n":{"N":"1"}}"#)
        try region.put("sorted", #"{"p":{"S":"b"},"s":{"N":"1"},"n":{"N":"2"}}"#)
        try region.expect(
            .batchGetItem,
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"S":"a"}},{"p":{"S":"none"}}]},"#
                + #""sorted":{"Keys":[{"s":{"N":"1.0"},"p":{"S":"b"}}],"ProjectionExpression":"n","ConsistentRead":true},"#
                + #""binary":{"Keys":[{"p":{"B":"AA=="}}],"AttributesToGet":null}}}"#,
            answers:
                #"{"Responses":{"hash":[{"n":{"N":"1"},"p":{"S":"a"}}],"sorted":[{"n":{"N":"2"}}],"binary":[]},"UnprocessedKeys":{}}"#
        )
    }

    private static let getRefusals: [(body: String, message: String)] = [
        ("{}", "The requestItems parameter is required for BatchGetItem"),
        (#"{"RequestItems":{}}"#, "The requestItems parameter is required for BatchGetItem"),
        (
            #"{"RequestItems":{"hash":{}}}"#,
            "1 validation error detected: Value null at 'requestItems.hash.member.keys' failed to satisfy constraint: "
                + "Member must not be null"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[]}}}"#,
            "1 validation error detected: Value at 'RequestItems.hash.member.Keys' failed to satisfy constraint: "
                + "Member must have length greater than or equal to 1"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[\#(keys(0..<101))]}}}"#,
            "1 validation error detected: Value at 'RequestItems.hash.member.Keys' failed to satisfy constraint: "
                + "Member must have length less than or equal to 100"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[\#(keys(0..<60))]},"none":{"Keys":[\#(keys(0..<60))]}}}"#,
            "Too many items requested for the BatchGetItem call"
        ),
        (
            #"{"RequestItems":{"a b":{"Keys":[{"p":{"S":"x"}}]}}}"#,
            "1 validation error detected: Value '{a b={Keys=[{p={S=x}}]}}' at 'requestItems' failed to satisfy constraint: "
                + "Map keys must satisfy constraint: [Member must have length less than or equal to 255, "
                + "Member must have length greater than or equal to 1, "
                + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"S":"x"}},{"p":{"S":"x"}}]}}}"#,
            "Provided list of item keys contains duplicates"
        ),
        (
            #"{"RequestItems":{"sorted":{"Keys":[{"p":{"S":"x"},"s":{"N":"1"}},{"s":{"N":"1"},"p":{"S":"x"}}]}}}"#,
            "Provided list of item keys contains duplicates"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"S":"x"}}],"AttributesToGet":["p"],"ProjectionExpression":"p"}}}"#,
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"S":"x"}}],"AttributesToGet":["p"]},"sorted":{"Keys":[{"p":{"S":"x"}}],"ProjectionExpression":"p"}}}"#,
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"S":"x"}}],"ProjectionExpression":"a, a"}}}"#,
            "Invalid ProjectionExpression: Two document paths overlap with each other; "
                + "must remove or rewrite one of these paths; path one: [a], path two: [a]"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"N":"1"}}]}}}"#,
            "The provided key element does not match the schema"
        ),
        (
            #"{"RequestItems":{"hash":{"Keys":[{"p":{"S":""}}]}}}"#,
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                + "empty string value. Key: p"
        ),
    ]

    @Test("refused reads", arguments: getRefusals)
    func getRefusal(_ request: (body: String, message: String)) throws {
        try region.expect(.batchGetItem, request.body, fails: .validation, request.message)
    }

    @Test("numbers of keys are compared as they are written")
    func duplicateNumbers() throws {
        try region.put("sorted", #"{"p":{"S":"x"},"s":{"N":"1"}}"#)
        let item = #"{"p":{"S":"x"},"s":{"N":"1"}}"#
        try region.expect(
            .batchGetItem, #"{"RequestItems":{"sorted":{"Keys":[\#(item),{"p":{"S":"x"},"s":{"N":"1.0"}}]}}}"#,
            answers: #"{"Responses":{"sorted":[\#(item),\#(item)]},"UnprocessedKeys":{}}"#)
    }

    @Test("one unknown table fails the call")
    func unknownTable() throws {
        let keys = #"{"Keys":[{"p":{"S":"x"}}]}"#
        try region.expect(
            .batchGetItem, #"{"RequestItems":{"hash":\#(keys),"none":\#(keys)}}"#, fails: .resourceNotFound,
            "Requested resource not found")
        try region.expect(
            .batchWriteItem, #"{"RequestItems":{"hash":[\#(Self.puts(0..<1))],"none":[\#(Self.puts(0..<1))]}}"#,
            fails: .resourceNotFound, "Requested resource not found")
        #expect(try region.item("hash", #"{"p":{"S":"0"}}"#) == nil)
    }

    @Test("16 MB of items are returned, the other keys are left unprocessed")
    func responseLimit() throws {
        let padding = String(repeating: "x", count: 300 * 1024 - 20)
        for number in 0..<54 {
            try region.put("hash", #"{"p":{"S":"\#(number)"},"a":{"S":"\#(padding)"}}"#)
        }
        let more = ##""ConsistentRead":true,"ProjectionExpression":"#p","ExpressionAttributeNames":{"#p":"p"}"##
        let answer = try region.answer(
            .batchGetItem,
            #"{"RequestItems":{"hash":{"Keys":[\#(Self.keys(0..<54))],\#(more)},"binary":{"Keys":[{"p":{"B":"AA=="}}]}}}"#
        )
        #expect(answer.matches(of: /\{"p":\{"S":"\d+"\}\}/).count == 54)
        let unprocessed =
            #""UnprocessedKeys":{"hash":{"Keys":[{"p":{"S":"52"}},{"p":{"S":"53"}}],\#(more)},"binary":{"Keys":[{"p":{"B":"AA=="}}]}}}"#
        #expect(answer.hasSuffix(unprocessed), "\(answer.suffix(400))")
    }

    // MARK: BatchWriteItem

    @Test("puts and deletes in several tables")
    func write() throws {
        try region.put("hash", #"{"p":{"S":"gone"}}"#)
        try region.expect(
            .batchWriteItem,
            #"{"RequestItems":{"hash":[{"PutRequest":{"Item":{"p":{"S":"a"},"n":{"N":"1"}}}},{"DeleteRequest":{"Key":{"p":{"S":"gone"}}}}],"#
                + #""sorted":[{"PutRequest":{"Item":{"p":{"S":"b"},"s":{"N":"1"}}},"DeleteRequest":null}]}}"#,
            answers: #"{"UnprocessedItems":{}}"#)
        #expect(try region.item("hash", #"{"p":{"S":"a"}}"#) == #"{"n":{"N":"1"},"p":{"S":"a"}}"#)
        #expect(try region.item("hash", #"{"p":{"S":"gone"}}"#) == nil)
        #expect(try region.item("sorted", #"{"p":{"S":"b"},"s":{"N":"1"}}"#) != nil)
    }

    private static let mismatch = "The provided key element does not match the schema"
    private static let writeRefusals: [(requests: String, message: String)] = [
        (
            #""hash":[]"#,
            "1 validation error detected: Value '{hash=[]}' at 'requestItems' failed to satisfy constraint: "
                + "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
                + "Member must have length greater than or equal to 1]"
        ),
        (
            #""hash":[\#(puts(0..<20))],"sorted":[\#(puts(0..<20))]"#,
            "Too many items requested for the BatchWriteItem call"
        ),
        (
            #""hash":[{}]"#,
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        ),
        (
            #""hash":[{"PutRequest":{"Item":{"p":{"S":"x"}}},"DeleteRequest":{"Key":{"p":{"S":"y"}}}}]"#,
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        ),
        (
            #""hash":[{"PutRequest":{}}]"#,
            "1 validation error detected: Value null at 'requestItems.hash.member.1.member.putRequest.item' "
                + "failed to satisfy constraint: Member must not be null"
        ),
        (
            #""hash":[\#(puts(0..<2)),{"DeleteRequest":{"Key":{"p":{"S":"1"}}}}]"#,
            "Provided list of item keys contains duplicates"
        ),
        (
            #""sorted":[{"DeleteRequest":{"Key":{"p":{"S":"x"},"s":{"N":"1"}}}},{"DeleteRequest":{"Key":{"p":{"S":"x"},"s":{"N":"1.0"}}}}]"#,
            "Provided list of item keys contains duplicates"
        ),
        (#""hash":[{"PutRequest":{"Item":{"p":{"N":"1"}}}}]"#, mismatch),
        (#""hash":[{"PutRequest":{"Item":{"q":{"S":"x"}}}}]"#, mismatch),
        (#""hash":[{"DeleteRequest":{"Key":{"p":{"S":"x"},"q":{"S":"x"}}}}]"#, mismatch),
        (
            #""hash":[{"PutRequest":{"Item":{"p":{"S":""}}}}]"#,
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                + "empty string value. Key: p"
        ),
        (
            #""hash":[\#(puts(0..<1)),{"PutRequest":{"Item":{"p":{"S":"x"},"a":{"SS":["b","a","b"]}}}}]"#,
            "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."
        ),
        (
            #""hash":[{"PutRequest":{"Item":{"p":{"S":"x"},"a":{"S":"\#(String(repeating: "x", count: 409_600))"}}}}]"#,
            "Item size has exceeded the maximum allowed size"
        ),
        (
            #""hash":[\#(puts(0..<1))],"indexed":[{"PutRequest":{"Item":{"p":{"S":"x"},"s":{"S":"y"},"g":{"N":"1"}}}}]"#,
            "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: all"
        ),
    ]

    @Test("a faulty request refuses the whole batch", arguments: writeRefusals)
    func writeRefusal(_ batch: (requests: String, message: String)) throws {
        try region.expect(.batchWriteItem, #"{"RequestItems":{\#(batch.requests)}}"#, fails: .validation, batch.message)
        #expect(try region.item("hash", #"{"p":{"S":"0"}}"#) == nil)
    }

    @Test("more than 25 requests are shown in part")
    func tooMany() throws {
        let response = try region.send(.batchWriteItem, #"{"RequestItems":{"hash":[\#(Self.puts(0..<26))]}}"#)
        let message = try #require(WireFailure(response).message)
        #expect(
            message.hasPrefix("1 validation error detected: Value '{hash=[{PutRequest={Item={p={S=0}}}}, {PutRequest="))
        #expect(
            message.hasSuffix(
                "]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: "
                    + "[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
            ))
    }

    @Test("missing RequestItems", arguments: ["{}", #"{"RequestItems":{}}"#, #"{"RequestItems":null}"#])
    func missing(_ body: String) throws {
        try region.expect(
            .batchWriteItem, body, fails: .validation, "The requestItems parameter is required for BatchWriteItem")
    }
}
