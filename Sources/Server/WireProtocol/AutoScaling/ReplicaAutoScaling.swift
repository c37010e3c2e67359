import JSONBytes
import Partition
public import Replication

/// UpdateTableReplicaAutoScaling (reference `global-tables.md` 3.6).
public struct UpdateReplicaAutoScalingRequest: Sendable {
    public let tableName: String
    private let writes: [(index: String?, update: AutoScalingUpdate)]
    private let reads: [(region: String, index: String?, update: AutoScalingUpdate)]
    private let regions: [String]
    /// The members that were sent.
    private let parameters: [String]

    /// A change in one region.
    public struct Edit: Sendable, Equatable {
        public let region: RegionName
        public let edit: TableEdit
    }

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        tableName = try body.tableName(for: .updateTableReplicaAutoScaling, context)
        var constraints = Constraints()
        var writes: [(index: String?, update: AutoScalingUpdate)] = []
        if let update = try body.object("ProvisionedWriteCapacityAutoScalingUpdate") {
            writes.append(
                (nil, try AutoScalingUpdate(update, "provisionedWriteCapacityAutoScalingUpdate", &constraints)))
        }
        let indexes = try body.objects("GlobalSecondaryIndexUpdates")
        constraints.checkCount(
            indexes?.count ?? 1, shown: "[]", at: "globalSecondaryIndexUpdates", 1...Int.max)
        for (position, member) in (indexes ?? []).enumerated() {
            let path = "globalSecondaryIndexUpdates.\(position + 1).member"
            let name = try member.indexName(at: path, &constraints)
            guard let update = try member.object("ProvisionedWriteCapacityAutoScalingUpdate") else { continue }
            let updatePath = path + ".provisionedWriteCapacityAutoScalingUpdate"
            writes.append((name, try AutoScalingUpdate(update, updatePath, &constraints)))
        }
        self.writes = writes
        let replicas = try body.objects("ReplicaUpdates")
        constraints.checkCount(replicas?.count ?? 1, shown: "[]", at: "replicaUpdates", 1...Int.max)
        (regions, reads) = try Self.replicaUpdates(replicas ?? [], &constraints)
        try constraints.throwIfViolated()
        parameters =
            ([
                "ProvisionedWriteCapacityAutoScalingUpdate", "GlobalSecondaryIndexUpdates", "ReplicaUpdates",
            ] as [StaticString]).filter { body.member($0) != nil }.map { "\($0)" }
    }

    private static func replicaUpdates(
        _ replicas: [RequestBody], _ constraints: inout Constraints
    ) throws(WireError) -> (regions: [String], reads: [(region: String, index: String?, update: AutoScalingUpdate)]) {
        var regions: [String] = []
        var reads: [(region: String, index: String?, update: AutoScalingUpdate)] = []
        for (position, member) in replicas.enumerated() {
            let path = "replicaUpdates.\(position + 1).member"
            let region = try member.string("RegionName")
            constraints.require(region != nil, at: path + ".regionName")
            regions.append(region ?? "")
            if let update = try member.object("ReplicaProvisionedReadCapacityAutoScalingUpdate") {
                let updatePath = path + ".replicaProvisionedReadCapacityAutoScalingUpdate"
                reads.append((region ?? "", nil, try AutoScalingUpdate(update, updatePath, &constraints)))
            }
            for (position, index) in (try member.objects("ReplicaGlobalSecondaryIndexUpdates") ?? []).enumerated() {
                let indexPath = "\(path).replicaGlobalSecondaryIndexUpdates.\(position + 1).member"
                let name = try index.indexName(at: indexPath, &constraints)
                guard let update = try index.object("ProvisionedReadCapacityAutoScalingUpdate") else { continue }
                let updatePath = indexPath + ".provisionedReadCapacityAutoScalingUpdate"
                reads.append((region ?? "", name, try AutoScalingUpdate(update, updatePath, &constraints)))
            }
        }
        return (regions, reads)
    }

    /// - Parameter context: the tables as they are now.
    public func edits(context: RequestContext) throws(WireError) -> [Edit] {
        let members = try ReplicaAutoScalingReading.members(of: tableName, context)
        guard let current = members.first(where: { $0.region == context.region }) else { throw .internalError }
        if writes.isEmpty, reads.isEmpty {
            throw fault(" because at least one update parameter must be specified.")
        }
        var seen: Set<String> = []
        let repeated = regions.filter { !seen.insert($0).inserted }
        if !repeated.isEmpty {
            throw fault(" because the regions: ‘[\(repeated.joined(separator: ", "))]’ were specified more than once.")
        }
        let foreign = regions.filter { name in !members.contains { $0.region.name == name } }
        if !foreign.isEmpty {
            throw .validation(
                "Update global table operation failed because one or more replicas were not part of the global table. Please "
                    + "retry the request without these replicas: [\(foreign.joined(separator: ", "))].")
        }
        try checkProvisioned(members)
        guard current.status == .active, current.peers.allSatisfy({ $0.status == .active }) else {
            throw .tableInUse(current)
        }
        var edits: [Edit] = []
        for (index, update) in writes {
            let edit = try edit(ScalableCapacity(index: index, .write), update, of: current, context)
            edits += members.map { Edit(region: $0.region, edit: edit) }
        }
        for (region, index, update) in reads {
            guard let member = members.first(where: { $0.region.name == region }) else { continue }
            let edit = try edit(ScalableCapacity(index: index, .read), update, of: member, context)
            edits.append(Edit(region: member.region, edit: edit))
        }
        return edits
    }

    private func edit(
        _ capacity: ScalableCapacity, _ update: AutoScalingUpdate, of table: TableDefinition, _ context: RequestContext
    ) throws(WireError) -> TableEdit {
        if let name = capacity.index, !table.globalIndexes.contains(where: { $0.name == name }) {
            throw WireError(.resourceNotFound, "Requested resource not found: Index \(name) for table \(tableName)")
        }
        return .scaling(
            capacity,
            try update.applied(
                to: table[scaling: capacity], defaultName: capacity.policyName(of: tableName),
                nowMilliseconds: context.wallMilliseconds, fault: fault))
    }

    private func checkProvisioned(_ members: [TableDefinition]) throws(WireError) {
        let onDemand = members.filter { $0.billing.mode == .payPerRequest }.map { "'\($0.region)'" }
        guard !onDemand.isEmpty else { return }
        throw .validation(
            "Failed to update global table with name ‘\(tableName)‘. Replicas \(onDemand.joined(separator: ", ")) BillingMode is "
                + "PayPerRequest. You must convert table's BillingMode to PROVISIONED to set parameters: "
                + "'\(parameters.joined(separator: ", "))'.")
    }

    private func fault(_ clause: String) -> WireError {
        .validation("Failed to update settings for global table with name: ‘\(tableName)’" + clause)
    }

    /// The settings as they are in `context`: AWS answers with the old ones.
    public func response(context: RequestContext) throws(WireError) -> WireResponse {
        try ReplicaAutoScalingReading.answer(tableName, context)
    }
}

