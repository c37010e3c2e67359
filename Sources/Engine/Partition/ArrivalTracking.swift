import ChangeStream
import KeyValueStore
import Replication

/// Tells how far transactions of other regions have arrived, in the batch that moves the cursor over their items.
extension RegionEngine {
    /// Looks at the transactions of changes that were just applied; the cursors are moved already.
    ///
    /// Whether a change won, lost or was there already is no matter: its place in the transaction is filled.
    mutating func trackArrivals(
        of arriving: ReplicatedChanges, before: LinkCursor?, wallMilliseconds: UInt64,
        group: inout WriteGroup, _ outcome: inout ReplicationOutcome
    ) {
        guard let table = tables[arriving.table]?.maintenance.definition.name else { return }
        var seen: Set<String> = []
        for change in arriving.changes {
            guard let transaction = change.transaction, seen.insert(transaction.id).inserted,
                let shares = shares(of: transaction, at: change.sequence, in: table)
            else { continue }
            let known = arrivals[transaction.id]
            let old = known?.arrived ?? progress(of: shares, from: arriving.peer, in: arriving.table, before).arrived
            let (arrived, size) = progress(of: shares, from: arriving.peer)
            // What is repeated was told before.
            guard arrived > old else { continue }
            let arrival = Arrival(
                id: transaction.id, home: arriving.peer, shares: shares,
                sinceMilliseconds: known?.sinceMilliseconds ?? wallMilliseconds, arrived: arrived, size: size)
            settle(arrival, wallMilliseconds: wallMilliseconds, group: &group)
            while let forgotten = arrivals.forgetOldest() {
                group.delete(StorageKeys.arrival(forgotten.id), in: .metadata)
                outcome.forgottenTransactions += 1
            }
        }
    }

    /// Looks again at all that are half visible: tables and links that came or went change what there is to wait for.
    mutating func settleArrivals(
        wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        for var arrival in arrivals.halfArrived {
            let (arrived, size) = progress(of: arrival.shares, from: arrival.home)
            guard arrived != arrival.arrived || size != arrival.size else { continue }
            arrival.arrived = arrived
            arrival.size = size
            if arrived > 0 {
                settle(arrival, wallMilliseconds: wallMilliseconds, group: &group)
            } else {
                arrivals.drop(arrival.id)
                group.delete(StorageKeys.arrival(arrival.id), in: .metadata)
            }
        }
    }

    private mutating func settle(
        _ arrival: Arrival, wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        let isWhole = arrival.arrived >= arrival.size
        if isWhole {
            if arrivals[arrival.id] != nil { group.delete(StorageKeys.arrival(arrival.id), in: .metadata) }
            arrivals.complete(arrival.id)
        } else {
            arrivals.remember(arrival)
            group.put(StorageKeys.arrival(arrival.id), arrival.encoded, in: .metadata)
        }
        emit(
            arrival.event(
                isWhole ? .transactionArrived : .transactionArriving, nowMilliseconds: wallMilliseconds),
            wallMilliseconds: wallMilliseconds, group: &group)
    }

    /// Nil for a record that cannot be where it says it is.
    private func shares(
        of transaction: ChangeRecord.Transaction, at sequence: UInt64, in table: String
    ) -> [ChangeRecord.Transaction.Share]? {
        guard transaction.shares.isEmpty else { return transaction.shares }
        guard let index = UInt64(exactly: transaction.index), let size = UInt64(exactly: transaction.size),
            index < size, sequence > index
        else { return nil }
        return [.init(table: table, first: sequence - index, count: size)]
    }

    /// How many items of a transaction are here, and how many will be.
    ///
    /// - Parameters:
    ///   - number: a table for which `cursor` stands in for the one that is stored.
    private func progress(
        of shares: [ChangeRecord.Transaction.Share], from home: RegionName,
        in number: TableDefinition.Number? = nil, _ cursor: LinkCursor? = nil
    ) -> (arrived: UInt64, size: UInt64) {
        var arrived: UInt64 = 0
        var size: UInt64 = 0
        for share in shares {
            guard
                let partition = tables.values.first(where: {
                    let definition = $0.maintenance.definition
                    return definition.name == share.table && definition.deletedMilliseconds == nil
                }),
                partition.maintenance.definition.peers.contains(where: { $0.region == home }),
                let stored = partition.cursors[home]
            else { continue }
            let effective = partition.maintenance.definition.number == number ? cursor ?? stored : stored
            arrived += effective.covered(from: share.first, count: share.count)
            size += share.count
        }
        return (arrived, size)
    }
}
