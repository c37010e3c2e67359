import Foundation
import HTTPEndpoint
import JSONBytes
import Partition
import Region
import Replication
import WireProtocol

/// Operations on tables: decided and carried out on the control plane's queue, one after the other.
extension AWSService {
    func execute(
        _ operation: TableOperation, _ document: JSONDocument, _ context: RequestContext, in region: Region,
        _ exchange: Exchange
    ) throws(WireError) {
        let request = try operation.decode(document, context: context)
        if case .answer(let response) = request { return exchange.respond(response) }
        controlPlane.submit { [self] in
            do throws(WireError) {
                let response = try decide(request, in: region)
                // What was decided may not have been stored.
                exchange.respond(region.failure == nil ? response : WireError.internalError.response)
            } catch {
                exchange.respond(error.response)
            }
        }
    }

    private func decide(_ request: TableRequest, in region: Region) throws(WireError) -> WireResponse {
        let context = context(of: region)
        switch request {
        case .answer(let response): return response
        case .create(let request): return try create(request, in: region, context)
        case .update(let request): return try update(request, in: region, context)
        case .delete(let request): return try delete(request, in: region, context)
        case .tag(let request):
            let table = context.catalogue.table(named: request.tableName)
            apply(try request.edit(for: table), to: table)
            return request.response
        case .timeToLive(let request):
            let table = context.catalogue.table(named: request.tableName)
            apply(try request.edit(for: table, context: context), inGroupOf: table)
            return request.response
        case .continuousBackups(let request):
            let table = context.catalogue.table(named: request.tableName)
            apply(try request.edit(for: table), to: table)
            return request.response
        case .replicaAutoScaling(let request):
            let edits = try request.edits(context: context)
            for edit in edits {
                apply(edit.edit, to: regions.region(edit.region)?.catalogue.table(named: request.tableName))
            }
            return try request.response(context: context)
        case .untag(let request):
            let table = context.catalogue.table(named: request.tableName)
            apply(try request.edit(for: table), to: table)
            return request.response
        }
    }

    /// The table is ready with the answer; the answer shows it as CREATING, as AWS does.
    private func create(
        _ request: CreateTableRequest, in region: Region, _ context: RequestContext
    ) throws(WireError) -> WireResponse {
        if context.catalogue.table(named: request.tableName) == nil { try checkNotElsewhere(request.tableName, region) }
        let created = try request.definition(
            number: region.nextTableNumber, tableID: UUID().uuidString.lowercased(), context: context)
        var active = created
        active.status = .active
        controlPlane.create(active)
        return .tableDescription(created, showing: .creating, context: context)
    }

    /// A region that lost its data gets its replicas back from the other processes, which must be heard first.
    private func checkNotElsewhere(_ tableName: String, _ region: Region) throws(WireError) {
        if let member = regions.memberListing(region.name, in: tableName) {
            throw WireError(
                .resourceInUse,
                "Table already exists: \(tableName) has a replica here, which region \(member) gives back")
        }
        // For a moment after the start; SDKs try again.
        if regions.remotes.contains(where: \.isBeingHeard) { throw .internalError }
    }

    private func update(
        _ request: UpdateTableRequest, in region: Region, _ context: RequestContext
    ) throws(WireError) -> WireResponse {
        let current = context.catalogue.table(named: request.tableName)
        let steps = try request.steps(
            for: current, facts: facts(about: request.tableName, apartFrom: region), context: context)
        guard let current else { throw .internalError }
        for step in steps { try check(step, on: current) }
        for step in steps { carryOut(step, on: current) }
        let after = self.context(of: region)
        guard let table = after.catalogue.table(named: request.tableName) else { throw .internalError }
        return .tableDescription(table, showing: steps.isEmpty ? table.status : .updating, context: after)
    }

