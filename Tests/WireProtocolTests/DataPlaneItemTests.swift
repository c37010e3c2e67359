import Foundation
import Partition
import Testing

@testable import WireProtocol

/// PutItem, GetItem, UpdateItem and DeleteItem from the request to the answer (reference `data-plane.md` 7).
@Suite("Data plane: single items")
struct DataPlaneItemTests {
    private let region: DataPlaneRegion
    private let key = #""TableName":"hash","Key":{"p":{"S":"x"}}"#

    init() throws {
        region = try DataPlaneRegion()
    }

    private func put(_ rest: String) throws { try region.put("hash", #"{"p":{"S":"x"}\#(rest)}"#) }
    private var stored: String? { get throws { try region.item("hash", #"{"p":{"S":"x"}}"#) } }

    @Test("what is put comes back as it was, numbers in normal form")
    func roundTrip() throws {
        let item =
            #"{"b":{"B":"AP8="},"bool":{"BOOL":false},"l":{"L":[{"S":""},{"N":"1"},{"NULL":true}]},"#
            + #""m":{"M":{"x":{"M":{}}}},"n":{"N":"42.12"},"ns":{"NS":["-1","2"]},"p":{"S":"x"},"ss":{"SS":["","é"]}}"#
        try region.put("hash", item.replacingOccurrences(of: "42.12", with: "0042.1200"))
        #expect(try stored == item)
    }

    @Test("put replaces, delete removes, a missing item is empty")
    func effects() throws {
        try region.expect(.getItem, "{\(key)}", answers: "{}")
        try put(#","a":{"N":"1"}"#)
        try put(#","b":{"N":"2"}"#)
        #expect(try stored == #"{"b":{"N":"2"},"p":{"S":"x"}}"#)
        try region.expect(.deleteItem, "{\(key)}", answers: "{}")
        #expect(try stored == nil)
        try region.expect(.deleteItem, "{\(key)}", answers: "{}")
    }

    @Test("projections of one item")
    func projection() throws {
        try put(#","a":{"N":"1"},"l":{"L":[{"S":"0"},{"S":"1"},{"S":"2"}]},"m.x":{"N":"3"}"#)
        try region.expect(
            .getItem, #"{\#(key),"ProjectionExpression":"l[2], l[0], zz"}"#,
            answers: #"{"Item":{"l":{"L":[{"S":"0"},{"S":"2"}]}}}"#)
        try region.expect(.getItem, #"{\#(key),"ProjectionExpression":"zz"}"#, answers: #"{"Item":{}}"#)
        try region.expect(
            .getItem, ##"{\##(key),"ProjectionExpression":"#m","ExpressionAttributeNames":{"#m":"m.x"}}"##,
            answers: #"{"Item":{"m.x":{"N":"3"}}}"#)
        try region.expect(
            .getItem, #"{\#(key),"AttributesToGet":["m.x","a"]}"#, answers: #"{"Item":{"a":{"N":"1"},"m.x":{"N":"3"}}}"#
        )
    }

    @Test("ReturnValues of put and delete")
    func oldItems() throws {
        let item = #""TableName":"hash","Item":{"p":{"S":"x"},"a":{"N":"1"}}"#
        try region.expect(.putItem, #"{\#(item),"ReturnValues":"ALL_OLD"}"#, answers: "{}")
        try region.expect(
            .putItem, #"{\#(item),"ReturnValues":"ALL_OLD"}"#, answers: #"{"Attributes":{"a":{"N":"1"},"p":{"S":"x"}}}"#
        )
        try region.expect(.putItem, #"{\#(item),"ReturnValues":"NONE"}"#, answers: "{}")
        try region.expect(
            .deleteItem, #"{\#(key),"ReturnValues":"ALL_OLD"}"#,
            answers: #"{"Attributes":{"a":{"N":"1"},"p":{"S":"x"}}}"#)
        try region.expect(.deleteItem, #"{\#(key),"ReturnValues":"ALL_OLD"}"#, answers: "{}")
        for values in ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"] {
            let message = "ReturnValues can only be ALL_OLD or NONE"
            try region.expect(.putItem, #"{\#(item),"ReturnValues":"\#(values)"}"#, fails: .validation, message)
            try region.expect(.deleteItem, #"{\#(key),"ReturnValues":"\#(values)"}"#, fails: .validation, message)
        }
    }

    private static let updateCases: [(values: String, expression: String, attributes: String?)] = [
        ("NONE", "SET a = :v", nil),
        (
            "ALL_OLD", "SET a = :v",
            #"{"a":{"N":"1"},"c":{"L":[{"S":"0"},{"S":"1"},{"S":"2"}]},"m":{"M":{"x":{"N":"5"},"y":{"N":"6"}}},"p":{"S":"x"}}"#
        ),
        ("ALL_NEW", "SET a = :v REMOVE c, m", #"{"a":{"N":"9"},"p":{"S":"x"}}"#),
        ("UPDATED_OLD", "SET a = :v", #"{"a":{"N":"1"}}"#),
        ("UPDATED_OLD", "SET fresh = :v", nil),
        ("UPDATED_OLD", "SET m.x = :v, c[1] = :v", #"{"c":{"L":[{"S":"1"}]},"m":{"M":{"x":{"N":"5"}}}}"#),
        ("UPDATED_NEW", "SET m.x = :v, c[1] = :v", #"{"c":{"L":[{"N":"9"}]},"m":{"M":{"x":{"N":"9"}}}}"#),
        ("UPDATED_NEW", "SET a = a, b = :v", #"{"a":{"N":"1"},"b":{"N":"9"}}"#),
        ("UPDATED_NEW", "SET b = :v REMOVE c[1]", #"{"b":{"N":"9"},"c":{"L":[{"S":"2"}]}}"#),
        ("UPDATED_NEW", "SET c[100] = :v", nil),
        ("UPDATED_NEW", "ADD a :v", #"{"a":{"N":"10"}}"#),
    ]

    @Test("ReturnValues of updates", arguments: updateCases)
    func updates(_ update: (values: String, expression: String, attributes: String?)) throws {
        try put(#","a":{"N":"1"},"c":{"L":[{"S":"0"},{"S":"1"},{"S":"2"}]},"m":{"M":{"x":{"N":"5"},"y":{"N":"6"}}}"#)
        try region.expect(
            .updateItem,
            #"{\#(key),"UpdateExpression":"\#(update.expression)","ExpressionAttributeValues":{":v":{"N":"9"}},"ReturnValues":"\#(update.values)"}"#,
            answers: update.attributes.map { #"{"Attributes":\#($0)}"# } ?? "{}")
    }

    @Test("updates of a missing item")
    func updatesOfNothing() throws {
        try region.expect(
            .updateItem, #"{\#(key),"UpdateExpression":"REMOVE a","ReturnValues":"ALL_NEW"}"#, answers: "{}")
        #expect(try stored == nil)
        try region.expect(.updateItem, #"{\#(key),"AttributeUpdates":{"a":{"Action":"DELETE"}}}"#, answers: "{}")
        #expect(try stored == nil)
        try region.expect(
            .updateItem, #"{\#(key),"ReturnValues":"ALL_NEW"}"#, answers: #"{"Attributes":{"p":{"S":"x"}}}"#)
        #expect(try stored == #"{"p":{"S":"x"}}"#)
        try region.expect(
            .updateItem,
            #"{\#(key),"UpdateExpression":"SET n = if_not_exists(n, :zero) + :one","ExpressionAttributeValues":{":zero":{"N":"0"},":one":{"N":"1"}},"ReturnValues":"UPDATED_NEW"}"#,
            answers: #"{"Attributes":{"n":{"N":"1"}}}"#)
    }

    @Test("legacy updates")
    func legacyUpdates() throws {
        try put(#","a":{"N":"1"},"b":{"SS":["x","y"]},"l":{"L":[]}"#)
        try region.expect(
            .updateItem,
            #"{\#(key),"AttributeUpdates":{"a":{"Action":"ADD","Value":{"N":"2"}},"b":{"Action":"DELETE","Value":{"SS":["x"]}},"l":{"Action":"ADD","Value":{"L":[{"S":"e"}]}},"c":{"Value":{"S":"new"}}},"ReturnValues":"UPDATED_NEW"}"#,
            answers: #"{"Attributes":{"a":{"N":"3"},"b":{"SS":["y"]},"c":{"S":"new"},"l":{"L":[{"S":"e"}]}}}"#)
        try region.expect(
            .updateItem, #"{\#(key),"AttributeUpdates":{"c":{"Action":"ADD","Value":{"N":"2"}}}}"#, fails: .validation,
            "Type mismatch for attribute to update")
        try region.expect(
            .updateItem, #"{\#(key),"AttributeUpdates":{"c":{"Action":"PUT"}}}"#, fails: .validation,
            "One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified"
        )
        try region.expect(
            .updateItem, #"{\#(key),"AttributeUpdates":{"c":{"Value":{"N":"x"}}}}"#, fails: .validation,
            "The parameter cannot be converted to a numeric value: x")
    }

    @Test("an item over 400 KB is refused, by an update too")
    func size() throws {
        let room = 409_600 - "p".count - "x".count - "a".count
        let longest = String(repeating: "y", count: room)
        try put(#","a":{"S":"\#(longest)"}"#)
        try region.expect(
            .putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"},"a":{"S":"\#(longest)y"}}}"#, fails: .validation,
            "Item size has exceeded the maximum allowed size")
        try region.expect(
            .updateItem, #"{\#(key),"UpdateExpression":"SET b = :v","ExpressionAttributeValues":{":v":{"S":""}}}"#,
            fails: .validation, "Item size to update has exceeded the maximum allowed size")
        // Lists of booleans count twice what they take.
        let booleans = Array(repeating: #"{"BOOL":true}"#, count: 204_790).joined(separator: ",")
        try put(#","a":{"L":[\#(booleans)]}"#)
        try region.expect(
            .putItem,
            #"{"TableName":"hash","Item":{"p":{"S":"x"},"a":{"L":[\#(booleans),\#(booleans.prefix(13 * 8 + 7))]}}}"#,
            fails: .validation, "Item size has exceeded the maximum allowed size")
    }

    private static let guarded: [(operation: DataOperation, rest: String)] = [
        (.putItem, #""Item":{"p":{"S":"x"},"a":{"N":"9"}}"#),
        (.updateItem, #""Key":{"p":{"S":"x"}},"UpdateExpression":"REMOVE a""#),
        (.deleteItem, #""Key":{"p":{"S":"x"}}"#),
    ]

    @Test("conditions of writes", arguments: guarded)
    func conditions(_ write: (operation: DataOperation, rest: String)) throws {
        let failing =
            #""TableName":"hash",\#(write.rest),"ConditionExpression":"a = :a","ExpressionAttributeValues":{":a":{"N":"2"}}"#
        let wanted = #""ReturnValuesOnConditionCheckFailure":"ALL_OLD""#
        let failed = #"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","#
        let missing = try region.send(write.operation, #"{\#(failing),\#(wanted)}"#)
        #expect(
            missing
                == WireResponse(
                    status: 400, body: Array((failed + #""message":"The conditional request failed"}"#).utf8)))
        try put(#","a":{"N":"1"}"#)
        let plain = try region.send(write.operation, "{\(failing)}")
        #expect(
            plain
                == WireResponse(
                    status: 400, body: Array((failed + #""message":"The conditional request failed"}"#).utf8)))
        let withItem = try region.send(write.operation, #"{\#(failing),\#(wanted)}"#)
        let item = #""Item":{"a":{"N":"1"},"p":{"S":"x"}}"#
        #expect(
            withItem
                == WireResponse(
                    status: 400, body: Array((failed + #""Message":"The conditional request failed",\#(item)}"#).utf8)))
        #expect(try stored == #"{"a":{"N":"1"},"p":{"S":"x"}}"#)
        try region.expect(
            write.operation,
            #"{"TableName":"hash",\#(write.rest),"ConditionExpression":"a = :a","ExpressionAttributeValues":{":a":{"N":"1.0"}}}"#,
            answers: "{}")
        #expect(try stored != #"{"a":{"N":"1"},"p":{"S":"x"}}"#)
    }

    @Test("legacy conditions")
    func expected() throws {
        try put(#","a":{"N":"1"}"#)
        let item = #""TableName":"hash","Item":{"p":{"S":"x"},"a":{"N":"2"}}"#
        try region.expect(
            .putItem, #"{\#(item),"Expected":{"a":{"Value":{"N":"7"}}}}"#, fails: .conditionalCheckFailed,
            "The conditional request failed")
        let either =
            #""Expected":{"a":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"0"}]},"z":{"Exists":false}}"#
        try region.expect(.putItem, #"{\#(item),\#(either),"ConditionalOperator":"AND"}"#, answers: "{}")
        try region.expect(
            .putItem,
            #"{\#(item),"Expected":{"a":{"Value":{"N":"7"}},"z":{"Exists":false}},"ConditionalOperator":"OR"}"#,
            answers: "{}")
        try region.expect(
            .deleteItem, #"{\#(key),"ConditionalOperator":"AND"}"#, fails: .validation,
            "ConditionalOperator cannot be used without Filter or Expected")
        try region.expect(
            .putItem, #"{\#(item),"Expected":{"a":{"Exists":true,"ComparisonOperator":"EQ"}}}"#, fails: .validation,
            "One or more parameter values were invalid: Exists and ComparisonOperator cannot be used together for Attribute: a"
        )
    }

    private static let misusedCases: [(operation: DataOperation, rest: String, message: String)] = [
        (
            .updateItem,
            #""Key":{"p":{"S":"x"}},"AttributeUpdates":{"a":{}},"Expected":{"a":{}},"UpdateExpression":"REMOVE a","ConditionExpression":"a = b""#,
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {AttributeUpdates, Expected} "
                + "Expression parameters: {UpdateExpression, ConditionExpression}"
        ),
        (
            .getItem, #""Key":{"p":{"S":"x"}},"AttributesToGet":["a"],"ProjectionExpression":"a""#,
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        ),
        (
            .updateItem, #""Key":{"p":{"S":"x"}},"ExpressionAttributeValues":{":a":{"S":"x"}}"#,
            "ExpressionAttributeValues can only be specified when using expressions: "
                + "UpdateExpression and ConditionExpression are null"
        ),
        (
            .deleteItem, #""Key":{"p":{"S":"x"}},"ExpressionAttributeValues":{":a":{"S":"x"}}"#,
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"
        ),
        (
            .getItem, ##""Key":{"p":{"S":"x"}},"ExpressionAttributeNames":{"#a":"a"}"##,
            "ExpressionAttributeNames can only be specified when using expressions"
        ),
        (
            .getItem, #""Key":{"p":{"S":"x"}},"ProjectionExpression":"a","ExpressionAttributeNames":{}"#,
            "ExpressionAttributeNames must not be empty"
        ),
        (
            .getItem, #""Key":{"p":{"S":"x"}},"AttributesToGet":["a","b","a"]"#,
            "One or more parameter values were invalid: Duplicate value in attribute name: a"
        ),
        (
            .getItem, #""Key":{"p":{}},"AttributesToGet":["a","a"]"#,
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        ),
        (
            .updateItem, #""Key":{"p":{"S":"x"}},"UpdateExpression":"SET a = a""#,
            "The provided expression refers to an attribute that does not exist in the item"
        ),
    ]

    @Test("misused parameters", arguments: misusedCases)
    func misused(_ request: (operation: DataOperation, rest: String, message: String)) throws {
        try region.expect(
            request.operation, #"{"TableName":"hash",\#(request.rest)}"#, fails: .validation, request.message)
    }

    @Test("a region that failed answers 500")
    func unknownOutcome() throws {
        let response = WriteAnswer.plain(.failed(.unknownOutcome))
        #expect(response.status == 500)
        #expect(WireFailure(response).kind == "InternalServerError")
        #expect(WriteAnswer.plain(.failed(.tableNotFound)) == WireError.resourceNotFound.response)
        #expect(WriteAnswer.plain(.done).status == 500)
    }
}
