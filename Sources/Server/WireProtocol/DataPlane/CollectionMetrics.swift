import AttributeModel
import JSONBytes
import Partition

/// ItemCollectionMetrics: which item collection of a table with local indexes a write touched, and an estimate of its size
/// (reference `data-plane.md` 7).
struct CollectionMetrics: Sendable {
    /// In whole gigabytes; collections are not measured, and none is near the 10 GB where AWS would refuse writes.
    private static let sizeEstimateGigabytes = [0, 1]

    private let partitionKey: Item

    /// Nil when the table has no item collections.
    init?(of item: Item, in table: CatalogueTable) {
        guard !table.definition.localIndexes.isEmpty else { return nil }
        partitionKey = item.projecting(table.definition.keySchema.partitionKeys.map(\.name))
    }

    /// Appends the object.
    func append(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("ItemCollectionKey")
        partitionKey.appendJSON(to: &writer)
        writer.key("SizeEstimateRangeGB")
        writer.beginArray()
        for bound in Self.sizeEstimateGigabytes { writer.number(bound) }
        writer.endArray()
        writer.endObject()
    }

    /// Appends the member of a request on several items: by table, in order of their first use.
    static func append(
        _ metrics: [(tableName: String, metrics: CollectionMetrics)], to writer: inout JSONWriter
    ) {
        guard !metrics.isEmpty else { return }
        writer.key("ItemCollectionMetrics")
        writer.beginObject()
        for (position, entry) in metrics.enumerated() {
            if metrics[..<position].contains(where: { $0.tableName == entry.tableName }) { continue }
            writer.key(entry.tableName)
            writer.beginArray()
            for other in metrics[position...] where other.tableName == entry.tableName {
                other.metrics.append(to: &writer)
            }
            writer.endArray()
        }
        writer.endObject()
    }
}