/// DescribeTableReplicaAutoScaling (reference `global-tables.md` 3.6).
enum ReplicaAutoScalingReading {
    static func answer(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        try answer(try body.tableName(for: .describeTableReplicaAutoScaling, context), context)
    }

    static func answer(_ name: String, _ context: RequestContext) throws(WireError) -> WireResponse {
        let members = try members(of: name, context)
        guard let current = members.first(where: { $0.region == context.region }) else { throw .internalError }
        return WireResponse.object { writer in
            writer.key("TableAutoScalingDescription")
            writer.beginObject()
            writer.key("TableName")
            writer.string(name)
            writer.key("TableStatus")
            writer.string(current.status.rawValue)
            writer.key("Replicas")
            writer.beginArray()
            for member in members {
                let status = current.peers.first { $0.region == member.region }?.status.rawValue
                append(member, status ?? current.status.rawValue, to: &writer)
            }
            writer.endArray()
            writer.endObject()
        }
    }

    /// All replicas, the region that is asked included, in alphabetical order.
    static func members(of name: String, _ context: RequestContext) throws(WireError) -> [TableDefinition] {
        guard let current = context.catalogue.table(named: name), current.isGlobal,
            !current.isLegacyGlobal
        else {
            throw WireError(.resourceNotFound, "Global table with name: '\(name)' does not exist.")
        }
        let others = context.replicas(name)
        return ([current] + current.peers.compactMap { others[$0.region] }).sorted { $0.region < $1.region }
    }

    private static func append(_ table: TableDefinition, _ status: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("RegionName")
        writer.string(table.region.name)
        writer.key("GlobalSecondaryIndexes")
        writer.beginArray()
        for index in table.globalIndexes {
            writer.beginObject()
            writer.key("IndexName")
            writer.string(index.name)
            writer.key("IndexStatus")
            writer.string(index.status.rawValue)
            writer.key("ProvisionedReadCapacityAutoScalingSettings")
            append(index.readScaling, to: &writer)
            writer.key("ProvisionedWriteCapacityAutoScalingSettings")
            append(index.writeScaling, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("ReplicaProvisionedReadCapacityAutoScalingSettings")
        append(table.readScaling, to: &writer)
        writer.key("ReplicaProvisionedWriteCapacityAutoScalingSettings")
        append(table.writeScaling, to: &writer)
        writer.key("ReplicaStatus")
        writer.string(status)
        writer.endObject()
    }

    private static func append(_ scaling: AutoScaling?, to writer: inout JSONWriter) {
        writer.beginObject()
        if let scaling {
            writer.key("MinimumUnits")
            writer.number(scaling.minimumUnits)
            writer.key("MaximumUnits")
            writer.number(scaling.maximumUnits)
            writer.key("AutoScalingRoleArn")
            writer.string(scaling.roleARN ?? AutoScaling.serviceRoleARN)
        } else {
            writer.key("AutoScalingDisabled")
            writer.boolean(true)
        }
        writer.key("ScalingPolicies")
        writer.beginArray()
        if let policy = scaling?.policy {
            writer.beginObject()
            writer.key("PolicyName")
            writer.string(policy.name)
            writer.key("TargetTrackingScalingPolicyConfiguration")
            writer.beginObject()
            policy.appendMembers(to: &writer)
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension AutoScaling.Policy {
    func appendMembers(to writer: inout JSONWriter) {
        writer.key("TargetValue")
        writer.number(targetPercent)
        if let isScaleInDisabled {
            writer.key("DisableScaleIn")
            writer.boolean(isScaleInDisabled)
        }
        if let scaleInCooldownSeconds {
            writer.key("ScaleInCooldown")
            writer.number(scaleInCooldownSeconds)
        }
        if let scaleOutCooldownSeconds {
            writer.key("ScaleOutCooldown")
            writer.number(scaleOutCooldownSeconds)
        }
    }
}
