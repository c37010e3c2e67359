import KeyValueStore
import Partition
import Replication
import Synchronization

/// Of which log the cursors of links from other processes are: the TableId of the source's table, kept with the region.
///
/// A region whose data was lost makes its replica anew, and its log begins again at 1, without anybody here having removed it.
final class LinkGenerations: Sendable {
    private let region: Region
    private let known: Mutex<[Key: String]>

    private struct Key: Hashable, Sendable {
        let number: TableDefinition.Number
        let peer: RegionName

        var name: String { LinkGenerations.prefix + "\(number)/\(peer)" }

        init(number: TableDefinition.Number, peer: RegionName) {
            self.number = number
            self.peer = peer
        }

        init?(name: String) {
            let parts = name.dropFirst(LinkGenerations.prefix.count).split(separator: "/")
            guard parts.count == 2, let number = TableDefinition.Number(parts[0]) else { return nil }
            self.init(number: number, peer: RegionName(stored: String(parts[1])))
        }
    }

    private static let prefix = "link-generation/"

    init(of region: Region) throws(StoreError) {
        self.region = region
        var found: [Key: String] = [:]
        for (name, value) in try KeptValue.values(withPrefix: Self.prefix, reading: region.store) {
            if let key = Key(name: name) { found[key] = String(decoding: value, as: UTF8.self) }
        }
        known = Mutex(found)
    }

    func generation(of number: TableDefinition.Number, _ peer: RegionName) -> String? {
        known.withLock { $0[Key(number: number, peer: peer)] }
    }

    /// Takes note of the log that a peer's replica has. The cursor of another one is put back to the beginning first: nothing may be on its way
    /// over the link then.
    ///
    /// - Parameter next: the number that the log's next record gets, as far as was told.
    func note(_ tableID: String, next: UInt64, of number: TableDefinition.Number, _ peer: RegionName) {
        let key = Key(number: number, peer: peer)
        let before = known.withLock { $0[key] }
        guard before != tableID else { return }
        // Where none is known yet, both were served by one process, and the cursor is of this very log; unless it is behind the log's end.
        let cursor = region.head(number)?.cursors[peer]?.next ?? 0
        if before != nil || cursor > next {
            _ = region.perform(.changeCatalogue(.setCursor(number, peer: peer, LinkCursor(next: 1))))
        }
        let kept = KeptValue(name: key.name, value: Array(tableID.utf8), isDurable: true)
        guard case .done = region.perform(.keep(kept)) else { return }
        known.withLock { $0[key] = tableID }
    }

    func forget(_ number: TableDefinition.Number, _ peer: RegionName) {
        let key = Key(number: number, peer: peer)
        guard known.withLock({ $0.removeValue(forKey: key) }) != nil else { return }
        _ = region.perform(.keep(KeptValue(name: key.name, value: nil, isDurable: true)))
    }
}
