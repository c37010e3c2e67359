import Partition
public import Replication

/// UpdateGlobalTable: adds empty tables to a global table and takes replicas out of it, which go on as tables of their own
/// (reference `global-tables.md` 2).
public struct UpdateGlobalTableRequest: Sendable, Equatable {
    private enum Action: Sendable, Equatable {
        case create(String)
        case delete(String)

        var region: String {
            switch self {
            case .create(let region), .delete(let region): region
            }
        }
    }

    /// What is to be done.
    public struct Decision: Sendable, Equatable {
        public var added: [RegionName] = []
        public var removed: [RegionName] = []
    }

    public let name: String
    private let actions: [Action]

    init(_ body: RequestBody) throws(WireError) {
        var constraints = Constraints()
        name = try body.globalTableName(&constraints)
        let members = try body.objects("ReplicaUpdates")
        constraints.require(members != nil, at: "replicaUpdates")
        var elements: [[Action]] = []
        for (index, member) in (members ?? []).enumerated() {
            let path = "replicaUpdates.\(index + 1).member"
            var actions: [Action] = []
            if let create = try member.object("Create") {
                actions.append(.create(try create.replicaRegion(at: path + ".create", &constraints)))
            }
            if let delete = try member.object("Delete") {
                actions.append(.delete(try delete.replicaRegion(at: path + ".delete", &constraints)))
            }
            elements.append(actions)
        }
        try constraints.throwIfViolated()
        if elements.isEmpty { throw .invalidParameter("ReplicaUpdates must name at least one region") }
        guard elements.allSatisfy({ $0.count == 1 }) else {
            throw .invalidParameter("Each of the ReplicaUpdates must have either Create or Delete")
        }
        actions = elements.flatMap(\.self)
    }

    public func decide(_ facts: GlobalTableFacts) throws(WireError) -> Decision {
        let globalTable = try facts.existingGlobalTable(named: name)
        var decision = Decision()
        for action in actions {
            let region = try facts.region(named: action.region)
            if (decision.added + decision.removed).contains(region) { throw .regionRepeated(action.region) }
            let isMember = globalTable.table(in: region) != nil
            switch action {
            case .create:
                if isMember { throw .replicaAlreadyExists(region) }
                decision.added.append(region)
            case .delete:
                if !isMember { throw .replicaNotFound(action.region) }
                decision.removed.append(region)
            }
        }
        guard globalTable.status == .active else { throw .globalTableInUse(name) }
        if !decision.added.isEmpty {
            let staying = globalTable.members.filter { !decision.removed.contains($0.region) }
            try GlobalTablePreconditions(name: name, facts: facts).check(adding: decision.added, to: staying)
        }
        return decision
    }
}
