import ChangeStream
import JSONBytes
import Partition
import Replication

/// The one thing that `ReplicaUpdates` may ask for, in one region each (reference `global-tables.md` 3.1 and 3.2).
enum ReplicaUpdates: Sendable, Equatable {
    case create(region: String, ReplicaSettings)
    case update([Change])
    case delete(region: String)

    struct Change: Sendable, Equatable {
        let region: String
        let settings: ReplicaSettings
    }
}

/// The settings that Create and Update actions may give a replica.
struct ReplicaSettings: Sendable, Equatable {
    let overrides: ReplicaOverrides
    let onDemandReadMaximum: Int?
    let hasKMSKey: Bool
    /// Whether there is nothing besides the region's name.
    let isEmpty: Bool
}

/// `ReplicaUpdates` as sent.
struct ReplicaUpdateMembers {
    private let elements: [[ReplicaAction]]

    /// Nil when the request has none.
    init?(_ body: RequestBody, _ constraints: inout Constraints) throws(WireError) {
        guard let members = try body.objects("ReplicaUpdates") else { return nil }
        constraints.checkCount(members.count, shown: "[]", at: "replicaUpdates", 1...Int.max)
        var elements: [[ReplicaAction]] = []
        for (index, member) in members.enumerated() {
            elements.append(try Self.actions(member, "replicaUpdates.\(index + 1).member", &constraints))
        }
        self.elements = elements
    }

    private static func actions(
        _ member: RequestBody, _ path: String, _ constraints: inout Constraints
    ) throws(WireError) -> [ReplicaAction] {
        var actions: [ReplicaAction] = []
        if let create = try member.object("Create") {
            actions.append(try ReplicaAction(.create, create, path + ".create", &constraints))
        }
        if let update = try member.object("Update") {
            actions.append(try ReplicaAction(.update, update, path + ".update", &constraints))
        }
        if let delete = try member.object("Delete") {
            actions.append(try ReplicaAction(.delete, delete, path + ".delete", &constraints))
        }
        return actions
    }

    /// Checks what needs neither table nor regions.
    func updates() throws(WireError) -> ReplicaUpdates {
        let actions = elements.flatMap(\.self)
        if elements.contains(where: \.isEmpty)
            || actions.contains(where: { $0.kind == .update && $0.settings.isEmpty })
        {
            throw .validation("There are no actions specified in the Replica Update Action of the request.")
        }
        guard let first = actions.first, actions.allSatisfy({ $0.kind == first.kind }) else {
            throw .validation("Update table operation with more than one type of replica actions not allowed.")
        }
        if first.kind == .update {
            return .update(actions.map { ReplicaUpdates.Change(region: $0.region, settings: $0.settings) })
        }
        guard actions.allSatisfy({ $0.region == first.region }) else {
            throw .validation("Update table operation with more than one create or delete replica actions not allowed")
        }
        return first.kind == .create
            ? .create(region: first.region, first.settings) : .delete(region: first.region)
    }
}

private struct ReplicaAction {
    enum Kind {
        case create, update, delete
    }

    let kind: Kind
    let region: String
    let settings: ReplicaSettings

    init(
        _ kind: Kind, _ body: RequestBody, _ path: String, _ constraints: inout Constraints
    ) throws(WireError) {
        self.kind = kind
        let region = try body.string("RegionName")
        constraints.require(region != nil, at: path + ".regionName")
        self.region = region ?? ""
        settings = try ReplicaSettings(body, path, &constraints)
    }
}

extension ReplicaSettings {
    fileprivate init(_ body: RequestBody, _ path: String, _ constraints: inout Constraints) throws(WireError) {
        var overrides = ReplicaOverrides()
        overrides.readUnits = try body.readOverride(path, &constraints)
        overrides.tableClass = try body.string("TableClassOverride")
        constraints.checkEnum(
            overrides.tableClass, at: path + ".tableClassOverride", ["STANDARD", "STANDARD_INFREQUENT_ACCESS"])
        var onDemand = try body.object("OnDemandThroughputOverride")?.integer("MaxReadRequestUnits")
        for (index, member) in (try body.objects("GlobalSecondaryIndexes") ?? []).enumerated() {
            let indexPath = "\(path).globalSecondaryIndexes.\(index + 1).member"
            let name = try member.indexName(at: indexPath, &constraints)
            overrides.indexReadUnits[name] = try member.readOverride(indexPath, &constraints)
            onDemand = try member.object("OnDemandThroughputOverride")?.integer("MaxReadRequestUnits") ?? onDemand
        }
        self.overrides = overrides
        onDemandReadMaximum = onDemand
        hasKMSKey = body.member("KMSMasterKeyId") != nil
        let members: [StaticString] = [
            "KMSMasterKeyId", "ProvisionedThroughputOverride", "OnDemandThroughputOverride", "GlobalSecondaryIndexes",
            "TableClassOverride",
        ]
        isEmpty = members.allSatisfy { body.member($0) == nil }
    }
}

