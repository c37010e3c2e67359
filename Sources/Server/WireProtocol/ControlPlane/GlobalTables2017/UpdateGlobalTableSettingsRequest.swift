public import Partition
import Replication

/// UpdateGlobalTableSettings: capacity for writes in all replicas, for reads in single ones (reference `global-tables.md` 2).
public struct UpdateGlobalTableSettingsRequest: Sendable, Equatable {
    public let name: String
    private let members: GlobalTableSettingsMembers

    /// What each replica's table becomes, and the answer, which still shows what was before.
    public struct Decision: Sendable {
        public let edits: [(table: TableDefinition, edits: [TableEdit])]
        public let response: WireResponse
    }

    init(_ body: RequestBody) throws(WireError) {
        var constraints = Constraints()
        name = try body.globalTableName(&constraints)
        members = try GlobalTableSettingsMembers(body, &constraints)
        try constraints.throwIfViolated()
    }

    public func decide(_ facts: GlobalTableFacts, nowMilliseconds: UInt64) throws(WireError) -> Decision {
        let globalTable = try facts.existingGlobalTable(named: name)
        try checkRequest()
        for replica in members.replicas where globalTable.table(in: RegionName(stored: replica.region)) == nil {
            throw .replicaNotFound(replica.region)
        }
        try checkAutoScaling()
        guard globalTable.status == .active, globalTable.members.allSatisfy({ $0.status == .active }) else {
            throw .globalTableInUse(name)
        }
        try checkBilling(globalTable)
        var edits: [(table: TableDefinition, edits: [TableEdit])] = []
        for table in globalTable.members {
            let capacities = members.replicas.filter { $0.region == table.region.name }
            let change = ReplicaSettingsChange(
                table: table, billingMode: members.billingMode ?? table.billing.mode, writes: members.writes,
                reads: capacities.flatMap(\.capacities), tableClass: capacities.first?.tableClass,
                nowMilliseconds: nowMilliseconds)
            let wanted = try change.edits()
            if !wanted.isEmpty { edits.append((table, wanted)) }
        }
        let response = GlobalTableSettingsJSON(
            name: name, replicas: globalTable.members, updating: edits.map(\.table.region)
        ).response
        return Decision(edits: edits, response: response)
    }

    // MARK: Checks of the request alone

    private func checkRequest() throws(WireError) {
        let capacities = members.writes + members.replicas.flatMap(\.capacities)
        let changesCapacity = capacities.contains { $0.units != nil || $0.autoScaling != nil }
        let changesClass = members.replicas.contains { $0.tableClass != nil }
        if members.billingMode == nil, !changesCapacity, !changesClass {
            throw failed(" because at least one update parameter must be specified.")
        }
        if let region = repeated(members.replicas.map(\.region)) {
            throw failed(" because the regions: ‘[\(region)]’ were specified more than once.")
        }
        for list in [members.writes] + members.replicas.map(\.capacities) {
            if let index = repeated(list.compactMap(\.index)) {
                throw failed(" because the indexes: ‘[\(index)]’ were specified more than once.")
            }
        }
        if members.billingMode == .payPerRequest, capacities.contains(where: { $0.units != nil }) {
            throw .throughputOfPayPerRequest
        }
    }

    private func checkAutoScaling() throws(WireError) {
        for capacity in members.writes + members.replicas.flatMap(\.capacities) {
            guard let autoScaling = capacity.autoScaling, !autoScaling.isDisabled else { continue }
            if capacity.units != nil {
                throw .invalidParameter("Capacity units and auto scaling settings cannot be specified together")
            }
            guard autoScaling.missing.isEmpty else {
                let names = autoScaling.missing.joined(separator: ", ")
                throw failed(": Parameters '\(names)' are required unless auto scaling is being disabled.")
            }
            throw .unsupported("Auto scaling")
        }
    }

