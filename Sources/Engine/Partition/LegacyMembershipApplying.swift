import ChangeStream
import KeyValueStore
import Replication

/// Tables that become replicas of global tables of version 2017.11.29, and cease to be.
extension RegionEngine {
    mutating func joinLegacyGlobalTable(
        _ number: TableDefinition.Number, _ membership: LegacyMembership, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) {
        guard isLive(number), let partition = tables[number], partition.counters.itemCount == 0,
            !partition.definition.isGlobal, !partition.definition.isLegacyGlobal
        else { return }
        update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, counters in
            definition.legacyGlobalTable = LegacyGlobalTable(
                createdMilliseconds: membership.createdMilliseconds, status: .joining,
                firstSequence: counters.nextSequence)
            definition.versionFloor = membership.versionFloor
            definition.peers = membership.peers.map {
                Peer(region: $0, status: .creating, source: nil, addedMilliseconds: wallMilliseconds)
            }
        }
        tellOfLegacyReplica(.replicaCreated, number, wallMilliseconds: wallMilliseconds, group: &group)
    }

    mutating func leaveLegacyGlobalTable(
        _ number: TableDefinition.Number, wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        guard isLive(number), tables[number]?.definition.isLegacyGlobal == true else { return }
        tellOfLegacyReplica(.replicaRemoved, number, wallMilliseconds: wallMilliseconds, group: &group)
        update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, _ in
            definition.legacyGlobalTable = nil
            definition.peers = []
        }
        tables[number]?.cursors = [:]
        group.deleteRange(StorageKeys.cursors(number), in: .metadata)
        settleArrivals(wallMilliseconds: wallMilliseconds, group: &group)
    }

    mutating func removeLegacyPeer(
        _ number: TableDefinition.Number, _ peer: RegionName, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) {
        guard isLive(number), tables[number]?.definition.isLegacyGlobal == true else { return }
        update(number, wallMilliseconds: wallMilliseconds, group: &group) { definition, _ in
            definition.peers.removeAll { $0.region == peer }
        }
        tables[number]?.cursors[peer] = nil
        group.delete(StorageKeys.cursor(number, from: peer), in: .metadata)
        settleArrivals(wallMilliseconds: wallMilliseconds, group: &group)
    }

    private mutating func tellOfLegacyReplica(
        _ kind: ControlEvent.Kind, _ number: TableDefinition.Number, wallMilliseconds: UInt64,
        group: inout WriteGroup
    ) {
        guard let definition = tables[number]?.definition else { return }
        tell(kind, of: definition, wallMilliseconds: wallMilliseconds, group: &group)
    }
}
