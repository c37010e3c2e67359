import Bytes
import Partition
import Testing

@testable import WireProtocol

private let parameter = "One or more parameter values were invalid: "
private let startInvalid = "The provided starting key is invalid"
private let mismatch = "The provided key element does not match the schema"

/// A request on a table and what must come of it.
struct RangeCase: Sendable, CustomTestStringConvertible {
    let operation: DataOperation
    let rest: String
    let expected: String

    init(_ operation: DataOperation, _ rest: String, _ expected: String) {
        self.operation = operation
        self.rest = rest
        self.expected = expected
    }

    var testDescription: String { "\(operation.rawValue) \(rest)" }
}

/// Reference `data-plane.md` 5.6 and 8; the grammar of key conditions has its own tests.
@Suite("Data plane: Query")
struct DataPlaneQueryTests {
    private let region: DataPlaneRegion
    private static let byKey =
        #""TableName":"sorted","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"x"}}"#
    private static let byG =
        #""TableName":"indexed","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}}"#
    private static let local =
        #""TableName":"indexed","IndexName":"local","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"x"}}"#

    init() throws {
        region = try DataPlaneRegion()
        for number in 0..<5 {
            try region.put("sorted", #"{"p":{"S":"x"},"s":{"N":"\#(number)"},"n":{"N":"\#(number % 2)"}}"#)
            try region.put(
                "indexed",
                #"{"p":{"S":"x"},"s":{"S":"\#(number)"},"g":{"S":"g"},"l":{"N":"\#(-number)"},"colour":{"S":"red"},"note":{"S":"n"}}"#
            )
        }
        try region.put("sorted", #"{"p":{"S":"y"},"s":{"N":"9"}}"#)
        try region.put("indexed", #"{"p":{"S":"x"},"s":{"S":"unindexed"}}"#)
        try region.put("hash", #"{"p":{"S":"x"}}"#)
    }

    private static let answerCases: [RangeCase] = [
        RangeCase(
            .query, #"\#(byKey),"Limit":2"#,
            #"{"Items":[{"n":{"N":"0"},"p":{"S":"x"},"s":{"N":"0"}},{"n":{"N":"1"},"p":{"S":"x"},"s":{"N":"1"}}],"#
                + #""Count":2,"ScannedCount":2,"LastEvaluatedKey":{"p":{"S":"x"},"s":{"N":"1"}}}"#),
        RangeCase(
            .query, #"\#(byKey),"Select":"COUNT""#, #"{"Count":5,"ScannedCount":5}"#),
        RangeCase(
            .query, #"\#(byKey),"Select":"COUNT","Limit":5"#,
            #"{"Count":5,"ScannedCount":5,"LastEvaluatedKey":{"p":{"S":"x"},"s":{"N":"4"}}}"#),
        RangeCase(
            .query,
            #"\#(byKey),"ProjectionExpression":"s","ScanIndexForward":false,"Limit":2,"ExclusiveStartKey":{"p":{"S":"x"},"s":{"N":"3.5"}}"#,
            #"{"Items":[{"s":{"N":"3"}},{"s":{"N":"2"}}],"Count":2,"ScannedCount":2,"LastEvaluatedKey":{"p":{"S":"x"},"s":{"N":"2"}}}"#
        ),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditionExpression":"p = :p AND s > :s","FilterExpression":"n = :n","ExpressionAttributeValues":{":p":{"S":"x"},":s":{"N":"1"},":n":{"N":"1"}},"AttributesToGet":null,"ProjectionExpression":"s""#,
            #"{"Items":[{"s":{"N":"3"}}],"Count":1,"ScannedCount":3}"#),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]},"s":{"ComparisonOperator":"LE","AttributeValueList":[{"N":"1"}]}},"QueryFilter":{"n":{"ComparisonOperator":"NE","AttributeValueList":[{"N":"0"}]},"zz":{"ComparisonOperator":"NOT_NULL"}},"ConditionalOperator":"OR","AttributesToGet":["s"]"#,
            #"{"Items":[{"s":{"N":"1"}}],"Count":1,"ScannedCount":2}"#),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]}},"FilterExpression":"n = :n","ProjectionExpression":"s","ExpressionAttributeValues":{":n":{"N":"1"}}"#,
            #"{"Items":[{"s":{"N":"1"}},{"s":{"N":"3"}}],"Count":2,"ScannedCount":5}"#),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"none"}}"#,
            #"{"Items":[],"Count":0,"ScannedCount":0}"#),
        // A query that can find one item at most has no next page, because none could be asked for.
        RangeCase(
            .query,
            #""TableName":"hash","Limit":1,"KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"x"}}"#,
            #"{"Items":[{"p":{"S":"x"}}],"Count":1,"ScannedCount":1}"#),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","Limit":1"#,
            #"{"Items":[{"g":{"S":"g"},"p":{"S":"x"},"s":{"S":"0"}}],"Count":1,"ScannedCount":1,"#
                + #""LastEvaluatedKey":{"g":{"S":"g"},"p":{"S":"x"},"s":{"S":"0"}}}"#),
        RangeCase(
            .query, #"\#(byG),"IndexName":"some","Limit":1,"Select":"ALL_PROJECTED_ATTRIBUTES""#,
            #"{"Items":[{"colour":{"S":"red"},"g":{"S":"g"},"p":{"S":"x"},"s":{"S":"0"}}],"Count":1,"ScannedCount":1,"#
                + #""LastEvaluatedKey":{"g":{"S":"g"},"p":{"S":"x"},"s":{"S":"0"}}}"#),
        RangeCase(
            .query,
            #"\#(byG),"IndexName":"all","Select":"ALL_ATTRIBUTES","Limit":1,"ExclusiveStartKey":{"g":{"S":"g"},"l":{"N":"-1.5"},"p":{"S":"x"},"s":{"S":"any"}}"#,
            #"{"Items":[{"colour":{"S":"red"},"g":{"S":"g"},"l":{"N":"-1"},"note":{"S":"n"},"p":{"S":"x"},"s":{"S":"1"}}],"#
                + #""Count":1,"ScannedCount":1,"LastEvaluatedKey":{"g":{"S":"g"},"l":{"N":"-1"},"p":{"S":"x"},"s":{"S":"1"}}}"#
        ),
        RangeCase(
            .query, #"\#(local),"Limit":1,"ConsistentRead":true"#,
            #"{"Items":[{"l":{"N":"-4"},"p":{"S":"x"},"s":{"S":"4"}}],"Count":1,"ScannedCount":1,"#
                + #""LastEvaluatedKey":{"l":{"N":"-4"},"p":{"S":"x"},"s":{"S":"4"}}}"#),
        RangeCase(
            .query, #"\#(local),"Limit":1,"ProjectionExpression":"note""#,
            #"{"Items":[{"note":{"S":"n"}}],"Count":1,"ScannedCount":1,"LastEvaluatedKey":{"l":{"N":"-4"},"p":{"S":"x"},"s":{"S":"4"}}}"#
        ),
        RangeCase(
            .query, #"\#(local),"Limit":1,"Select":"ALL_ATTRIBUTES""#,
            #"{"Items":[{"colour":{"S":"red"},"g":{"S":"g"},"l":{"N":"-4"},"note":{"S":"n"},"p":{"S":"x"},"s":{"S":"4"}}],"#
                + #""Count":1,"ScannedCount":1,"LastEvaluatedKey":{"l":{"N":"-4"},"p":{"S":"x"},"s":{"S":"4"}}}"#),
        // On an index the table's key is an attribute like any other.
        RangeCase(
            .query,
            #""TableName":"indexed","IndexName":"keys","Select":"COUNT","KeyConditionExpression":"g = :g","FilterExpression":"s > :s","ExpressionAttributeValues":{":g":{"S":"g"},":s":{"S":"2"}}"#,
            #"{"Count":2,"ScannedCount":5}"#),
    ]

    @Test("answers", arguments: answerCases)
    func answer(_ query: RangeCase) throws {
        try region.expect(query.operation, "{\(query.rest)}", answers: query.expected)
    }

    @Test("pages join without gap or repetition", arguments: [1, 2, 3, 4, 5, 6], [true, false])
    func pages(_ limit: Int, _ isForward: Bool) throws {
        var found: [String] = []
        var start = ""
        for _ in 0..<10 {
            let answer = try region.answer(
                .query,
                #"{\#(Self.byKey),"Limit":\#(limit),"ScanIndexForward":\#(isForward),"ProjectionExpression":"s"\#(start)}"#
            )
            found += answer.matches(of: /\{"s":\{"N":"(\d)"\}\}/).map { String($0.1) }
            guard let key = answer.firstMatch(of: /"LastEvaluatedKey":(\{.*\})\}$/) else { break }
            start = #","ExclusiveStartKey":\#(key.1)"#
        }
        let all = ["0", "1", "2", "3", "4"]
        #expect(found == (isForward ? all : all.reversed()))
    }

    private static let refusalCases: [RangeCase] = [
        RangeCase(
            .query, #""TableName":"none""#,
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
        RangeCase(
            .query, #""TableName":"sorted","KeyConditions":{}"#, "Conditions can be of length 1 or 2 only"),
        RangeCase(
            .query, #"\#(byKey),"KeyConditions":{},"QueryFilter":{},"ConditionalOperator":"AND""#,
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
                + "{QueryFilter, ConditionalOperator, KeyConditions} Expression parameters: {KeyConditionExpression}"),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditions":{},"AttributesToGet":["a"],"FilterExpression":"a = b","ProjectionExpression":"a""#,
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
                + "{AttributesToGet} Expression parameters: {ProjectionExpression, FilterExpression}"),
        RangeCase(
            .query, #""TableName":"sorted","KeyConditions":{},"ExpressionAttributeValues":{":p":{"S":"x"}}"#,
            "ExpressionAttributeValues can only be specified when using expressions: "
                + "FilterExpression and KeyConditionExpression are null"),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditions":{"p":{"ComparisonOperator":"EQ"}},"ConditionalOperator":"OR""#,
            "ConditionalOperator cannot be used without Filter or Expected"),
        RangeCase(
            .query,
            #""TableName":"none","KeyConditionExpression":"p = :p OR s = :p","ExpressionAttributeValues":{":p":{"S":"x"}}"#,
            "Invalid operator used in KeyConditionExpression: OR"),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditionExpression":"s = :p","ExpressionAttributeValues":{":p":{"S":"x"}}"#,
            "Query condition missed key schema element: p"),
        RangeCase(
            .query, #"\#(byKey),"FilterExpression":"s > :p""#,
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: s"),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]}},"QueryFilter":{"p":{"ComparisonOperator":"NOT_NULL"}}"#,
            "QueryFilter can only contain non-primary key attributes: Primary key attribute: p"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"all","FilterExpression":"g = :g""#,
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: g"),
        RangeCase(.query, #"\#(byG),"IndexName":"nope""#, "The table does not have the specified index: nope"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"all","ConsistentRead":true"#,
            "Consistent reads are not supported on global secondary indexes"),
        RangeCase(
            .query, #"\#(byKey),"Select":"SPECIFIC_ATTRIBUTES""#,
            "1 validation error detected: "
                + "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"),
        RangeCase(
            .query, #"\#(byKey),"Select":"ALL_PROJECTED_ATTRIBUTES""#,
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"),
        RangeCase(
            .query, #"\#(byKey),"Select":"COUNT","ProjectionExpression":"n""#,
            "Cannot specify the ProjectionExpression when choosing to get COUNT"),
        RangeCase(
            .query, #""TableName":"sorted","KeyConditions":{},"Select":"ALL_ATTRIBUTES","AttributesToGet":["n"]"#,
            "Cannot specify the AttributesToGet when choosing to get ALL_ATTRIBUTES"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"some","Select":"ALL_ATTRIBUTES""#,
            parameter + "Select type ALL_ATTRIBUTES is not supported for global secondary index some "
                + "because its projection type is not ALL"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","ProjectionExpression":"note, g, colour.x""#,
            parameter + "Global secondary index keys does not project [note, colour]"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","FilterExpression":"note = :g AND colour = :g""#,
            parameter + "Secondary index keys does not project one or more filter attributes: [colour, note]"),
        RangeCase(
            .query, #"\#(byKey),"FilterExpression":"fly(a)""#,
            "Invalid FilterExpression: Invalid function name; function: fly"),
    ]

    @Test("refusals", arguments: refusalCases)
    func refusal(_ query: RangeCase) throws {
        try region.expect(query.operation, "{\(query.rest)}", fails: .validation, query.expected)
    }

    private static let startKeys: [RangeCase] = [
        RangeCase(.query, #"\#(byKey),"ExclusiveStartKey":{"p":{"S":"x"}}"#, startInvalid),
        RangeCase(.query, #"\#(byKey),"ExclusiveStartKey":{"p":{"S":"x"},"z":{"N":"1"}}"#, startInvalid),
        RangeCase(
            .query, #"\#(byKey),"ExclusiveStartKey":{"p":{"S":"x"},"s":{"N":"1"},"z":{"N":"1"}}"#, startInvalid),
        RangeCase(.query, #"\#(byKey),"ExclusiveStartKey":{"p":{"S":"x"},"s":{"S":"1"}}"#, mismatch),
        RangeCase(
            .query, #"\#(byKey),"ExclusiveStartKey":{"p":{}}"#,
            startInvalid + ": Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        RangeCase(
            .query, #"\#(byKey),"ExclusiveStartKey":{"p":{"S":"other"},"s":{"N":"1"}}"#,
            "The provided starting key is outside query boundaries based on provided conditions"),
        RangeCase(
            .query,
            #""TableName":"sorted","KeyConditionExpression":"p = :p AND s > :s","ExpressionAttributeValues":{":p":{"S":"x"},":s":{"N":"1"}},"ExclusiveStartKey":{"p":{"S":"x"},"s":{"N":"0"}}"#,
            "The provided starting key does not match the range key predicate"),
        RangeCase(
            .query,
            #""TableName":"hash","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"x"}},"ExclusiveStartKey":{"p":{"S":"x"}}"#,
            "The provided exclusive start key is invalid: ExclusiveStartKey: {p=AttributeValue: {S:x}}"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","ExclusiveStartKey":{"g":{"S":"g"},"s":{"S":"1"}}"#, startInvalid),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","ExclusiveStartKey":{"g":{"S":"h"},"p":{"S":"x"},"s":{"S":"1"}}"#,
            "The provided starting key is outside query boundaries based on provided conditions"),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","ExclusiveStartKey":{"g":{"N":"1"},"p":{"S":"x"},"s":{"S":"1"}}"#,
            mismatch),
        RangeCase(
            .query, #"\#(byG),"IndexName":"keys","ExclusiveStartKey":{"g":{"S":"g"},"p":{"N":"1"},"s":{"S":"1"}}"#,
            "\(startInvalid): \(mismatch)"),
        RangeCase(.scan, #""TableName":"sorted","ExclusiveStartKey":{"p":{"S":"x"}}"#, "\(startInvalid): \(mismatch)"),
        RangeCase(
            .scan, #""TableName":"sorted","ExclusiveStartKey":{"p":{"S":"x"},"s":{"S":"1"}}"#,
            "\(startInvalid): \(mismatch)"),
        RangeCase(
            .scan, #""TableName":"indexed","IndexName":"keys","ExclusiveStartKey":{"p":{"S":"x"},"s":{"S":"1"}}"#,
            startInvalid),
    ]

    @Test("start keys", arguments: startKeys)
    func startKey(_ query: RangeCase) throws {
        try region.expect(query.operation, "{\(query.rest)}", fails: .validation, query.expected)
    }

    @Test("an index is read when it is built, and not when it goes")
    func indexStatus() throws {
        let keys = DataPlaneTables.indexed.keySchema
        let region = try DataPlaneRegion([
            DataPlaneTables.table(
                1, "t", keys,
                global: [
                    DataPlaneTables.index(1, "young", ["g"], nil, .all, status: .creating),
                    DataPlaneTables.index(2, "old", ["g"], nil, .all, status: .deleting),
                ])
        ])
        for operation in [DataOperation.query, .scan] {
            let condition =
                operation == .scan
                ? "" : #","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}}"#
            try region.expect(
                operation, #"{"TableName":"t","IndexName":"young"\#(condition)}"#, fails: .validation,
                "Cannot read from backfilling global secondary index: young")
            try region.expect(
                operation, #"{"TableName":"t","IndexName":"old"\#(condition)}"#, fails: .validation,
                "The table does not have the specified index: old")
        }
    }
}
