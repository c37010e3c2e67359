public import Capacity
import Synchronization

/// What reads use of the capacity of a region's tables, and how they are held to what is provisioned. For readers on any thread.
public final class ReadCapacity: Sendable {
    private let isEnforced: Bool
    private let meters = Mutex<[TableDefinition.Number: CapacityMeter]>([:])

    /// - Parameter isEnforced: whether reads are refused when provisioned capacity is used up.
    public init(isEnforced: Bool) {
        self.isEnforced = isEnforced
    }

    /// Takes over what all tables of the region provision now.
    public func provision(_ tables: [TableDefinition], nowMilliseconds: UInt64) {
        meters.withLock { meters in
            var provisioned: [TableDefinition.Number: CapacityMeter] = [:]
            for table in tables where table.deletedMilliseconds == nil {
                var meter = meters[table.number] ?? CapacityMeter()
                meter.provision(table, \.readUnits, isEnforced: isEnforced, nowMilliseconds: nowMilliseconds)
                provisioned[table.number] = meter
            }
            meters = provisioned
        }
    }

    /// Whether a read is let in that costs at least so much. Counts the refusal.
    public func admits(
        _ resource: CapacityMeter.Resource, of number: TableDefinition.Number, atLeast units: Double,
        nowMilliseconds: UInt64
    ) -> Bool {
        guard isEnforced else { return true }
        return meters.withLock { meters in
            guard meters[number]?.admits(resource, atLeast: units, nowMilliseconds: nowMilliseconds) == false else {
                return true
            }
            meters[number]?.countThrottle(of: resource)
            return false
        }
    }

    /// Counts a read, and takes its units from what is provisioned.
    public func charge(
        _ units: Double, to resource: CapacityMeter.Resource, of number: TableDefinition.Number,
        nowMilliseconds: UInt64
    ) {
        meters.withLock { $0[number]?.charge(units, to: resource, nowMilliseconds: nowMilliseconds) }
    }

    public func meter(of number: TableDefinition.Number) -> CapacityMeter? { meters.withLock { $0[number] } }
}
