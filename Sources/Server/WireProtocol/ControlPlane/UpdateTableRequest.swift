import AttributeModel
import JSONBytes
public import Partition

/// UpdateTable (reference `data-plane.md` 12.3, `streams.md` 2, `global-tables.md` 3).
public struct UpdateTableRequest: Sendable {
    public let tableName: String
    private let attributeDefinitions: [KeyAttribute]
    private let billingMode: BillingMode?
    private let throughput: Throughput?
    private let onDemandMaximum: OnDemandMaximum?
    private let indexUpdates: [IndexUpdate]
    private let stream: StreamUpdate?
    private let replicas: ReplicaUpdates?
    private let hasConsistency: Bool
    private let isProtectedFromDeletion: Bool?
    private let tableClass: String?

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        tableName = try body.tableName(for: .updateTable, context)
        var constraints = Constraints()
        let definitions = try body.attributeDefinitions(&constraints)
        billingMode = try body.billingMode(&constraints)
        throughput = try body.throughput(at: "provisionedThroughput", &constraints)
        let indexMembers = try IndexUpdateMembers(body, &constraints)
        let streamMember = try body.streamSpecification(&constraints)
        let replicaMembers = try ReplicaUpdateMembers(body, &constraints)
        let consistency = try body.string("MultiRegionConsistency")
        constraints.checkEnum(consistency, at: "multiRegionConsistency", ["EVENTUAL", "STRONG"])
        try constraints.throwIfViolated()

        let operations = UpdateOperations(body, hasIndexUpdates: !indexMembers.isEmpty)
        try operations.checkAny()
        try operations.checkConsistency(consistency)
        try operations.checkAlone()
        if let throughput { try SchemaChecks.checkBounds(throughput) }
        indexUpdates = try indexMembers.updates(definitions)
        try operations.checkCombination(
            changesIndexes: indexUpdates.contains(where: \.isOnlineChange),
            createsIndex: indexUpdates.contains { if case .create = $0 { true } else { false } })
        stream = try streamMember?.forUpdate()
        replicas = try replicaMembers?.updates()
        try Self.checkConsistency(consistency, replicas)
        tableClass = try body.tableClass()
        isProtectedFromDeletion = try body.boolean("DeletionProtectionEnabled")
        onDemandMaximum = try body.onDemandMaximum()
        hasConsistency = consistency != nil
        attributeDefinitions = definitions ?? []
        try Self.checkEncryption(body)
    }

    /// What is to be done, in order. Nothing at all when the request asks for what is so already, or for settings without effect here.
    ///
    /// - Parameters:
    ///   - current: the table of that name in the request's region, as it is now.
    ///   - facts: the other regions, as they are now.
    public func steps(
        for current: TableDefinition?, facts: ReplicaFacts, context: RequestContext
    ) throws(WireError) -> [TableStep] {
        guard let current else { throw .tableNotFound(tableName) }
        let now = context.wallMilliseconds
        var steps: [TableStep] = []
        if let replicas {
            if current.isLegacyGlobal { throw .replicaOfLegacyGlobalTable(current) }
            if hasConsistency, current.isGlobal {
                throw .validation("MultiRegionConsistency parameter is unsupported on existing global table")
            }
            steps = try ReplicaDecision(current: current, facts: facts, nowMilliseconds: now).steps(replicas)
        }
        // A replica that is being filled is there for DescribeTable only.
        if current.status == .creating, current.isGlobal { throw .tableNotFound(tableName) }
        let mode = billingMode ?? current.billing.mode
        try SchemaChecks.checkOnDemand(onDemandMaximum, mode)
        steps += try billingSteps(current, mode, nowMilliseconds: now)
        steps += try IndexDecision(
            current: current, definitions: attributeDefinitions, billingMode: mode, nowMilliseconds: now
        ).steps(indexUpdates)
        if let stream { steps.append(try streamStep(stream, current)) }
        if let isProtectedFromDeletion { steps.append(.edit(.deletionProtection(isProtectedFromDeletion))) }
        if let tableClass { steps.append(.edit(.tableClass(tableClass))) }
        guard current.status == .active, current.peers.allSatisfy({ $0.status == .active }) else {
            throw .tableInUse(current)
        }
        return steps
    }

    // MARK: - Billing

    private func billingSteps(
        _ current: TableDefinition, _ mode: BillingMode, nowMilliseconds: UInt64
    ) throws(WireError) -> [TableStep] {
        switch mode {
        case .payPerRequest:
            if throughput != nil { throw .throughputOfPayPerRequest }
            if current.billing.mode == .payPerRequest { return [] }
            try ThroughputChange(subject: .table, nowMilliseconds: nowMilliseconds)
                .checkChangeToOnDemand(after: current.onDemandChangesMilliseconds ?? [])
            let billing = Billing(
                mode: .payPerRequest, throughput: .none, payPerRequestMilliseconds: nowMilliseconds)
            return [.edit(.billing(billing))]
                + current.globalIndexes.map { .edit(.indexThroughput($0.name, .none)) }
        case .provisioned:
            guard let throughput else {
                if billingMode == nil { return [] }
                throw .invalidParameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
            }
            var billing = current.billing
            if billing.mode == .payPerRequest {
                try checkIndexThroughput(current)
                billing.mode = .provisioned
                billing.throughput = throughput
            } else {
                let change = ThroughputChange(subject: .table, nowMilliseconds: nowMilliseconds)
                billing.throughput = try change.applied(throughput, to: billing.throughput)
            }
            return [.edit(.billing(billing))]
        }
    }

    private func checkIndexThroughput(_ current: TableDefinition) throws(WireError) {
        let updated = indexUpdates.map(\.name)
        let missing = current.globalIndexes.map(\.name).filter { !updated.contains($0) }
        if missing.isEmpty { return }
        throw .invalidParameter(
            "ProvisionedThroughput must be specified for index: \(missing.joined(separator: ","))")
    }

    // MARK: - Stream

    private func streamStep(_ update: StreamUpdate, _ current: TableDefinition) throws(WireError) -> TableStep {
        switch update {
        case .enable(let viewType):
            if current.enabledStream != nil {
                throw .validation("Table already has an enabled stream: TableName: \(current.name)")
            }
            return .enableStream(viewType)
        case .disable:
            if current.isGlobal || current.isLegacyGlobal {
                throw .invalidParameter("Disabling Stream is not allowed for a Global Table replica.")
            }
            if current.enabledStream == nil {
                throw .validation("Table has no stream to disable: TableName: \(current.name)")
            }
            return .disableStream
        }
    }

    // MARK: - Checks of the request alone

    private static func checkConsistency(_ consistency: String?, _ replicas: ReplicaUpdates?) throws(WireError) {
        guard consistency != nil, let replicas else { return }
        guard case .create = replicas else {
            throw .validation(
                "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.")
        }
    }

    /// Encryption with a customer's key is accepted and has no effect; AWS refuses to set what is the default anyway.
    private static func checkEncryption(_ body: RequestBody) throws(WireError) {
        guard let encryption = try body.object("SSESpecification") else { return }
        if try encryption.boolean("Enabled") != true {
            throw .invalidParameter("Table is already encrypted by default")
        }
    }
}

