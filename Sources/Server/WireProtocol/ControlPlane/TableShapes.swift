/// The JSON types of the members of table operations, from the service model.
enum TableShapes {
    static func request(of operation: TableOperation) -> Shape {
        switch operation {
        case .createTable: createTable
        case .updateTable: updateTable
        case .describeTable, .deleteTable, .describeTimeToLive, .describeContinuousBackups,
            .describeTableReplicaAutoScaling:
            named
        case .updateTimeToLive: updateTimeToLive
        case .updateContinuousBackups: updateContinuousBackups
        case .updateTableReplicaAutoScaling: updateReplicaAutoScaling
        case .listTables: listTables
        case .tagResource: tagResource
        case .untagResource: untagResource
        case .listTagsOfResource: listTags
        case .describeLimits, .describeEndpoints: .structure("Request", [:])
        }
    }

    private static let named = Shape.structure("TableRequest", ["TableName": .string])
    private static let listTables = Shape.structure(
        "ListTablesInput", ["ExclusiveStartTableName": .string, "Limit": .integer])
    private static let updateTimeToLive = Shape.structure(
        "UpdateTimeToLiveInput",
        [
            "TableName": .string,
            "TimeToLiveSpecification": .structure(
                "TimeToLiveSpecification", ["Enabled": .boolean, "AttributeName": .string]),
        ])
    private static let updateContinuousBackups = Shape.structure(
        "UpdateContinuousBackupsInput",
        [
            "TableName": .string,
            "PointInTimeRecoverySpecification": .structure(
                "PointInTimeRecoverySpecification",
                ["PointInTimeRecoveryEnabled": .boolean, "RecoveryPeriodInDays": .integer]),
        ])
    /// Auto scaling settings, as both versions of global tables take them.
    static let autoScaling = Shape.structure(
        "AutoScalingSettingsUpdate",
        [
            "MinimumUnits": .long, "MaximumUnits": .long, "AutoScalingDisabled": .boolean,
            "AutoScalingRoleArn": .string,
            "ScalingPolicyUpdate": .structure(
                "AutoScalingPolicyUpdate",
                [
                    "PolicyName": .string,
                    "TargetTrackingScalingPolicyConfiguration": .structure(
                        "AutoScalingTargetTrackingScalingPolicyConfigurationUpdate",
                        [
                            "DisableScaleIn": .boolean, "ScaleInCooldown": .integer, "ScaleOutCooldown": .integer,
                            "TargetValue": .double,
                        ]),
                ]),
        ])
    private static let updateReplicaAutoScaling = Shape.structure(
        "UpdateTableReplicaAutoScalingInput",
        [
            "TableName": .string, "ProvisionedWriteCapacityAutoScalingUpdate": autoScaling,
            "GlobalSecondaryIndexUpdates": .list(
                .structure(
                    "GlobalSecondaryIndexAutoScalingUpdate",
                    ["IndexName": .string, "ProvisionedWriteCapacityAutoScalingUpdate": autoScaling])),
            "ReplicaUpdates": .list(
                .structure(
                    "ReplicaAutoScalingUpdate",
                    [
                        "RegionName": .string, "ReplicaProvisionedReadCapacityAutoScalingUpdate": autoScaling,
                        "ReplicaGlobalSecondaryIndexUpdates": .list(
                            .structure(
                                "ReplicaGlobalSecondaryIndexAutoScalingUpdate",
                                ["IndexName": .string, "ProvisionedReadCapacityAutoScalingUpdate": autoScaling])),
                    ])),
        ])
    private static let tagResource = Shape.structure("TagResourceInput", ["ResourceArn": .string, "Tags": tags])
    private static let untagResource = Shape.structure(
        "UntagResourceInput", ["ResourceArn": .string, "TagKeys": .list(.string)])
    private static let listTags = Shape.structure(
        "ListTagsOfResourceInput", ["ResourceArn": .string, "NextToken": .string])

