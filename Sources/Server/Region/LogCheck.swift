import KeyValueStore
import Partition
import Replication

/// Finds logs that have lost their end: a replica's cursor lies behind it only if acknowledged changes are gone.
///
/// Cursors are saved for what was durable in the source alone. If such a log went on, its new records would have numbers that the replicas believe
/// to have, and would be skipped in silence.
enum LogCheck {
    static func findLostRecords(in regions: [Region], dataDirectory: String?) throws(StoreError) {
        for target in regions {
            for table in target.catalogue.tables {
                for source in regions where source !== target {
                    try findLostRecords(
                        of: source, in: dataDirectory.map { $0 + "/" + source.name.name }, readBy: target, table)
                }
            }
        }
    }

    private static func findLostRecords(
        of source: Region, in directory: String?, readBy target: Region, _ table: TableDefinition
    ) throws(StoreError) {
        guard table.peers.contains(where: { $0.region == source.name }),
            let cursor = target.head(table.number)?.cursors[source.name],
            let sourceTable = source.catalogue.table(named: table.name),
            sourceTable.peers.contains(where: { $0.region == target.name })
        else { return }
        let next = source.counters(sourceTable.number).nextSequence
        guard cursor.next > next else { return }
        throw lostEnd(
            of: table, next: next, seenBy: target.name, cursor.next, path: directory ?? source.name.name)
    }

    static func lostEnd(
        of table: TableDefinition, next: UInt64, seenBy peer: RegionName, _ cursor: UInt64, path: String
    ) -> StoreError {
        .corrupted(
            path: path,
            reason: "table \(table.name) has \(next - 1) changes, but \(peer) has seen \(cursor - 1): the end of "
                + "its log is missing")
    }
}
