/// The JSON types of the members of operations on global tables of version 2017.11.29, from the service model.
enum GlobalTableShapes {
    static func request(of operation: GlobalTableOperation) -> Shape {
        switch operation {
        case .createGlobalTable:
            .structure(
                "CreateGlobalTableInput", ["GlobalTableName": .string, "ReplicationGroup": .list(region("Replica"))])
        case .updateGlobalTable:
            .structure("UpdateGlobalTableInput", ["GlobalTableName": .string, "ReplicaUpdates": .list(replicaUpdate)])
        case .describeGlobalTable: .structure("DescribeGlobalTableInput", ["GlobalTableName": .string])
        case .describeGlobalTableSettings:
            .structure("DescribeGlobalTableSettingsInput", ["GlobalTableName": .string])
        case .listGlobalTables:
            .structure(
                "ListGlobalTablesInput",
                ["ExclusiveStartGlobalTableName": .string, "Limit": .integer, "RegionName": .string])
        case .updateGlobalTableSettings: updateSettings
        }
    }

    private static func region(_ name: String) -> Shape { .structure(name, ["RegionName": .string]) }

    private static let replicaUpdate = Shape.structure(
        "ReplicaUpdate", ["Create": region("CreateReplicaAction"), "Delete": region("DeleteReplicaAction")])

    private static let updateSettings = Shape.structure(
        "UpdateGlobalTableSettingsInput",
        [
            "GlobalTableName": .string, "GlobalTableBillingMode": .string,
            "GlobalTableProvisionedWriteCapacityUnits": .long,
            "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate": TableShapes.autoScaling,
            "GlobalTableGlobalSecondaryIndexSettingsUpdate": .list(
                .structure(
                    "GlobalTableGlobalSecondaryIndexSettingsUpdate",
                    [
                        "IndexName": .string, "ProvisionedWriteCapacityUnits": .long,
                        "ProvisionedWriteCapacityAutoScalingSettingsUpdate": TableShapes.autoScaling,
                    ])),
            "ReplicaSettingsUpdate": .list(replicaSettings),
        ])

    private static let replicaSettings = Shape.structure(
        "ReplicaSettingsUpdate",
        [
            "RegionName": .string, "ReplicaProvisionedReadCapacityUnits": .long, "ReplicaTableClass": .string,
            "ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate": TableShapes.autoScaling,
            "ReplicaGlobalSecondaryIndexSettingsUpdate": .list(
                .structure(
                    "ReplicaGlobalSecondaryIndexSettingsUpdate",
                    [
                        "IndexName": .string, "ProvisionedReadCapacityUnits": .long,
                        "ProvisionedReadCapacityAutoScalingSettingsUpdate": TableShapes.autoScaling,
                    ])),
        ])
}
