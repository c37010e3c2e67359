import Foundation
import Testing

@testable import WireProtocol

private let cancelled = "Transaction cancelled, please refer cancellation reasons for specific reasons "
private let mismatch = "The provided key element does not match the schema"

/// Reference `data-plane.md` 10.
@Suite("Data plane: transactions")
struct DataPlaneTransactionTests {
    private let region: DataPlaneRegion

    init() throws {
        region = try DataPlaneRegion()
    }

    private static func put(_ p: String, _ rest: String = "") -> String {
        #"{"Put":{"TableName":"hash","Item":{"p":{"S":"\#(p)"}}\#(rest)}}"#
    }

    private func write(_ actions: [String], _ rest: String = "") -> String {
        #"{"TransactItems":[\#(actions.joined(separator: ","))]\#(rest)}"#
    }

    private func item(_ p: String) throws -> String? { try region.item("hash", #"{"p":{"S":"\#(p)"}}"#) }

    @Test("all actions take effect together")
    func commit() throws {
        try region.put("hash", #"{"p":{"S":"updated"},"n":{"N":"1"}}"#)
        try region.put("hash", #"{"p":{"S":"deleted"}}"#)
        try region.put("hash", #"{"p":{"S":"checked"},"ok":{"BOOL":true}}"#)
        let actions = [
            Self.put("new"),
            ##"{"Update":{"TableName":"hash","Key":{"p":{"S":"updated"}},"UpdateExpression":"SET #n = #n + :one","ExpressionAttributeNames":{"#n":"n"},"ExpressionAttributeValues":{":one":{"N":"1"}}}}"##,
            #"{"Delete":{"TableName":"hash","Key":{"p":{"S":"deleted"}}}}"#,
            #"{"ConditionCheck":{"TableName":"hash","Key":{"p":{"S":"checked"}},"ConditionExpression":"attribute_exists(ok)"}}"#,
            #"{"Put":{"TableName":"sorted","Item":{"p":{"S":"x"},"s":{"N":"1"}}}}"#,
        ]
        try region.expect(.transactWriteItems, write(actions), answers: "{}")
        #expect(try item("new") == #"{"p":{"S":"new"}}"#)
        #expect(try item("updated") == #"{"n":{"N":"2"},"p":{"S":"updated"}}"#)
        #expect(try item("deleted") == nil)
        #expect(try region.item("sorted", #"{"p":{"S":"x"},"s":{"N":"1"}}"#) != nil)
    }

    @Test("all failed conditions are reported, with the items that are wanted")
    func failedConditions() throws {
        try region.put("hash", #"{"p":{"S":"a"},"n":{"N":"1"}}"#)
        try region.put("hash", #"{"p":{"S":"b"}}"#)
        let missing = #","ConditionExpression":"attribute_not_exists(p)""#
        let actions = [
            Self.put("new", missing), Self.put("a", missing + #","ReturnValuesOnConditionCheckFailure":"ALL_OLD""#),
            Self.put("b", missing),
            #"{"ConditionCheck":{"TableName":"hash","Key":{"p":{"S":"none"}},"ConditionExpression":"attribute_exists(p)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}"#,
        ]
        let response = try region.send(.transactWriteItems, write(actions))
        let failed = #"{"Code":"ConditionalCheckFailed","Message":"The conditional request failed""#
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","#
                + #""Message":"\#(cancelled)[None, ConditionalCheckFailed, ConditionalCheckFailed, ConditionalCheckFailed]","#
                + #""CancellationReasons":[{"Code":"None"},\#(failed),"Item":{"n":{"N":"1"},"p":{"S":"a"}}},\#(failed)},\#(failed)}]}"#
        )
        #expect(response.status == 400)
        #expect(try item("new") == nil)
    }

    private static let cancellationCases: [(action: String, message: String)] = [
        (
            #"{"Put":{"TableName":"hash","Item":{"p":{"N":"5"}}}}"#,
            "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"
        ),
        (
            #"{"Put":{"TableName":"hash","Item":{"q":{"N":"5"}}}}"#,
            "One or more parameter values were invalid: Missing the key p in the item"
        ),
        (
            #"{"Put":{"TableName":"hash","Item":{"p":{"S":"\#(String(repeating: "x", count: 2049))"}}}}"#,
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
        ),
        (#"{"Delete":{"TableName":"hash","Key":{"p":{"N":"5"}}}}"#, mismatch),
        (#"{"Update":{"TableName":"hash","Key":{},"UpdateExpression":"REMOVE a"}}"#, mismatch),
        (
            #"{"ConditionCheck":{"TableName":"hash","Key":{"p":{"L":[]}},"ConditionExpression":"attribute_exists(p)"}}"#,
            mismatch
        ),
        (
            #"{"Put":{"TableName":"indexed","Item":{"p":{"S":"x"},"s":{"S":"y"},"g":{"N":"1"}}}}"#,
            "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: all"
        ),
        (
            #"{"Update":{"TableName":"indexed","Key":{"p":{"S":"x"},"s":{"S":"y"}},"UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}}"#,
            "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: all"
        ),
        (
            #"{"Update":{"TableName":"hash","Key":{"p":{"S":"x"}},"UpdateExpression":"SET p = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}}"#,
            "One or more parameter values were invalid: Cannot update attribute p. This attribute is part of the key"
        ),
        (
            #"{"Update":{"TableName":"hash","Key":{"p":{"S":"x"}},"UpdateExpression":"SET a = b"}}"#,
            "The provided expression refers to an attribute that does not exist in the item"
        ),
        (
            #"{"Update":{"TableName":"hash","Key":{"p":{"S":"x"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"S":"\#(String(repeating: "x", count: 409_600))"}}}}"#,
            "Item size to update has exceeded the maximum allowed size"
        ),
    ]

    @Test("an action that its table or item refuses cancels the transaction", arguments: cancellationCases)
    func cancellation(_ faulty: (action: String, message: String)) throws {
        let failing = Self.put("x", #","ConditionExpression":"attribute_exists(zz)""#)
        let response = try region.send(
            .transactWriteItems,
            write([Self.put("first"), faulty.action, failing.replacingOccurrences(of: #""x""#, with: #""y""#)]))
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","#
                + #""Message":"\#(cancelled)[None, ValidationError, None]","#
                + #""CancellationReasons":[{"Code":"None"},{"Code":"ValidationError","Message":"\#(faulty.message)"},{"Code":"None"}]}"#
        )
        #expect(try item("first") == nil)
    }

    @Test("the first faulty action is the only one that is reported")
    func firstFaultyAction() throws {
        let faulty = #"{"Delete":{"TableName":"hash","Key":{"p":{"N":"1"}}}}"#
        let missing = #"{"Update":{"TableName":"hash","Key":{"p":{"S":"x"}},"UpdateExpression":"SET a = b"}}"#
        for actions in [
            [Self.put("a"), faulty, faulty],
            [Self.put("a"), missing, missing.replacingOccurrences(of: #""x""#, with: #""y""#)],
        ] {
            try region.expect(
                .transactWriteItems, write(actions), fails: .transactionCanceled,
                cancelled + "[None, ValidationError, None]")
        }
    }

    private static func constraint(_ value: String, at path: String, _ constraint: String) -> String {
        "1 validation error detected: Value \(value) at '\(path)' failed to satisfy constraint: \(constraint)"
    }

    private static let null = "Member must not be null"
    private static let emptyKey =
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
        + "empty string value. Key: p"
    private static let refusalCases: [(body: String, message: String)] = [
        ("{}", constraint("null", at: "transactItems", null)),
        (
            #"{"TransactItems":[]}"#,
            constraint("'[]'", at: "transactItems", "Member must have length greater than or equal to 1")
        ),
        (
            #"{"TransactItems":[],"ClientRequestToken":"","ReturnConsumedCapacity":"A","ReturnItemCollectionMetrics":"B"}"#,
            "4 validation errors detected: "
                + "Value '' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 1; "
                + "Value 'A' at 'returnConsumedCapacity' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; "
                + "Value 'B' at 'returnItemCollectionMetrics' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [SIZE, NONE]; "
                + "Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
        (
            #"{"TransactItems":[\#(put("a")),{"ConditionCheck":{"TableName":"hash","Key":{"p":{"S":"b"}}}}]}"#,
            constraint("null", at: "transactItems.2.member.conditionCheck.conditionExpression", null)
        ),
        (
            #"{"TransactItems":[{"Update":{"TableName":"hash","Key":{"p":{"S":"b"}}}}]}"#,
            constraint("null", at: "transactItems.1.member.update.updateExpression", null)
        ),
        (
            #"{"TransactItems":[{"Put":{"Item":{"p":{"S":"b"}}}}]}"#,
            constraint("null", at: "transactItems.1.member.put.tableName", null)
        ),
        (
            #"{"TransactItems":[{"Delete":{"TableName":"hash"}}]}"#,
            constraint("null", at: "transactItems.1.member.delete.key", null)
        ),
        (
            #"{"TransactItems":[\#(put("a", #","ReturnValuesOnConditionCheckFailure":"X""#))]}"#,
            constraint(
                "'X'", at: "transactItems.1.member.put.returnValuesOnConditionCheckFailure",
                "Member must satisfy enum value set: [ALL_OLD, NONE]")
        ),
        (#"{"TransactItems":[{}]}"#, "TransactItems can only contain one of Check, Put, Update or Delete"),
        (
            #"{"TransactItems":[{"Put":{"TableName":"hash","Item":{}},"Delete":{"TableName":"hash","Key":{}}}]}"#,
            "TransactItems can only contain one of Check, Put, Update or Delete"
        ),
        (
            #"{"TransactItems":[\#(put("a", #","ConditionExpression":"a =""#)),{"Put":{"TableName":"none","Item":{"p":{}}}}]}"#,
            #"Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "=""#
        ),
        (
            #"{"TransactItems":[{"Put":{"TableName":"none","Item":{"p":{}}}},\#(put("a", #","ConditionExpression":"a =""#))]}"#,
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        ),
        (
            #"{"TransactItems":[{"Put":{"TableName":"none","Item":{"p":{}},"ConditionExpression":"a = :a","ExpressionAttributeValues":{":a":{"S":"x"},":b":{"S":"x"}}}}]}"#,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"
        ),
        (
            #"{"TransactItems":[{"Put":{"TableName":"none","Item":{"p":{"S":"\#(String(repeating: "x", count: 409_600))"}}}}]}"#,
            "Item size has exceeded the maximum allowed size"
        ),
        (
            #"{"TransactItems":[\#(put("a")),\#(put("a"))]}"#,
            "Transaction request cannot include multiple operations on one item"
        ),
        (
            #"{"TransactItems":[{"Put":{"TableName":"hash","Item":{"p":{"N":"1"}}}},\#(put("a")),{"ConditionCheck":{"TableName":"hash","Key":{"p":{"S":"a"}},"ConditionExpression":"attribute_exists(p)"}}]}"#,
            "Transaction request cannot include multiple operations on one item"
        ),
        (#"{"TransactItems":[\#(put(""))]}"#, emptyKey),
        (
            #"{"TransactItems":[{"Put":{"TableName":"hash","Item":{"p":{"N":"1"}}}},{"Delete":{"TableName":"hash","Key":{"p":{"S":""}}}}]}"#,
            emptyKey
        ),
        (
            #"{"TransactItems":[{"Put":{"TableName":"indexed","Item":{"p":{"S":"x"},"s":{"S":"y"},"g":{"S":""}}}}]}"#,
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
                + "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: all, IndexKey: g"
        ),
    ]

    @Test("faults of the request", arguments: refusalCases)
    func refusal(_ request: (body: String, message: String)) throws {
        try region.expect(.transactWriteItems, request.body, fails: .validation, request.message)
    }

    @Test("more than 100 actions, and more than 4 MB")
    func limits() throws {
        let many = (0..<101).map { Self.put("\($0)") }
        let message = try #require(WireFailure(try region.send(.transactWriteItems, write(many))).message)
        #expect(message.hasPrefix("1 validation error detected: Value '[{Put={TableName=hash, Item={p={S=0}}}}, "))
        #expect(
            message.hasSuffix(
                "]' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100")
        )
        try region.expect(.transactWriteItems, write(Array(many.dropLast())), answers: "{}")

        let padding = String(repeating: "x", count: 350_000)
        func big(_ count: Int) -> String {
            write(
                (0..<count).map {
                    #"{"Put":{"TableName":"hash","Item":{"p":{"S":"big-\#($0)"},"a":{"S":"\#(padding)"}}}}"#
                })
        }
        try region.expect(.transactWriteItems, big(11), answers: "{}")
        try region.expect(
            .transactWriteItems, big(12), fails: .validation, "Transaction request size cannot exceed 4194304 bytes")
        // Deleting more than that is fine; reading it at once is not.
        let keys = (0..<11).map { #"{"TableName":"hash","Key":{"p":{"S":"big-\#($0)"}}}"# }
        try region.put("hash", #"{"p":{"S":"big-11"},"a":{"S":"\#(padding)"}}"#)
        let all = keys + [#"{"TableName":"hash","Key":{"p":{"S":"big-11"}}}"#]
        let read = #"{"TransactItems":[\#(all.map { #"{"Get":\#($0)}"# }.joined(separator: ","))]}"#
        try region.expect(
            .transactGetItems, read, fails: .validation,
            "The aggregate size of the items in the transaction cannot exceed 4194304 bytes")
        try region.expect(.transactWriteItems, write(all.map { #"{"Delete":\#($0)}"# }), answers: "{}")
        #expect(try item("big-0") == nil)
    }

    @Test("an unknown table")
    func unknownTable() throws {
        try region.expect(
            .transactWriteItems, write([Self.put(""), #"{"Delete":{"TableName":"none","Key":{"p":{"S":"x"}}}}"#]),
            fails: .resourceNotFound, "Requested resource not found")
    }

    // MARK: Client tokens

    @Test("a token makes a request happen once")
    func token() throws {
        let token = #","ClientRequestToken":"token-1""#
        let update =
            #"{"Update":{"TableName":"hash","Key":{"p":{"S":"x"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}"#
        try region.expect(.transactWriteItems, write([update], token), answers: "{}")
        try region.expect(.transactWriteItems, write([update], token), answers: "{}")
        // The same request, written in another way.
        let rewritten =
            #"{ "ClientRequestToken" : "token-1", "TransactItems":[{"Put":null,"Update":{"UpdateExpression":"ADD n \u003aone","Key":{"p":{"S":"x"}},"ExpressionAttributeValues":{":one":{"N":"1"}},"TableName":"hash"}}]}"#
        try region.expect(.transactWriteItems, rewritten, answers: "{}")
        #expect(try item("x") == #"{"n":{"N":"1"},"p":{"S":"x"}}"#)
        let response = try region.send(.transactWriteItems, write([update, Self.put("y")], token))
        #expect(WireFailure(response).kind == "IdempotentParameterMismatchException")
        #expect(WireFailure(response).description.contains(#""Message":"#))
        region.advance(milliseconds: 10 * 60 * 1000 + 10)
        try region.expect(.transactWriteItems, write([update], token), answers: "{}")
        #expect(try item("x") == #"{"n":{"N":"2"},"p":{"S":"x"}}"#)
    }

    @Test("without a token nothing is remembered; a failed request neither")
    func noToken() throws {
        let put = Self.put("x", #","ConditionExpression":"attribute_not_exists(p)""#)
        let token = #","ClientRequestToken":"token-2""#
        try region.put("hash", #"{"p":{"S":"x"}}"#)
        try region.expect(
            .transactWriteItems, write([put], token), fails: .transactionCanceled,
            cancelled + "[ConditionalCheckFailed]")
        _ = try region.answer(.deleteItem, #"{"TableName":"hash","Key":{"p":{"S":"x"}}}"#)
        try region.expect(.transactWriteItems, write([put], token), answers: "{}")
        try region.expect(
            .transactWriteItems, write([put]), fails: .transactionCanceled, cancelled + "[ConditionalCheckFailed]")
    }

    // MARK: TransactGetItems

    @Test("items in order of the request, missing ones empty")
    func get() throws {
        try region.put("hash", #"{"p":{"S":"a"},"n":{"N":"1"}}"#)
        try region.put("sorted", #"{"p":{"S":"b"},"s":{"N":"1"}}"#)
        try region.expect(
            .transactGetItems,
            ##"{"TransactItems":[{"Get":{"TableName":"sorted","Key":{"p":{"S":"b"},"s":{"N":"1"}}}},{"Get":{"TableName":"hash","Key":{"p":{"S":"none"}}}},{"Get":{"TableName":"hash","Key":{"p":{"S":"a"}},"ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":"n"}}}]}"##,
            answers: #"{"Responses":[{"Item":{"p":{"S":"b"},"s":{"N":"1"}}},{},{"Item":{"n":{"N":"1"}}}]}"#)
    }

    private static func get(_ key: String, _ rest: String = "", table: String = "hash") -> String {
        #"{"Get":{"TableName":"\#(table)","Key":\#(key)\#(rest)}}"#
    }

    private static let getRefusals: [(items: String, kind: WireError.Kind, message: String)] = [
        (
            "", .validation,
            constraint("'[]'", at: "transactItems", "Member must have length greater than or equal to 1")
        ),
        ("{}", .validation, constraint("null", at: "transactItems.1.member.get", null)),
        (#"{"Get":{"TableName":"hash"}}"#, .validation, constraint("null", at: "transactItems.1.member.get.key", null)),
        (
            get("{}", #","ProjectionExpression":"!!!""#), .validation,
            #"Invalid ProjectionExpression: Syntax error; token: "!", near: "!!""#
        ),
        (get(#"{"p":{"S":"x"}}"#, table: "none"), .resourceNotFound, "Requested resource not found"),
        (get(#"{"p":{"S":""}}"#), .validation, emptyKey),
        (get("{}") + "," + get(#"{"p":{"S":"a"}}"#), .transactionCanceled, cancelled + "[ValidationError, None]"),
        (
            get(#"{"p":{"S":"a"}}"#) + "," + get(#"{"p":{"S":"a"}}"#), .validation,
            "Transaction request cannot include multiple operations on one item"
        ),
    ]

    @Test("refused reads", arguments: getRefusals)
    func getRefusal(_ request: (items: String, kind: WireError.Kind, message: String)) throws {
        try region.expect(
            .transactGetItems, #"{"TransactItems":[\#(request.items)]}"#, fails: request.kind, request.message)
    }
}
