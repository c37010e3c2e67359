/// The JSON types of the members of operations on items, from the service model.
extension DataOperation {
    var shape: Shape {
        switch self {
        case .putItem: Self.putItemShape
        case .getItem: Self.getItemShape
        case .updateItem: Self.updateItemShape
        case .deleteItem: Self.deleteItemShape
        case .query: Self.queryShape
        case .scan: Self.scanShape
        case .batchGetItem: Self.batchGetItemShape
        case .batchWriteItem: Self.batchWriteItemShape
        case .transactWriteItems: Self.transactWriteItemsShape
        case .transactGetItems: Self.transactGetItemsShape
        }
    }

    private static let names = Shape.map(.string)
    private static let condition = Shape.structure(
        "Condition", ["AttributeValueList": .list(.attributeValue), "ComparisonOperator": .string])
    private static let expectedValue = Shape.structure(
        "ExpectedAttributeValue",
        [
            "Value": .attributeValue, "Exists": .boolean, "ComparisonOperator": .string,
            "AttributeValueList": .list(.attributeValue),
        ])
    private static let valueUpdate = Shape.structure(
        "AttributeValueUpdate", ["Value": .attributeValue, "Action": .string])

    private static let expressionMembers: [String: Shape] = [
        "TableName": .string, "ConditionExpression": .string, "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": .attributes, "ReturnValuesOnConditionCheckFailure": .string,
    ]
    private static let writeMembers = expressionMembers.merging([
        "Expected": .map(expectedValue), "ConditionalOperator": .string, "ReturnValues": .string,
        "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string,
    ]) { _, new in new }
    private static let readMembers: [String: Shape] = [
        "TableName": .string, "AttributesToGet": .list(.string), "ConsistentRead": .boolean,
        "ReturnConsumedCapacity": .string, "ProjectionExpression": .string, "ExpressionAttributeNames": names,
    ]
    private static let rangeMembers = readMembers.merging([
        "IndexName": .string, "Select": .string, "Limit": .integer, "ExclusiveStartKey": .attributes,
        "ConditionalOperator": .string, "FilterExpression": .string, "ExpressionAttributeValues": .attributes,
    ]) { _, new in new }

    private static let putItemShape = request("PutItemInput", writeMembers, ["Item": .attributes])
    private static let getItemShape = request("GetItemInput", readMembers, ["Key": .attributes])
    private static let updateItemShape = request(
        "UpdateItemInput", writeMembers,
        ["Key": .attributes, "AttributeUpdates": .map(valueUpdate), "UpdateExpression": .string])
    private static let deleteItemShape = request("DeleteItemInput", writeMembers, ["Key": .attributes])
    private static let queryShape = request(
        "QueryInput", rangeMembers,
        [
            "KeyConditions": .map(condition), "QueryFilter": .map(condition), "ScanIndexForward": .boolean,
            "KeyConditionExpression": .string,
        ])
    private static let scanShape = request(
        "ScanInput", rangeMembers,
        ["ScanFilter": .map(condition), "TotalSegments": .integer, "Segment": .integer])
    private static let batchGetItemShape = request(
        "BatchGetItemInput", ["ReturnConsumedCapacity": .string],
        [
            "RequestItems": .map(
                .structure(
                    "KeysAndAttributes",
                    [
                        "Keys": .list(.attributes), "AttributesToGet": .list(.string), "ConsistentRead": .boolean,
                        "ProjectionExpression": .string, "ExpressionAttributeNames": names,
                    ]))
        ])
    private static let batchWriteItemShape = request(
        "BatchWriteItemInput", ["ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string],
        [
            "RequestItems": .map(
                .list(
                    .structure(
                        "WriteRequest",
                        [
                            "PutRequest": .structure("PutRequest", ["Item": .attributes]),
                            "DeleteRequest": .structure("DeleteRequest", ["Key": .attributes]),
                        ])))
        ])
    private static let transactWriteItemsShape = request(
        "TransactWriteItemsInput",
        ["ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string, "ClientRequestToken": .string],
        [
            "TransactItems": .list(
                .structure(
                    "TransactWriteItem",
                    [
                        "ConditionCheck": request("ConditionCheck", expressionMembers, ["Key": .attributes]),
                        "Put": request("Put", expressionMembers, ["Item": .attributes]),
                        "Delete": request("Delete", expressionMembers, ["Key": .attributes]),
                        "Update": request(
                            "Update", expressionMembers, ["Key": .attributes, "UpdateExpression": .string]),
                    ]))
        ])
    private static let transactGetItemsShape = request(
        "TransactGetItemsInput", ["ReturnConsumedCapacity": .string],
        [
            "TransactItems": .list(
                .structure(
                    "TransactGetItem",
                    [
                        "Get": .structure(
                            "Get",
                            [
                                "TableName": .string, "Key": .attributes, "ProjectionExpression": .string,
                                "ExpressionAttributeNames": names,
                            ])
                    ]))
        ])

    private static func request(_ name: String, _ members: [String: Shape], _ more: [String: Shape]) -> Shape {
        .structure(name, members.merging(more) { _, new in new })
    }
}
