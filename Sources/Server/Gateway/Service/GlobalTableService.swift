import HTTPEndpoint
import JSONBytes
import Partition
import Region
import Replication
import WireProtocol

/// Operations on global tables of version 2017.11.29: decided and carried out on the control plane's queue, as those on tables.
extension AWSService {
    func execute(
        _ operation: GlobalTableOperation, _ document: JSONDocument, in region: Region, _ exchange: Exchange
    ) throws(WireError) {
        let request = try operation.decode(document)
        controlPlane.submit { [self] in
            do throws(WireError) {
                let response = try decide(request, now: region.wallClock.milliseconds)
                // What was decided may not have been stored.
                let hasFailed = regions.regions.contains { $0.failure != nil }
                exchange.respond(hasFailed ? WireError.internalError.response : response)
            } catch {
                exchange.respond(error.response)
            }
        }
    }

    private func decide(_ request: GlobalTableRequest, now: UInt64) throws(WireError) -> WireResponse {
        let facts = globalTableFacts
        switch request {
        case .create(let request):
            return try join(request.name, in: try request.regions(facts), now: now)
        case .update(let request):
            let decision = try request.decide(facts)
            for region in decision.removed { controlPlane.removeLegacyReplica(of: request.name, in: region) }
            return try join(request.name, in: decision.added, now: now)
        case .describe(let name):
            return try facts.description(ofGlobalTable: name)
        case .list(let request):
            return try request.answer(facts)
        case .describeSettings(let name):
            return try facts.settings(ofGlobalTable: name)
        case .updateSettings(let request):
            let decision = try request.decide(facts, nowMilliseconds: now)
            for (table, edits) in decision.edits {
                for edit in edits { controlPlane.edit(table) { edit.apply(to: &$0) } }
            }
            return decision.response
        }
    }

    /// The answer shows the global table with its new replicas, on their way.
    private func join(_ name: String, in targets: [RegionName], now: UInt64) throws(WireError) -> WireResponse {
        let full =
            targets.isEmpty
            ? [] : controlPlane.addLegacyReplicas(of: name, in: targets, createdMilliseconds: now)
        guard full.isEmpty else { throw .replicasNotEmpty(name, in: full) }
        return try globalTableFacts.description(ofGlobalTable: name)
    }

    private var globalTableFacts: GlobalTableFacts {
        let catalogues = Dictionary(uniqueKeysWithValues: regions.regions.map { ($0.name, $0.catalogue) })
        return GlobalTableFacts(
            regions: regions.names, isOffered: offersLegacyGlobalTables, catalogues: catalogues
        ) { [regions] in regions.region($0)?.counters($1) ?? TableCounters() }
    }
}
