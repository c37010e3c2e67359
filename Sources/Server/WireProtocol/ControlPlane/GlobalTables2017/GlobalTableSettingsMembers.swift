import JSONBytes
import Partition

/// The members of UpdateGlobalTableSettings, as sent.
struct GlobalTableSettingsMembers: Sendable, Equatable {
    /// New capacity of the table or of one index: for writes in all replicas, for reads in one.
    struct Capacity: Sendable, Equatable {
        /// Nil for the table itself.
        let index: String?
        let units: Int?
        let autoScaling: AutoScaling?
    }

    /// Only whether it is to be switched off matters: there is no auto scaling here.
    struct AutoScaling: Sendable, Equatable {
        let isDisabled: Bool
        /// Members that are needed and not there.
        let missing: [String]
    }

    struct Replica: Sendable, Equatable {
        let region: String
        let capacities: [Capacity]
        let tableClass: String?
    }

    /// Indexes in one list.
    private static let indexesMax = 20
    private static let replicasMax = 50

    let billingMode: BillingMode?
    let writes: [Capacity]
    let replicas: [Replica]

    init(_ body: RequestBody, _ constraints: inout Constraints) throws(WireError) {
        let mode = try body.string("GlobalTableBillingMode")
        constraints.checkEnum(mode, at: "globalTableBillingMode", ["PROVISIONED", "PAY_PER_REQUEST"])
        billingMode = mode.flatMap(BillingMode.init(rawValue:))
        let units = try body.integer("GlobalTableProvisionedWriteCapacityUnits")
        constraints.checkRange(units, at: "globalTableProvisionedWriteCapacityUnits", 1...Int.max)
        let scaling = try body.object("GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate")
        let table = Capacity(
            index: nil, units: units,
            autoScaling: try AutoScaling(
                scaling, "globalTableProvisionedWriteCapacityAutoScalingSettingsUpdate", &constraints))
        writes =
            [table]
            + (try Self.indexes(
                body.objects("GlobalTableGlobalSecondaryIndexSettingsUpdate"),
                at: "globalTableGlobalSecondaryIndexSettingsUpdate", "ProvisionedWriteCapacityUnits",
                "ProvisionedWriteCapacityAutoScalingSettingsUpdate", &constraints))
        let members = try body.objects("ReplicaSettingsUpdate")
        if let members {
            constraints.checkCount(members.count, shown: "[]", at: "replicaSettingsUpdate", 1...Self.replicasMax)
        }
        var replicas: [Replica] = []
        for (index, member) in (members ?? []).enumerated() {
            replicas.append(try Self.replica(member, "replicaSettingsUpdate.\(index + 1).member", &constraints))
        }
        self.replicas = replicas
    }

    private static func replica(
        _ body: RequestBody, _ path: String, _ constraints: inout Constraints
    ) throws(WireError) -> Replica {
        let region = try body.replicaRegion(at: path, &constraints)
        let units = try body.integer("ReplicaProvisionedReadCapacityUnits")
        constraints.checkRange(units, at: path + ".replicaProvisionedReadCapacityUnits", 1...Int.max)
        let scaling = try body.object("ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate")
        let table = Capacity(
            index: nil, units: units,
            autoScaling: try AutoScaling(
                scaling, path + ".replicaProvisionedReadCapacityAutoScalingSettingsUpdate", &constraints))
        let indexes = try indexes(
            body.objects("ReplicaGlobalSecondaryIndexSettingsUpdate"),
            at: path + ".replicaGlobalSecondaryIndexSettingsUpdate", "ProvisionedReadCapacityUnits",
            "ProvisionedReadCapacityAutoScalingSettingsUpdate", &constraints)
        let tableClass = try body.string("ReplicaTableClass")
        constraints.checkEnum(
            tableClass, at: path + ".replicaTableClass", ["STANDARD", "STANDARD_INFREQUENT_ACCESS"])
        return Replica(region: region, capacities: [table] + indexes, tableClass: tableClass)
    }

    private static func indexes(
        _ members: [RequestBody]?, at path: String, _ unitsName: StaticString, _ scalingName: StaticString,
        _ constraints: inout Constraints
    ) throws(WireError) -> [Capacity] {
        guard let members else { return [] }
        constraints.checkCount(members.count, shown: "[]", at: path, 1...indexesMax)
        var capacities: [Capacity] = []
        for (index, member) in members.enumerated() {
            let memberPath = "\(path).\(index + 1).member"
            let units = try member.integer(unitsName)
            constraints.checkRange(units, at: memberPath + "." + "\(unitsName)".lowerFirst, 1...Int.max)
            capacities.append(
                Capacity(
                    index: try member.indexName(at: memberPath, &constraints), units: units,
                    autoScaling: try AutoScaling(
                        member.object(scalingName), memberPath + "." + "\(scalingName)".lowerFirst, &constraints)))
        }
        return capacities
    }
}

extension GlobalTableSettingsMembers.AutoScaling {
    /// Nil when the request has none.
    fileprivate init?(_ body: RequestBody?, _ path: String, _ constraints: inout Constraints) throws(WireError) {
        guard let body else { return nil }
        let minimum = try body.integer("MinimumUnits")
        constraints.checkRange(minimum, at: path + ".minimumUnits", 1...Int.max)
        let maximum = try body.integer("MaximumUnits")
        constraints.checkRange(maximum, at: path + ".maximumUnits", 1...Int.max)
        let policy = try body.object("ScalingPolicyUpdate")
        if let policy {
            let target = try policy.object("TargetTrackingScalingPolicyConfiguration")
            constraints.require(
                target != nil, at: path + ".scalingPolicyUpdate.targetTrackingScalingPolicyConfiguration")
        }
        isDisabled = try body.boolean("AutoScalingDisabled") ?? false
        let members = [("MinimumUnits", minimum != nil), ("MaximumUnits", maximum != nil)]
        missing = members.filter { !$0.1 }.map(\.0)
    }
}
