import Capacity
import Metrics
import Partition
import Region
import Replication

/// Makes CloudWatch metrics of the capacity that tables and global indexes provide and use. Used by one thread.
struct CapacityCollector {
    private static let namespace = "AWS/DynamoDB"

    private struct Subject: Hashable {
        let region: RegionName
        let table: TableDefinition.Number
        let resource: CapacityMeter.Resource
        let access: Throttling.Access
    }

    private let regions: [RegionName: RegionMetrics]
    /// What the last look found.
    private var known: [Subject: CapacityMeter.Use] = [:]

    init(_ regions: [RegionName: RegionMetrics]) {
        self.regions = regions
    }

    mutating func collect(_ all: [Region]) {
        var found: [Subject: CapacityMeter.Use] = [:]
        for region in all where region.failure == nil {
            for view in region.capacityViews {
                let subject = Subject(
                    region: region.name, table: view.table.number, resource: view.resource, access: view.access)
                found[subject] = view.use
                record(view, since: known[subject] ?? .init(), in: region.name)
            }
        }
        known = found
    }

    private func record(_ view: CapacityView, since before: CapacityMeter.Use, in region: RegionName) {
        let requests = Double(view.use.requests &- before.requests)
        let units = view.use.units - before.units
        if requests > 0 {
            // One request's units are not known here: the average is over the second's requests.
            let average = units / requests
            record(
                StatisticSet(sampleCount: requests, sum: units, minimum: average, maximum: average),
                "Consumed\(view.access.rawValue)CapacityUnits", view, region)
        }
        let throttles = Double(view.use.throttles &- before.throttles)
        if throttles > 0 {
            record(
                StatisticSet(sampleCount: throttles, sum: throttles, minimum: 1, maximum: 1),
                "\(view.access.rawValue)ThrottleEvents", view, region)
        }
        if let provisioned = view.provisionedUnits {
            record(
                StatisticSet(Double(provisioned)), "Provisioned\(view.access.rawValue)CapacityUnits", view, region)
        }
    }

    private func record(_ set: StatisticSet, _ name: String, _ view: CapacityView, _ region: RegionName) {
        var dimensions = [MetricIdentity.Dimension("TableName", view.table.name)]
        if let index = view.index { dimensions.append(.init("GlobalSecondaryIndexName", index)) }
        regions[region]?.record(
            set, "Count", of: MetricIdentity(namespace: Self.namespace, name: name, dimensions: dimensions))
    }
}