    private static let tags = Shape.list(.structure("Tag", ["Key": .string, "Value": .string]))
    private static let throughput = Shape.structure(
        "ProvisionedThroughput", ["ReadCapacityUnits": .long, "WriteCapacityUnits": .long])
    private static let onDemandThroughput = Shape.structure(
        "OnDemandThroughput", ["MaxReadRequestUnits": .long, "MaxWriteRequestUnits": .long])
    private static let warmThroughput = Shape.structure(
        "WarmThroughput", ["ReadUnitsPerSecond": .long, "WriteUnitsPerSecond": .long])
    private static let keySchema = Shape.list(
        .structure("KeySchemaElement", ["AttributeName": .string, "KeyType": .string]))
    private static let attributeDefinitions = Shape.list(
        .structure("AttributeDefinition", ["AttributeName": .string, "AttributeType": .string]))
    private static let projection = Shape.structure(
        "Projection", ["ProjectionType": .string, "NonKeyAttributes": .list(.string)])
    private static let streamSpecification = Shape.structure(
        "StreamSpecification", ["StreamEnabled": .boolean, "StreamViewType": .string])
    private static let sseSpecification = Shape.structure(
        "SSESpecification", ["Enabled": .boolean, "SSEType": .string, "KMSMasterKeyId": .string])
    private static let region = Shape.structure("DeleteReplicationGroupMemberAction", ["RegionName": .string])

    private static let indexMembers: [String: Shape] = [
        "IndexName": .string, "KeySchema": keySchema, "Projection": projection, "ProvisionedThroughput": throughput,
        "OnDemandThroughput": onDemandThroughput, "WarmThroughput": warmThroughput,
    ]

    private static let createTable = Shape.structure(
        "CreateTableInput",
        [
            "TableName": .string, "AttributeDefinitions": attributeDefinitions, "KeySchema": keySchema,
            "BillingMode": .string, "ProvisionedThroughput": throughput,
            "LocalSecondaryIndexes": .list(.structure("LocalSecondaryIndex", indexMembers)),
            "GlobalSecondaryIndexes": .list(.structure("GlobalSecondaryIndex", indexMembers)),
            "StreamSpecification": streamSpecification, "SSESpecification": sseSpecification, "Tags": tags,
            "TableClass": .string, "DeletionProtectionEnabled": .boolean, "ResourcePolicy": .string,
            "OnDemandThroughput": onDemandThroughput, "WarmThroughput": warmThroughput,
            "GlobalTableSourceArn": .string, "GlobalTableSettingsReplicationMode": .string,
        ])

    private static let updateTable = Shape.structure(
        "UpdateTableInput",
        [
            "TableName": .string, "AttributeDefinitions": attributeDefinitions, "BillingMode": .string,
            "ProvisionedThroughput": throughput, "GlobalSecondaryIndexUpdates": .list(indexUpdate),
            "StreamSpecification": streamSpecification, "SSESpecification": sseSpecification,
            "ReplicaUpdates": .list(replicaUpdate), "TableClass": .string, "DeletionProtectionEnabled": .boolean,
            "MultiRegionConsistency": .string, "GlobalTableWitnessUpdates": .list(witnessUpdate),
            "OnDemandThroughput": onDemandThroughput, "WarmThroughput": warmThroughput,
            "GlobalTableSettingsReplicationMode": .string,
        ])

    private static let indexUpdate = Shape.structure(
        "GlobalSecondaryIndexUpdate",
        [
            "Create": .structure("CreateGlobalSecondaryIndexAction", indexMembers),
            "Update": .structure("UpdateGlobalSecondaryIndexAction", indexMembers),
            "Delete": .structure("DeleteGlobalSecondaryIndexAction", indexMembers),
        ])

    private static let replicaMembers: [String: Shape] = [
        "RegionName": .string, "KMSMasterKeyId": .string, "TableClassOverride": .string,
        "ProvisionedThroughputOverride": .structure("ProvisionedThroughputOverride", ["ReadCapacityUnits": .long]),
        "OnDemandThroughputOverride": .structure("OnDemandThroughputOverride", ["MaxReadRequestUnits": .long]),
        "GlobalSecondaryIndexes": .list(
            .structure(
                "ReplicaGlobalSecondaryIndex",
                [
                    "IndexName": .string,
                    "ProvisionedThroughputOverride": .structure(
                        "ProvisionedThroughputOverride", ["ReadCapacityUnits": .long]),
                    "OnDemandThroughputOverride": .structure(
                        "OnDemandThroughputOverride", ["MaxReadRequestUnits": .long]),
                ])),
    ]

    private static let replicaUpdate = Shape.structure(
        "ReplicationGroupUpdate",
        [
            "Create": .structure("CreateReplicationGroupMemberAction", replicaMembers),
            "Update": .structure("UpdateReplicationGroupMemberAction", replicaMembers),
            "Delete": region,
        ])

    private static let witnessUpdate = Shape.structure(
        "GlobalTableWitnessGroupUpdate", ["Create": region, "Delete": region])
}
