import Capacity
import Metrics
import Partition
import Region
import Replication

/// Capacity of tables and global indexes; `index` is empty for the table itself.
extension MetricsPage {
    mutating func writeCapacity() {
        let views = regions.regions.flatMap { region in region.capacityViews.map { (region.name, $0) } }
        let used = views.filter { $0.1.use.requests > 0 || $0.1.use.throttles > 0 }
        text.begin("tributary_consumed_capacity_units_total", .counter, "Capacity used since the start.")
        for (region, view) in used { text.sample(labels(region, view), view.use.units) }
        text.begin(
            "tributary_replicated_write_units_total", .counter, "Of these, what writes of other regions used.")
        for (region, view) in used where view.access == .write {
            text.sample(labels(region, view), view.use.replicatedUnits)
        }
        text.begin(
            "tributary_throttled_requests_total", .counter, "Requests refused because capacity was used up.")
        for (region, view) in used { text.sample(labels(region, view), view.use.throttles) }
        text.begin("tributary_provisioned_capacity_units", .gauge, "Provisioned capacity in units a second.")
        for (region, view) in views {
            guard let units = view.provisionedUnits else { continue }
            text.sample(labels(region, view), Double(units))
        }
    }

    private func labels(_ region: RegionName, _ view: CapacityView) -> KeyValuePairs<String, String> {
        [
            "region": region.name, "table": view.table.name, "index": view.index ?? "",
            "access": view.access.rawValue.lowercased(),
        ]
    }
}
