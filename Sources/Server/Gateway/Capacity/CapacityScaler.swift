import Capacity
import Partition
import Region
import Replication

/// Lets the provisioned capacity of tables and global indexes follow its use, where a target and a policy say so. Used by one thread.
///
/// Of a global table each region watches its own reads. Writes are provisioned alike everywhere, and each replica uses what all of them
/// write: so the replica whose region comes first in the alphabet watches for all.
struct CapacityScaler {
    private struct Subject: Hashable {
        let region: RegionName
        let table: TableDefinition.Number
        let capacity: ScalableCapacity
    }

    /// A capacity that should change.
    struct Change {
        let table: TableDefinition
        let capacity: ScalableCapacity
        let units: Int
    }

    private var known: [Subject: TargetTracking] = [:]

    mutating func look(at all: [Region]) -> [Change] {
        var seen: [Subject: TargetTracking] = [:]
        var changes: [Change] = []
        for region in all where region.failure == nil {
            let now = region.wallClock.milliseconds
            for view in region.capacityViews {
                let capacity = ScalableCapacity(index: view.index, view.access)
                guard let provisioned = view.provisionedUnits, let scaling = view.table[scaling: capacity],
                    view.table.status == .active, isWatched(view)
                else { continue }
                let subject = Subject(region: region.name, table: view.table.number, capacity: capacity)
                var tracking = known[subject] ?? TargetTracking()
                let wanted = tracking.look(
                    units: view.use.units, provisioned: provisioned, TargetTracking.Settings(scaling),
                    nowMilliseconds: now)
                seen[subject] = tracking
                if let wanted { changes.append(Change(table: view.table, capacity: capacity, units: wanted)) }
            }
        }
        known = seen
        return changes
    }

    private func isWatched(_ view: CapacityView) -> Bool {
        view.access == .read || view.table.isLegacyGlobal
            || view.table.peers.allSatisfy { view.table.region < $0.region }
    }
}

extension TargetTracking.Settings {
    fileprivate init(_ scaling: AutoScaling) {
        self.init(
            minimumUnits: scaling.minimumUnits, maximumUnits: scaling.maximumUnits,
            targetPercent: scaling.policy?.targetPercent,
            isScaleInDisabled: scaling.policy?.isScaleInDisabled ?? false,
            scaleInCooldownMilliseconds: UInt64(scaling.policy?.scaleInCooldownSeconds ?? 0) * 1000,
            scaleOutCooldownMilliseconds: UInt64(scaling.policy?.scaleOutCooldownSeconds ?? 0) * 1000)
    }
}