extension RequestBody {
    fileprivate func readOverride(_ path: String, _ constraints: inout Constraints) throws(WireError) -> Int? {
        let units = try object("ProvisionedThroughputOverride")?.integer("ReadCapacityUnits")
        constraints.checkRange(units, at: path + ".provisionedThroughputOverride.readCapacityUnits", 1...Int.max)
        return units
    }
}

/// Decides on replica updates against the table and its neighbours as they are.
struct ReplicaDecision {
    let current: TableDefinition
    let facts: ReplicaFacts
    let nowMilliseconds: UInt64

    func steps(_ updates: ReplicaUpdates) throws(WireError) -> [TableStep] {
        if current.status == .creating { throw beingAdded }
        switch updates {
        case .create(let region, let settings): return try createSteps(try otherRegion(region), settings)
        case .update(let changes): return try updateSteps(changes)
        case .delete(let name):
            // Also one in a region that nobody serves any more.
            if let member = current.peers.first(where: { $0.region.name == name }) {
                return try deleteSteps(member.region)
            }
            return try deleteSteps(try otherRegion(name))
        }
    }

    private func otherRegion(_ name: String) throws(WireError) -> RegionName {
        if name == current.region.name {
            throw .validation(
                "Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or "
                    + "UpdateTable as required.")
        }
        guard let region = facts.regions.first(where: { $0.name == name }) else {
            let supported = facts.regions.map(\.name).joined(separator: ", ")
            throw .validation(
                "Region \(name) is not supported. The latest version of global tables are only supported in the following "
                    + "regions: [\(supported)]")
        }
        return region
    }

    private func createSteps(_ region: RegionName, _ settings: ReplicaSettings) throws(WireError) -> [TableStep] {
        if facts.tables[region] != nil || current.peers.contains(where: { $0.region == region }) {
            throw .validation(
                "Failed to create a the new replica of table with name: ‘\(current.name)’ because one or more replicas already "
                    + "existed as tables.")
        }
        try checkNoKey(settings)
        try checkAutoScaled()
        let replica = TableStep.createReplica(region, settings.overrides)
        return current.enabledStream == nil ? [.enableStream(.newAndOldImages), replica] : [replica]
    }

    /// With a target and a policy, because replicas must keep up with each other's writes.
    private func checkAutoScaled() throws(WireError) {
        guard current.billing.mode == .provisioned else { return }
        if current.writeScaling?.policy == nil { throw .notAutoScaled("Table") }
        if current.globalIndexes.contains(where: { $0.writeScaling?.policy == nil }) { throw .notAutoScaled("GSI") }
    }

    private func updateSteps(_ changes: [ReplicaUpdates.Change]) throws(WireError) -> [TableStep] {
        var steps: [TableStep] = []
        for change in changes {
            let region = try otherRegion(change.region)
            try checkMember(region)
            try checkNoKey(change.settings)
            let overrides = change.settings.overrides
            if current.billing.mode == .payPerRequest, overrides.readUnits != nil || !overrides.indexReadUnits.isEmpty {
                throw .throughputOfPayPerRequest
            }
            if current.billing.mode == .provisioned, change.settings.onDemandReadMaximum != nil {
                throw .invalidParameter(
                    "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
                )
            }
            if overrides != .none { steps.append(.updateReplica(region, overrides)) }
        }
        return steps
    }

    private func deleteSteps(_ region: RegionName) throws(WireError) -> [TableStep] {
        try checkMember(region)
        if facts.tables[region]?.isProtectedFromDeletion == true {
            throw .validation(
                "Cannot delete table \(current.name) in region \(region) because it has deletion protection enabled. Disable "
                    + "deletion protection first.")
        }
        if facts.isRecentSource(region, of: current, nowMilliseconds: nowMilliseconds) { throw .recentSource }
        return [.deleteReplica(region)]
    }

    private func checkMember(_ region: RegionName) throws(WireError) {
        if current.peers.contains(where: { $0.region == region }) { return }
        throw .validation(
            "Update global table operation failed because one or more replicas were not part of the global table. Please retry "
                + "the request without these replicas: [\(region)].")
    }

    /// Tables are not encrypted with customers' keys here, so no replica can be either.
    private func checkNoKey(_ settings: ReplicaSettings) throws(WireError) {
        if settings.hasKMSKey {
            throw .invalidParameter("All replica keys must either be Customer Managed CMK or AWS Managed CMK.")
        }
    }

    private var beingAdded: WireError {
        current.isGlobal
            ? .validation(
                "Create/Update/Delete of replica is not allowed while the replica is being added to table with name: "
                    + "‘\(current.name)’ in region: ‘\(current.region)’.")
            : .tableInUse(current)
    }
}
