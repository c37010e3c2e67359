import Capacity
import Partition
import Region

/// The capacity of a table or a global index in one direction, at one moment.
struct CapacityView {
    let table: TableDefinition
    let resource: CapacityMeter.Resource
    let access: Throttling.Access
    let use: CapacityMeter.Use
    /// Nil when requests are paid one by one.
    let provisionedUnits: Int?

    /// Nil for the table itself.
    var index: String? { if case .index(let name) = resource { name } else { nil } }
}

extension Region {
    /// All tables, their global indexes behind each.
    var capacityViews: [CapacityView] {
        catalogue.tables.flatMap { table in
            let isProvisioned = table.billing.mode == .provisioned
            let meters: [(Throttling.Access, CapacityMeter?, KeyPath<Throughput, Int>)] = [
                (.read, reads.meter(of: table.number), \.readUnits),
                (.write, head(table.number)?.writes, \.writeUnits),
            ]
            let throughputs: [(CapacityMeter.Resource, Throughput)] =
                [(.table, table.billing.throughput)]
                + table.globalIndexes.map { (.index($0.name), $0.throughput) }
            return throughputs.flatMap { resource, throughput in
                meters.map { access, meter, units in
                    CapacityView(
                        table: table, resource: resource, access: access, use: meter?.use(of: resource) ?? .init(),
                        provisionedUnits: isProvisioned ? throughput[keyPath: units] : nil)
                }
            }
        }
    }
}
