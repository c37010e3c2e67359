import ChangeStream
import EventSource
import EventSources
import Functions
import HandlerKit
import Partition
import Region
import Replication
import WireProtocol

/// A region as the handlers of folders and code live in it.
protocol HandlerPlace: AnyObject, Sendable {
    var regionName: RegionName { get }
    var functions: FunctionRegistry { get }

    /// Makes the region's mappings those that the handlers ask for. Called every second.
    func reconcile(_ handlers: [String: LocalHandler])
}

extension RegionLambda: HandlerPlace {
    var regionName: RegionName { region.name }

    func reconcile(_ handlers: [String: LocalHandler]) {
        let tables = region.catalogue.tables
        var wanted: [String: RegionLambda.Mapping] = [:]
        for handler in handlers.values where handler.isOf(region.name) {
            for table in tables where handler.tables.contains(table.name) {
                guard let stream = table.enabledStream else { continue }
                let mapping = handler.mapping(
                    to: table.streamARN(stream), of: table.name, in: region.name,
                    nowMilliseconds: region.wallClock.milliseconds)
                wanted[mapping.definition.uuid] = mapping
            }
        }
        for mapping in allMappings {
            guard let name = mapping.handler else { continue }
            let uuid = mapping.definition.uuid
            // What a table that is gone has left in its stream is still delivered.
            if wanted[uuid] == nil, handlers[name] == nil || !isReadable(mapping.definition.streamARN) {
                end(uuid)
            }
        }
        for (uuid, mapping) in wanted {
            if let known = self.mapping(uuid), known.isEquivalent(to: mapping) { continue }
            run(mapping)
        }
    }

    private func isReadable(_ streamARN: String) -> Bool {
        let catalogue = region.catalogue
        return (catalogue.tables + catalogue.deletedTables).contains { table in
            table.streams.contains { table.streamARN($0) == streamARN }
        }
    }
}

extension RegionLambda.Mapping {
    /// Whether it asks for the same, whenever it was made.
    fileprivate func isEquivalent(to other: RegionLambda.Mapping) -> Bool {
        let (left, right) = (definition, other.definition)
        return left.streamARN == right.streamARN && left.settings == right.settings
            && left.filterPatterns == right.filterPatterns && left.isEnabled == right.isEnabled
            && destination == other.destination
    }
}
