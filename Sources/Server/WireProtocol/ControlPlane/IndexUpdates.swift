import AttributeModel
import Bytes
import JSONBytes
import Partition

/// One element of `GlobalSecondaryIndexUpdates`.
enum IndexUpdate: Sendable, Equatable {
    case create(IndexMember)
    /// Without throughput when only limits are set that have no effect here.
    case update(name: String, throughput: Throughput?, hasOtherSettings: Bool)
    case delete(name: String)

    var name: String {
        switch self {
        case .create(let index): index.name
        case .update(let name, _, _), .delete(let name): name
        }
    }

    var throughput: Throughput? {
        switch self {
        case .create(let index): index.throughput
        case .update(_, let throughput, _): throughput
        case .delete: nil
        }
    }

    /// Creates or deletes: only one such change of a table at a time.
    var isOnlineChange: Bool { if case .update = self { false } else { true } }
}

/// The elements of `GlobalSecondaryIndexUpdates` before it is known that each has exactly one action.
struct IndexUpdateMembers {
    private let elements: [[IndexUpdate]]

    var isEmpty: Bool { elements.isEmpty }

    init(_ body: RequestBody, _ constraints: inout Constraints) throws(WireError) {
        var elements: [[IndexUpdate]] = []
        for (index, member) in (try body.objects("GlobalSecondaryIndexUpdates") ?? []).enumerated() {
            elements.append(try Self.actions(member, "globalSecondaryIndexUpdates.\(index + 1).member", &constraints))
        }
        self.elements = elements
    }

    private static func actions(
        _ member: RequestBody, _ path: String, _ constraints: inout Constraints
    ) throws(WireError) -> [IndexUpdate] {
        var actions: [IndexUpdate] = []
        if let update = try member.object("Update") {
            let throughputPath = path + ".update.provisionedThroughput"
            actions.append(
                .update(
                    name: try update.indexName(at: path + ".update", &constraints),
                    throughput: try update.throughput(at: throughputPath, &constraints),
                    hasOtherSettings: update.member("OnDemandThroughput") != nil
                        || update.member("WarmThroughput") != nil))
        }
        if let create = try member.object("Create") {
            let keysMax = 2 * SchemaChecks.keysOfOneRoleMax
            actions.append(.create(try create.index(at: path + ".create", keysMax: keysMax, &constraints)))
        }
        if let delete = try member.object("Delete") {
            actions.append(.delete(name: try delete.indexName(at: path + ".delete", &constraints)))
        }
        return actions
    }

