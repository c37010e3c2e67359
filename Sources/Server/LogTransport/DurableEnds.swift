import ChangeStream
import Dispatch
import Partition
import Region
import Replication

/// Which records may be published: only those that a power failure cannot take back, else their numbers would be given to others.
///
/// What the region's own clients wrote is durable before it can be read, and so is all that lies before it. Writes of other regions need
/// not be: they wait for an own one, or for a flush of the store, of which there is one every `flushMilliseconds` at the most.
struct DurableEnds {
    static let flushMilliseconds = 10

    private let region: Region
    private var tables: [TableDefinition.Number: UInt64] = [:]
    private var events: UInt64 = 0
    private var flushedNanoseconds: UInt64 = 0

    init(_ region: Region) {
        self.region = region
    }

    /// The records of a table, which follow each other, up to the last that is durable.
    mutating func durablePrefix(of records: [ChangeRecord], in table: TableDefinition) -> ArraySlice<ChangeRecord> {
        guard let last = records.last else { return [] }
        var known = tables[table.number] ?? 0
        if let own = records.last(where: { $0.version.region == region.name && $0.cause != .restore }) {
            known = max(known, own.sequence + 1)
        }
        if known <= last.sequence, flush() { known = max(known, last.sequence + 1) }
        tables[table.number] = known
        return records.prefix { $0.sequence < known }
    }

    /// Sees to it that events before `end` are durable; false when none are known to be that were not before.
    mutating func areEventsDurable(before end: UInt64) -> Bool {
        guard events < end else { return true }
        guard flush() else { return false }
        events = end
        return true
    }

    func isEventDurable(_ sequence: UInt64) -> Bool { sequence < events }

    /// False when the last flush is too short ago, or the region has failed.
    private mutating func flush() -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        guard now - flushedNanoseconds >= UInt64(Self.flushMilliseconds) * 1_000_000 else { return false }
        flushedNanoseconds = now
        if case .done = region.perform(.flush) { return true }
        return false
    }
}