    private func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }

    private func failed(_ reason: String) -> WireError {
        .validation("Failed to update settings for global table with name: ‘\(name)’\(reason)")
    }

    // MARK: Checks against the replicas

    private func checkBilling(_ globalTable: GlobalTable) throws(WireError) {
        let onDemand = globalTable.members.filter { $0.billing.mode == .payPerRequest }.map(\.region)
        if onDemand.isEmpty { return }
        switch members.billingMode {
        case .payPerRequest: return
        case .provisioned: try checkCompleteness(onDemand)
        case nil:
            let parameters = parametersOfCapacity
            guard let first = parameters.first else { return }
            let replicas = onDemand.sorted().map { "'\($0)'" }.joined(separator: ", ")
            throw .validation(
                "Failed to update global table with name ‘\(name)‘. Replicas \(replicas) BillingMode is PayPerRequest. You must "
                    + "convert table's BillingMode to PROVISIONED to set parameters: '\(first)'.")
        }
    }

    /// Replicas that paid per request have no capacity to keep.
    private func checkCompleteness(_ regions: [RegionName]) throws(WireError) {
        let lacking = regions.filter { region in
            let capacities = members.replicas.filter { $0.region == region.name }.flatMap(\.capacities)
            return !capacities.contains { $0.index == nil && $0.units != nil }
        }
        guard members.writes[0].units != nil, lacking.isEmpty else {
            throw .invalidParameter(
                "GlobalTableProvisionedWriteCapacityUnits, and ReplicaProvisionedReadCapacityUnits of each replica, must be "
                    + "specified when GlobalTableBillingMode is PROVISIONED")
        }
    }

    private var parametersOfCapacity: [String] {
        var names: [String] = []
        for capacity in members.writes where capacity.units != nil {
            names.append(
                capacity.index == nil
                    ? "GlobalTableProvisionedWriteCapacityUnits" : "GlobalTableGlobalSecondaryIndexSettingsUpdate")
        }
        for capacity in members.replicas.flatMap(\.capacities) where capacity.units != nil {
            names.append(
                capacity.index == nil
                    ? "ReplicaProvisionedReadCapacityUnits" : "ReplicaGlobalSecondaryIndexSettingsUpdate")
        }
        return names
    }
}

/// New settings of one replica.
struct ReplicaSettingsChange {
    let table: TableDefinition
    /// Billing mode after the change.
    let billingMode: BillingMode
    let writes: [GlobalTableSettingsMembers.Capacity]
    let reads: [GlobalTableSettingsMembers.Capacity]
    let tableClass: String?
    let nowMilliseconds: UInt64

    /// Empty when everything is so already.
    func edits() throws(WireError) -> [TableEdit] {
        for capacity in writes + reads {
            if let name = capacity.index, !table.globalIndexes.contains(where: { $0.name == name }) {
                throw .indexNotFound(name, in: table.region)
            }
        }
        var edits: [TableEdit] = []
        var billing = table.billing
        if billingMode == .payPerRequest, billing.mode == .provisioned {
            billing = Billing(mode: .payPerRequest, throughput: .none, payPerRequestMilliseconds: nowMilliseconds)
        } else if billingMode == .provisioned {
            billing.mode = .provisioned
            billing.throughput = try throughput(after: billing.throughput, of: nil)
        }
        if billing != table.billing { edits.append(.billing(billing)) }
        for index in table.globalIndexes {
            let changed =
                billingMode == .provisioned ? try throughput(after: index.throughput, of: index.name) : .none
            if changed != index.throughput { edits.append(.indexThroughput(index.name, changed)) }
        }
        if let tableClass, tableClass != table.tableClass { edits.append(.tableClass(tableClass)) }
        return edits
    }

    private func throughput(after current: Throughput, of index: String?) throws(WireError) -> Throughput {
        // What paid per request has none: an index of which the request says nothing then gets what its table gets.
        let hadNone = current == .none
        let wanted = Throughput(
            readUnits: units(reads, of: index) ?? (hadNone ? units(reads, of: nil) ?? 1 : current.readUnits),
            writeUnits: units(writes, of: index) ?? (hadNone ? units(writes, of: nil) ?? 1 : current.writeUnits))
        if wanted.readUnits == current.readUnits, wanted.writeUnits == current.writeUnits { return current }
        try SchemaChecks.checkBounds(wanted, ofIndex: index)
        if hadNone { return wanted }
        let subject = index.map { ThroughputChange.Subject.index($0) } ?? .table
        return try ThroughputChange(subject: subject, nowMilliseconds: nowMilliseconds).applied(wanted, to: current)
    }

    private func units(_ capacities: [GlobalTableSettingsMembers.Capacity], of index: String?) -> Int? {
        capacities.first { $0.index == index }?.units
    }
}