    /// Checks all that needs no table.
    ///
    /// - Parameter definitions: nil when the request has no `AttributeDefinitions`.
    func updates(_ definitions: [KeyAttribute]?) throws(WireError) -> [IndexUpdate] {
        var updates: [IndexUpdate] = []
        var names: Set<String> = []
        for actions in elements {
            guard let action = actions.first else {
                throw .invalidParameter(
                    "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                        + "GlobalSecondaryIndexUpdate.Delete must not be null")
            }
            if actions.count > 1 {
                throw .invalidParameter(
                    "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")
            }
            if !names.insert(action.name).inserted {
                throw .invalidParameter(
                    "Only one global secondary index update per index is allowed simultaneously. Index: \(action.name)")
            }
            updates.append(action)
        }
        for update in updates {
            if let throughput = update.throughput { try SchemaChecks.checkBounds(throughput, ofIndex: update.name) }
            guard case .create(let index) = update else { continue }
            guard let definitions else {
                throw .invalidParameter("AttributeDefinitions is not specified for index: \(index.name)")
            }
            let checks = SchemaChecks(definitions: definitions)
            try checks.checkNoDuplicateDefinitions()
            try checks.checkGlobalIndex(index)
        }
        return updates
    }
}

/// Decides on index updates against the table as it is.
struct IndexDecision {
    private static let onlyOneOnline = WireError(
        .limitExceeded,
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")

    let current: TableDefinition
    let definitions: [KeyAttribute]
    /// The billing mode after the request.
    let billingMode: BillingMode
    let nowMilliseconds: UInt64

    func steps(_ updates: [IndexUpdate]) throws(WireError) -> [TableStep] {
        let online = updates.filter(\.isOnlineChange)
        if online.count > 1 { throw Self.onlyOneOnline }
        var steps: [TableStep] = []
        for update in updates {
            switch update {
            case .create(let index): steps.append(try createStep(index))
            case .update(let name, let throughput, let hasOtherSettings):
                steps += try updateSteps(name, throughput, hasOtherSettings: hasOtherSettings)
            case .delete(let name): steps.append(try deleteStep(name))
            }
        }
        // An index that is being created may be deleted; otherwise a second one waits for the first.
        let busy = current.globalIndexes.filter { $0.status != .active }
        if let change = online.first, busy.contains(where: { $0.name != change.name }) { throw Self.onlyOneOnline }
        return steps
    }

    private func createStep(_ index: IndexMember) throws(WireError) -> TableStep {
        if current.index(named: index.name) != nil {
            throw .validation("Attempting to create an index which already exists")
        }
        try checkNotRedefined(index)
        switch (billingMode, index.throughput) {
        case (.payPerRequest, _?): throw Self.throughputOfPayPerRequest(index.name)
        case (.provisioned, nil):
            throw .invalidParameter(
                "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: \(index.name)")
        default: break
        }
        try SchemaChecks.checkOnDemand(index.onDemandMaximum, billingMode, ofIndex: index.name)
        if current.globalIndexes.count >= SchemaChecks.globalIndexesMax {
            throw WireError(
                .limitExceeded,
                "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of "
                    + "\(SchemaChecks.globalIndexesMax)")
        }
        try checkProjectedNames(with: index)
        if current.isGlobal, !current.isLegacyGlobal, billingMode == .provisioned,
            current.globalIndexes.contains(where: { $0.writeScaling?.policy == nil })
        {
            throw .notAutoScaled("GSI")
        }
        let keySchema = SchemaChecks(definitions: definitions).keySchema(index.keys)
        return .createIndex(
            IndexDefinition(
                ordinal: current.nextIndexOrdinal, name: index.name, keySchema: keySchema,
                projection: index.projection, throughput: index.throughput ?? .none, status: .creating),
            attributeDefinitions: attributeDefinitions(with: keySchema))
    }

    /// Definitions that deleted indexes left behind go.
    private func attributeDefinitions(with added: KeySchema) -> [KeyAttribute] {
        var kept: [KeyAttribute] = []
        for schema in [current.keySchema] + current.indexes.map(\.keySchema) + [added] {
            for attribute in schema.attributes where !kept.contains(attribute) { kept.append(attribute) }
        }
        return kept
    }

    private func checkProjectedNames(with index: IndexMember) throws(WireError) {
        let present = current.indexes.map { existing in
            guard case .include(let names) = existing.projection else { return 0 }
            return names.count
        }
        if present.reduce(index.nonKeyAttributes?.count ?? 0, +) > SchemaChecks.projectedNamesMax {
            throw .invalidParameter(
                "Number of NonKeyAttributes of all indexes exceeds per-table limit of \(SchemaChecks.projectedNamesMax)"
            )
        }
    }

    /// Attributes that the table or an index uses keep their type.
    private func checkNotRedefined(_ index: IndexMember) throws(WireError) {
        for schema in [current.keySchema] + current.indexes.map(\.keySchema) {
            for attribute in schema.attributes {
                guard let wanted = definitions.first(where: { $0.name == attribute.name }),
                    wanted.type != attribute.type
                else { continue }
                let isKey = index.keys.contains { $0.name == attribute.name }
                let newSchema = isKey ? SchemaChecks(definitions: definitions).keySchema(index.keys) : schema
                throw .invalidParameter(
                    "Attributes cannot be redefined. Please check that your attribute has the same type as previously "
                        + "defined. Existing schema: \(text(of: schema)) "
                        + "New schema: \(text(of: newSchema, with: definitions))")
            }
        }
    }

    /// `Schema:[SchemaElement: key{x:S:HASH}]`
    private func text(of schema: KeySchema, with definitions: [KeyAttribute] = []) -> String {
        func element(_ attribute: KeyAttribute, _ role: KeyElement.Role) -> String {
            let type = definitions.first { $0.name == attribute.name }?.type ?? attribute.type
            return "SchemaElement: key{\(attribute.name):\(type.rawValue):\(role.rawValue)}"
        }
        let elements =
            schema.partitionKeys.map { element($0, .hash) } + schema.sortKeys.map { element($0, .range) }
        return "Schema:[" + elements.joined(separator: ", ") + "]"
    }

    private func updateSteps(
        _ name: String, _ throughput: Throughput?, hasOtherSettings: Bool
    ) throws(WireError) -> [TableStep] {
        let index = try globalIndex(name, "update")
        guard let throughput else {
            if hasOtherSettings { return [] }
            throw .invalidParameter(
                billingMode == .payPerRequest
                    ? "The only Updates for index: \(name) when TableThroughputMode is PAY_PER_REQUEST can be to "
                        + "OnDemandThroughput, WarmThroughput"
                    : "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: \(name)")
        }
        if billingMode == .payPerRequest { throw Self.throughputOfPayPerRequest(name) }
        if index.status == .deleting { throw inDeletion(name) }
        let change = ThroughputChange(subject: .index(name), nowMilliseconds: nowMilliseconds)
        return [.edit(.indexThroughput(name, try change.applied(throughput, to: index.throughput)))]
    }

    private func deleteStep(_ name: String) throws(WireError) -> TableStep {
        if try globalIndex(name, "delete").status == .deleting { throw inDeletion(name) }
        return .deleteIndex(name)
    }

    private func globalIndex(_ name: String, _ action: String) throws(WireError) -> IndexDefinition {
        if let index = current.globalIndexes.first(where: { $0.name == name }) { return index }
        if current.index(named: name) != nil {
            throw .validation("Cannot \(action) an index that is not a GlobalSecondaryIndex: \(name)")
        }
        throw WireError(
            .resourceNotFound, "Requested resource not found: Index \(name) for table \(current.name)")
    }

    private func inDeletion(_ name: String) -> WireError {
        .stillInUse("Index is being deleted. Table: \(current.name) Index: \(name)")
    }

    private static func throughputOfPayPerRequest(_ index: String) -> WireError {
        .invalidParameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: \(index) when BillingMode is "
                + "PAY_PER_REQUEST")
    }
}