    /// Refuses what needs a region of another process that cannot be asked, or that only its own process can do.
    private func check(_ step: TableStep, on table: TableDefinition) throws(WireError) {
        switch step {
        case .createReplica(let name, _):
            // Who has not forgotten the one before would take the new one for it.
            if let member = regions.memberListing(name, in: table.name) {
                throw WireError(
                    .resourceInUse, "Replica \(name) of table \(table.name) is still being removed in region \(member)")
            }
            guard let remote = regions.remote(name), !remote.isKnown else { return }
            throw .validation(
                "Region \(name) is served by another process, which this one has not heard from: "
                    + "\(remote.trouble ?? "it has not told everything yet"). Try again once it runs.")
        case .updateReplica(let name, _):
            guard regions.remote(name) != nil else { return }
            throw .validation(
                "The replica in region \(name) is served by another process. Change its settings by UpdateTable in \(name)."
            )
        default: return
        }
    }

    private func carryOut(_ step: TableStep, on table: TableDefinition) {
        switch step {
        case .edit(let edit): apply(edit, inGroupOf: table)
        case .enableStream(let viewType): controlPlane.enableStream(viewType, of: table)
        case .disableStream: controlPlane.disableStream(of: table)
        case .createIndex(let index, let attributeDefinitions):
            controlPlane.createIndex(index, attributeDefinitions: attributeDefinitions, on: table)
        case .deleteIndex(let name): controlPlane.deleteIndex(name, on: table)
        case .createReplica(let name, let overrides):
            controlPlane.addReplica(of: table.name, in: name, from: table.region) { overrides.apply(to: &$0) }
        case .updateReplica(let name, let overrides):
            guard let replica = regions.region(name)?.catalogue.table(named: table.name) else { return }
            controlPlane.edit(replica) { overrides.apply(to: &$0) }
        case .deleteReplica(let name): controlPlane.removeReplica(of: table.name, in: name)
        }
    }

    private func delete(
        _ request: DeleteTableRequest, in region: Region, _ context: RequestContext
    ) throws(WireError) -> WireResponse {
        let current = context.catalogue.table(named: request.tableName)
        let facts = facts(about: request.tableName, apartFrom: region)
        let decision = try request.decide(current: current, facts: facts, context: context)
        guard let current else { throw .internalError }
        let response = WireResponse.tableDescription(current, showing: .deleting, context: context)
        if decision == .delete { controlPlane.delete(current) }
        return response
    }

    private func apply(_ edit: TableEdit, to table: TableDefinition?) {
        guard let table else { return }
        controlPlane.edit(table) { edit.apply(to: &$0) }
    }

    /// In all regions of the table, when the edit is one that all replicas take over. Those of version 2017.11.29 take over none
    /// (reference `global-tables.md` 1 and 7).
    private func apply(_ edit: TableEdit, inGroupOf table: TableDefinition?) {
        guard let table else { return }
        apply(edit, to: table)
        guard !table.isLegacyGlobal, let edit = edit.forPeers(before: table) else { return }
        for peer in table.peers { apply(edit, to: regions.region(peer.region)?.catalogue.table(named: table.name)) }
    }

    /// Answers a request of Application Auto Scaling, whose targets are tables and global indexes.
    func executeScaling(
        _ target: String, _ body: [UInt8], in region: Region, _ respond: @escaping @Sendable (WireResponse) -> Void
    ) {
        controlPlane.submit { [self] in
            do throws(WireError) {
                let operation = try ScalingOperation(target: target)
                guard let document = try? JSONDocument(parsing: body) else { throw WireError(.serialization, nil) }
                let context = context(of: region)
                let decision = try operation.decide(document, context: context)
                if let change = decision.change {
                    apply(change.edit, inGroupOf: context.catalogue.table(named: change.tableName))
                }
                respond(region.failure == nil ? decision.response : WireError.internalError.response)
            } catch {
                respond(error.response)
            }
        }
    }

    private func facts(about tableName: String, apartFrom region: Region) -> ReplicaFacts {
        ReplicaFacts(regions: regions.allNames, tables: regions.tables(named: tableName, apartFrom: region))
    }
}

extension RegionSet {
    /// In whatever state, replicas or not.
    func tables(named name: String, apartFrom region: Region) -> [RegionName: TableDefinition] {
        var tables: [RegionName: TableDefinition] = [:]
        for other in regions where other !== region { tables[other.name] = other.catalogue.table(named: name) }
        for other in remotes { tables[other.name] = other.table(named: name) }
        return tables
    }
}
