import Partition
import Testing

@testable import WireProtocol

/// A request and the error that it must get.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
    let operation: DataOperation
    let body: String
    let kind: WireError.Kind
    let message: String?

    init(_ operation: DataOperation, _ body: String, _ message: String?, kind: WireError.Kind = .validation) {
        self.operation = operation
        self.body = body
        self.kind = kind
        self.message = message
    }

    var testDescription: String { "\(operation.rawValue) \(body.prefix(120))" }
}

private let null = "Member must not be null"

private func atTableName(_ value: String, _ constraint: String) -> String {
    "1 validation error detected: Value \(value) at 'tableName' failed to satisfy constraint: \(constraint)"
}

private func one(_ value: String, at path: String, _ constraint: String) -> String {
    "1 validation error detected: Value \(value) at '\(path)' failed to satisfy constraint: \(constraint)"
}

/// Reference `data-plane.md` 1.3 and 3.
@Suite("Data plane: members of requests")
struct DataPlaneConstraintTests {
    private static let singleTable: [DataOperation] = [.putItem, .getItem, .updateItem, .deleteItem, .query, .scan]

    @Test("the table's name is checked first and alone", arguments: singleTable)
    func tableName(_ operation: DataOperation) throws {
        let region = try DataPlaneRegion()
        let others = #""ReturnConsumedCapacity":"SOME""#
        let long = String(repeating: "a", count: 256)
        let longARN = "arn:" + String(repeating: "a", count: 1021)
        try region.expect(operation, "{\(others)}", fails: .validation, atTableName("null", null))
        try region.expect(
            operation, #"{"TableName":null,\#(others)}"#, fails: .validation, atTableName("null", null))
        try region.expect(
            operation, #"{"TableName":"",\#(others)}"#,
            atTableName("''", "Member must have length greater than or equal to 1"))
        try region.expect(
            operation, #"{"TableName":"\#(long)",\#(others)}"#,
            atTableName("'\(long)'", "Member must have length less than or equal to 255"))
        try region.expect(
            operation, #"{"TableName":"bad table!@#",\#(others)}"#,
            atTableName(
                "'bad table!@#'", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"))
        try region.expect(
            operation, #"{"TableName":"\#(longARN)",\#(others)}"#,
            atTableName("'\(longARN)'", "Member must have length less than or equal to 1024"))
    }

    private static let refusedCases: [RefusedRequest] = [
        RefusedRequest(.putItem, #"{"TableName":"hash"}"#, one("null", at: "item", null)),
        RefusedRequest(.getItem, #"{"TableName":"hash"}"#, one("null", at: "key", null)),
        RefusedRequest(.updateItem, #"{"TableName":"hash"}"#, one("null", at: "key", null)),
        RefusedRequest(.deleteItem, #"{"TableName":"hash"}"#, one("null", at: "key", null)),
        RefusedRequest(
            .putItem,
            #"{"TableName":"hash","ReturnValues":"A","ReturnConsumedCapacity":"B","ReturnItemCollectionMetrics":"C"}"#,
            "4 validation errors detected: "
                + "Value null at 'item' failed to satisfy constraint: Member must not be null; "
                + "Value 'B' at 'returnConsumedCapacity' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; "
                + "Value 'C' at 'returnItemCollectionMetrics' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [SIZE, NONE]; "
                + "Value 'A' at 'returnValues' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
        RefusedRequest(
            .deleteItem, #"{"TableName":"hash","Key":{},"ReturnValuesOnConditionCheckFailure":"X"}"#,
            one("'X'", at: "returnValuesOnConditionCheckFailure", "Member must satisfy enum value set: [ALL_OLD, NONE]")
        ),
        RefusedRequest(
            .deleteItem, #"{"TableName":"hash","Key":{},"ConditionalOperator":"XOR"}"#,
            one("'XOR'", at: "conditionalOperator", "Member must satisfy enum value set: [OR, AND]")),
        RefusedRequest(
            .putItem, #"{"TableName":"hash","Item":{},"Expected":{"a":{"ComparisonOperator":"FLY"}}}"#,
            one(
                "'FLY'", at: "expected.a.member.comparisonOperator",
                "Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, "
                    + "BEGINS_WITH, GE, CONTAINS]")),
        RefusedRequest(
            .updateItem, #"{"TableName":"hash","Key":{},"AttributeUpdates":{"a":{"Action":"FLY"}}}"#,
            one(
                "'FLY'", at: "attributeUpdates.a.member.action",
                "Member must satisfy enum value set: [ADD, PUT, DELETE]")),
        RefusedRequest(
            .getItem, #"{"TableName":"hash","Key":{},"AttributesToGet":[]}"#,
            one("'[]'", at: "attributesToGet", "Member must have length greater than or equal to 1")),
        RefusedRequest(
            .query, #"{"TableName":"hash","Select":"SOME"}"#,
            one(
                "'SOME'", at: "select",
                "Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"
            )),
        RefusedRequest(
            .query, #"{"TableName":"hash","Limit":0}"#,
            "1 validation error detected: Value at 'Limit' failed to satisfy constraint: "
                + "Member must have value greater than or equal to 1"),
        RefusedRequest(
            .scan, #"{"TableName":"hash","Limit":0}"#,
            one("'0'", at: "limit", "Member must have value greater than or equal to 1")),
        RefusedRequest(
            .query, #"{"TableName":"hash","IndexName":"i"}"#,
            one("'i'", at: "indexName", "Member must have length greater than or equal to 3")),
        RefusedRequest(
            .query, #"{"TableName":"hash","KeyConditions":{"p":{}}}"#,
            one("null", at: "keyConditions.p.member.comparisonOperator", null)),
        RefusedRequest(
            .scan, #"{"TableName":"hash","Segment":-1,"TotalSegments":1000001}"#,
            "2 validation errors detected: "
                + "Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0; "
                + "Value '1000001' at 'totalSegments' failed to satisfy constraint: "
                + "Member must have value less than or equal to 1000000"),
    ]

    @Test("constraints are reported together", arguments: refusedCases)
    func constraints(_ refused: RefusedRequest) throws {
        try DataPlaneRegion().expect(refused.operation, refused.body, fails: refused.kind, refused.message)
    }

    private static let bindingCases: [RefusedRequest] = [
        RefusedRequest(.getItem, #"{"TableName":1}"#, "NUMBER_VALUE cannot be converted to String"),
        RefusedRequest(.getItem, #"{"ConsistentRead":"maybe"}"#, "Unexpected token received from parser"),
        RefusedRequest(.getItem, #"{"Key":"x"}"#, "Unexpected field type"),
        RefusedRequest(.getItem, #"{"Key":{"p":"x"}}"#, "Unexpected value type in payload"),
        RefusedRequest(
            .getItem, #"{"Key":[]}"#,
            "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
        ),
        RefusedRequest(
            .putItem, #"{"Item":{"p":{"S":"x"},"a":{"N":3}}}"#, "NUMBER_VALUE cannot be converted to String"),
        RefusedRequest(.putItem, #"{"Item":{"a":{"S":"x","N":3}}}"#, "NUMBER_VALUE cannot be converted to String"),
        RefusedRequest(
            .putItem, ##"{"TableName":"","ExpressionAttributeNames":{"#a":1}}"##,
            "NUMBER_VALUE cannot be converted to String"),
        RefusedRequest(
            .updateItem, #"{"AttributeUpdates":{"a":[]}}"#,
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValueUpdate"),
        RefusedRequest(.query, #"{"Limit":"x"}"#, "STRING_VALUE cannot be converted to Integer"),
        RefusedRequest(.query, #"{"AttributesToGet":{}}"#, "Start of structure or map found where not expected"),
        RefusedRequest(
            .scan, #"{"ScanFilter":{"a":{"AttributeValueList":[{"S":true}]}}}"#,
            "TRUE_VALUE cannot be converted to String"),
        RefusedRequest(
            .batchGetItem, #"{"RequestItems":{"t":{"Keys":{}}}}"#, "Start of structure or map found where not expected"),
        RefusedRequest(.batchWriteItem, #"{"RequestItems":{"t":[1]}}"#, "Unexpected field type"),
        RefusedRequest(
            .transactWriteItems, #"{"TransactItems":[{"Put":{"Item":{"p":{"B":"abc"}}}}]}"#,
            "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
        RefusedRequest(
            .transactGetItems, #"{"TransactItems":[{"Get":{"Key":{"p":{"S":[]}}}}]}"#,
            "Unrecognized collection type class java.lang.String"),
    ]

    @Test("wrong JSON types come before everything else", arguments: bindingCases)
    func binding(_ refused: RefusedRequest) throws {
        try DataPlaneRegion().expect(refused.operation, refused.body, fails: .serialization, refused.message)
    }

    @Test("a request is an object", arguments: ["[]", "1", #""x""#, "true"])
    func root(_ body: String) throws {
        try DataPlaneRegion().expect(.getItem, body, fails: .serialization, "Unexpected token received from parser")
    }

    @Test("null members are absent and unknown members are ignored")
    func nulls() throws {
        let region = try DataPlaneRegion()
        try region.expect(
            .putItem,
            #"{"TableName":"hash","Item":{"p":{"S":"x","N":null},"a":null},"ConditionExpression":null,"Colour":[1]}"#,
            answers: "{}")
        try region.expect(
            .getItem, #"{"TableName":"hash","Key":{"p":{"S":"x"}},"ConsistentRead":"yes","ProjectionExpression":null}"#,
            answers: #"{"Item":{"p":{"S":"x"}}}"#)
    }

    private static let orderCases: [RefusedRequest] = [
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{"p":{}},"Expected":{"a":{"Exists":false}},"ConditionExpression":"a"}"#,
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"),
        RefusedRequest(
            .putItem, ##"{"TableName":"none","Item":{"p":{}},"ExpressionAttributeNames":{"#a":"a"}}"##,
            "ExpressionAttributeNames can only be specified when using expressions"),
        RefusedRequest(
            .putItem, #"{"TableName":"none","Item":{"p":{}},"ReturnValues":"ALL_NEW"}"#,
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{"p":{"S":"\#(String(repeating: "x", count: 409_600))"}},"ReturnValues":"ALL_NEW"}"#,
            "ReturnValues can only be ALL_OLD or NONE"),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{"p":{"S":"\#(String(repeating: "x", count: 409_600))"}},"ConditionExpression":"a"}"#,
            "Item size has exceeded the maximum allowed size"),
        RefusedRequest(
            .putItem, #"{"TableName":"none","Item":{},"Expected":{"a":{}}}"#,
            "One or more parameter values were invalid: Value must be provided when Exists is null for Attribute: a"),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{},"ConditionExpression":"a =","ExpressionAttributeNames":{"a":"x"},"ExpressionAttributeValues":{"a":{}}}"#,
            #"ExpressionAttributeNames contains invalid key: Syntax error; key: "a""#),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{},"ConditionExpression":"a =","ExpressionAttributeValues":{"a":{}}}"#,
            #"ExpressionAttributeValues contains invalid key: Syntax error; key: "a""#),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{},"ConditionExpression":"a =","ExpressionAttributeValues":{":a":{"N":"x"}}}"#,
            "ExpressionAttributeValues contains invalid value: "
                + "The parameter cannot be converted to a numeric value: x for key :a"),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{},"ConditionExpression":"a =","ExpressionAttributeValues":{":a":{"N":"1"}}}"#,
            #"Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "=""#),
        RefusedRequest(
            .putItem,
            ##"{"TableName":"none","Item":{},"ConditionExpression":"a = b","ExpressionAttributeNames":{"#a":"x"},"ExpressionAttributeValues":{":a":{"N":"1"}}}"##,
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
        RefusedRequest(
            .putItem,
            #"{"TableName":"none","Item":{},"ConditionExpression":"a = b","ExpressionAttributeValues":{":a":{"N":"1"}}}"#,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}"),
        RefusedRequest(
            .putItem, #"{"TableName":"none","Item":{"other":{"S":"x"}}}"#, "Requested resource not found",
            kind: .resourceNotFound),
        RefusedRequest(
            .putItem, #"{"TableName":"hash","Item":{"p":{"N":"1"}},"ConditionExpression":"attribute_exists(z)"}"#,
            "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"),
        RefusedRequest(
            .putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"}},"ConditionExpression":"attribute_exists(z)"}"#,
            "The conditional request failed", kind: .conditionalCheckFailed),
    ]

    @Test("the first fault in the order of checks is reported", arguments: orderCases)
    func order(_ refused: RefusedRequest) throws {
        try DataPlaneRegion().expect(refused.operation, refused.body, fails: refused.kind, refused.message)
    }

    @Test("tables are found by ARN, and only while they serve items")
    func tables() throws {
        let region = try DataPlaneRegion([
            DataPlaneTables.hash,
            DataPlaneTables.table(2, "creating", DataPlaneTables.hash.keySchema, status: .creating),
            DataPlaneTables.table(3, "updating", DataPlaneTables.hash.keySchema, status: .updating),
            DataPlaneTables.table(4, "deleting", DataPlaneTables.hash.keySchema, status: .deleting),
        ])
        let item = #""Item":{"p":{"S":"x"}}"#
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/hash"
        try region.expect(.putItem, #"{"TableName":"\#(arn)",\#(item)}"#, answers: "{}")
        #expect(try region.item("hash", #"{"p":{"S":"x"}}"#) == #"{"p":{"S":"x"}}"#)
        try region.expect(.putItem, #"{"TableName":"updating",\#(item)}"#, answers: "{}")
        for name in ["creating", "deleting", "none", "arn:aws:dynamodb:eu-west-1:000000000000:table/hash", "arn:"] {
            try region.expect(
                .putItem, #"{"TableName":"\#(name)",\#(item)}"#, fails: .resourceNotFound,
                "Requested resource not found")
        }
    }
}
