/// Counts what a table and its global indexes use of their capacity in one direction, and holds them to what is provisioned.
public struct CapacityMeter: Sendable {
    /// The table itself, or one of its global secondary indexes. Local indexes use the table's capacity.
    public enum Resource: Sendable, Hashable {
        case table
        case index(String)
    }

    /// What was used since the process started. Only grows.
    public struct Use: Sendable, Equatable {
        /// Units, replicated ones included.
        public var units = 0.0
        /// Units of writes that came from other regions.
        public var replicatedUnits = 0.0
        /// Requests, or replicated changes, that used them.
        public var requests: UInt64 = 0
        /// Requests that were refused.
        public var throttles: UInt64 = 0

        public init() {}
    }

    private struct Entry: Sendable {
        let name: String
        var bucket: CapacityBucket?
        var use = Use()
    }

    private var table = Entry(name: "")
    /// By name; few.
    private var indexes: [Entry] = []

    public init() {}

    /// Takes over what is provisioned now. Uses of indexes that are gone are forgotten.
    ///
    /// - Parameters:
    ///   - unitsPerSecond: nil where nothing is refused.
    ///   - indexes: all global indexes.
    ///   - now: nil when that cannot be told.
    public mutating func provision(
        unitsPerSecond: Int?, indexes provisioned: [(name: String, unitsPerSecond: Int?)],
        nowMilliseconds now: UInt64? = nil
    ) {
        Self.provision(unitsPerSecond, &table, now)
        var entries: [Entry] = []
        for index in provisioned {
            var entry = indexes.first { $0.name == index.name } ?? Entry(name: index.name)
            Self.provision(index.unitsPerSecond, &entry, now)
            entries.append(entry)
        }
        indexes = entries
    }

    private static func provision(_ unitsPerSecond: Int?, _ entry: inout Entry, _ now: UInt64?) {
        guard let unitsPerSecond, unitsPerSecond > 0 else { return entry.bucket = nil }
        if entry.bucket?.provision(unitsPerSecond: unitsPerSecond) == nil {
            entry.bucket = CapacityBucket(unitsPerSecond: unitsPerSecond, nowMilliseconds: now)
        }
    }

    /// Whether anything can be refused at all.
    public var isEnforced: Bool { table.bucket != nil || indexes.contains { $0.bucket != nil } }

    /// Whether the resource lets a request in that costs at least so much.
    public mutating func admits(_ resource: Resource, atLeast units: Double, nowMilliseconds: UInt64) -> Bool {
        change(resource) { $0.bucket?.admits(atLeast: units, nowMilliseconds: nowMilliseconds) ?? true } ?? true
    }

    /// Counts a request that was refused.
    public mutating func countThrottle(of resource: Resource) {
        change(resource) { $0.use.throttles += 1 }
    }

    /// Whether the table has write or read units left, without anybody asking for them.
    public func hasCapacity(nowMilliseconds: UInt64) -> Bool {
        guard let bucket = table.bucket else { return true }
        return bucket.available(atMilliseconds: nowMilliseconds) >= 1
    }

    /// Counts a request, and takes its units from what is provisioned.
    public mutating func charge(_ units: Double, to resource: Resource, nowMilliseconds: UInt64) {
        change(resource) { entry in
            entry.use.units += units
            entry.use.requests += 1
            entry.bucket?.charge(units, nowMilliseconds: nowMilliseconds)
        }
    }

    /// The same for a write that came from another region: it is never refused, and others wait for it.
    public mutating func chargeReplicated(_ units: Double, to resource: Resource, nowMilliseconds: UInt64) {
        change(resource) { $0.use.replicatedUnits += units }
        charge(units, to: resource, nowMilliseconds: nowMilliseconds)
    }

    public func use(of resource: Resource) -> Use {
        switch resource {
        case .table: table.use
        case .index(let name): indexes.first { $0.name == name }?.use ?? Use()
        }
    }

    /// Nil for an index that is gone.
    @discardableResult
    private mutating func change<Result>(_ resource: Resource, _ body: (inout Entry) -> Result) -> Result? {
        switch resource {
        case .table: return body(&table)
        case .index(let name):
            guard let position = indexes.firstIndex(where: { $0.name == name }) else { return nil }
            return body(&indexes[position])
        }
    }
}
