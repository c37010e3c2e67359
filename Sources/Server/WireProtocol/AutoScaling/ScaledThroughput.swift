public import Partition

/// A change of provisioned capacity that auto scaling makes, under the limits for all such changes.
public enum ScaledThroughput {
    /// - Throws: LimitExceededException for one decrease too many, and when nothing would change.
    public static func edit(
        of table: TableDefinition, _ capacity: ScalableCapacity, units: Int, nowMilliseconds: UInt64
    ) throws(WireError) -> TableEdit {
        if let name = capacity.index {
            guard let index = table.globalIndexes.first(where: { $0.name == name }) else { throw .internalError }
            let change = ThroughputChange(subject: .index(name), nowMilliseconds: nowMilliseconds)
            return .indexThroughput(
                name, try change.applied(index.throughput.with(units, capacity.access), to: index.throughput))
        }
        guard table.billing.mode == .provisioned else { throw .internalError }
        let change = ThroughputChange(subject: .table, nowMilliseconds: nowMilliseconds)
        var billing = table.billing
        billing.throughput = try change.applied(
            billing.throughput.with(units, capacity.access), to: billing.throughput)
        return .billing(billing)
    }
}

extension Throughput {
    fileprivate func with(_ units: Int, _ access: Throttling.Access) -> Throughput {
        var changed = self
        switch access {
        case .read: changed.readUnits = units
        case .write: changed.writeUnits = units
        }
        return changed
    }
}