/// Which kinds of change an UpdateTable request holds, and which may come together.
private struct UpdateOperations {
    private enum Member: String, CaseIterable {
        case throughput = "ProvisionedThroughput"
        case billingMode = "BillingMode"
        case stream = "UpdateStreamEnabled"
        case indexes = "GlobalSecondaryIndexUpdates"
        case encryption = "SSESpecification"
        case replicas = "ReplicaUpdates"
        case accountReady = "MultiAccountReplicaReady"
        case transitRole = "ReplicaTransitRoleArn"
        case consistency = "MultiRegionConsistency"
        case deletionProtection = "DeletionProtectionEnabled"
        case onDemandThroughput = "OnDemandThroughput"
        case warmThroughput = "WarmThroughput"
        case tableClass = "TableClass"
    }

    private var present: Set<Member> = []
    private let hasWitnesses: Bool
    private let hasReplicationMode: Bool

    init(_ body: RequestBody, hasIndexUpdates: Bool) {
        let members: [(StaticString, Member)] = [
            ("ProvisionedThroughput", .throughput), ("BillingMode", .billingMode), ("StreamSpecification", .stream),
            ("SSESpecification", .encryption), ("ReplicaUpdates", .replicas),
            ("MultiRegionConsistency", .consistency), ("DeletionProtectionEnabled", .deletionProtection),
            ("OnDemandThroughput", .onDemandThroughput), ("WarmThroughput", .warmThroughput),
            ("TableClass", .tableClass),
        ]
        for (name, member) in members where body.member(name) != nil { present.insert(member) }
        if hasIndexUpdates { present.insert(.indexes) }
        hasWitnesses = body.member("GlobalTableWitnessUpdates") != nil
        hasReplicationMode = body.member("GlobalTableSettingsReplicationMode") != nil
    }

    /// How replicas are kept equal is nothing to do by itself.
    func checkAny() throws(WireError) {
        if hasReplicationMode { throw .unsupported("GlobalTableSettingsReplicationMode") }
        guard present.subtracting([.consistency]).isEmpty, !hasWitnesses else { return }
        let missing = Member.allCases.filter { !present.contains($0) }.map(\.rawValue)
        throw .validation(
            "At least one of \(missing.dropLast().joined(separator: ", ")) or \(missing.last ?? "") is required")
    }

    func checkConsistency(_ consistency: String?) throws(WireError) {
        if hasWitnesses, consistency != "STRONG" {
            throw .validation(
                "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.")
        }
        if consistency == "STRONG" { throw .unsupported("MultiRegionConsistency STRONG (and with it a witness)") }
    }

    func checkAlone() throws(WireError) {
        let others = present.subtracting([.consistency])
        let rules: [(Member, String)] = [
            (.replicas, "Replica modification"), (.encryption, "Server-Side Encryption modification"),
            (.tableClass, "TableClass modification"), (.deletionProtection, "DeletionProtection modification"),
        ]
        for (member, name) in rules where present.contains(member) && others.count > 1 {
            throw .invalidParameter("\(name) must be the only operation in the request")
        }
    }

    func checkCombination(changesIndexes: Bool, createsIndex: Bool) throws(WireError) {
        if present.contains(.warmThroughput) {
            if createsIndex {
                throw .invalidParameter(
                    "Create global secondary index cannot be specified when updating WarmThroughput")
            }
            if present.count > 1 { throw .invalidParameter("WarmThroughput must be the only operation in the request") }
        }
        if present.contains(.onDemandThroughput), !present.isSubset(of: [.onDemandThroughput, .billingMode]) {
            throw .invalidParameter(
                "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
        }
        let changesIOPS = present.contains(.throughput)
        if changesIOPS, changesIndexes {
            throw .invalidParameter("You cannot create or delete index while updating table IOPS")
        }
        if present.contains(.stream), changesIOPS || present.contains(.billingMode) {
            throw .invalidParameter("You cannot modify stream status while updating table IOPS")
        }
        if present.contains(.stream), changesIndexes {
            throw .invalidParameter("You cannot create or delete index while changing stream status")
        }
    }
}
