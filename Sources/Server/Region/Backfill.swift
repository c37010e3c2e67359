import AttributeModel
import Bytes
import KeyValueStore
import Partition

/// Reads all states of a table from a snapshot, in chunks, for replicas and indexes that are being filled.
struct Backfill {
    /// States that one command carries at the most.
    static let statesPerChunkMax = 256
    /// Item bytes that one command carries at the most (one item may be larger).
    static let bytesPerChunkMax = 1 << 20

    let table: TableDefinition
    let snapshot: RegionStore.Snapshot

    /// - Parameter consume: gets the states in key order, tombstones included; answers false to stop.
    /// - Returns: whether all states were handed over.
    func run(
        _ consume: ([(key: EncodedKey, state: StoredItem)]) -> Bool
    ) throws(StoreError) -> Bool {
        var range = StorageKeys.items(table.number)
        while true {
            let chunk = try readChunk(range)
            guard let last = chunk.last else { return true }
            guard consume(chunk) else { return false }
            range.lower = StorageKeys.item(table.number, last.key) + [0]
        }
    }

    private func readChunk(_ range: KeyRange) throws(StoreError) -> [(key: EncodedKey, state: StoredItem)] {
        var chunk: [(key: EncodedKey, state: StoredItem)] = []
        var bytes = 0
        var failure: StoreError?
        try snapshot.scan(range, in: .items, reverse: false) { key, value in
            do throws(StoreError) {
                let state = try StoredItem.read(Array(value))
                let encoded = try encodedKey(UnsafeRawBufferPointer(rebasing: key.dropFirst(4)))
                chunk.append((encoded, state))
            } catch {
                failure = error
                return .stop
            }
            bytes += value.count
            return chunk.count < Self.statesPerChunkMax && bytes < Self.bytesPerChunkMax ? .next : .stop
        }
        if let failure { throw failure }
        return chunk
    }

    private func encodedKey(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> EncodedKey {
        do {
            return try EncodedKey(decoding: Array(bytes), schema: table.keySchema)
        } catch {
            throw .corrupted(path: "items", reason: "a key of table \(table.name) cannot be decoded")
        }
    }
}
