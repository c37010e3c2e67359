public import AttributeModel
import Bytes
public import KeyValueStore

/// The list of a table's items by expiry: what the sweep reads instead of the table. A table without time to live has none.
extension StorageKeys {
    /// The index ordinal under which items are listed by expiry; no index gets it.
    public static let expiryOrdinal: IndexDefinition.Ordinal = .max

    static func expiry(
        _ number: TableDefinition.Number, _ expiry: DecimalNumber, _ key: EncodedKey
    ) -> [UInt8] {
        var bytes = index(number, expiryOrdinal, [])
        expiry.appendOrderedBytes(to: &bytes)
        bytes.append(contentsOf: key.bytes)
        return bytes
    }

    /// The keys of items that are expired, those that expired first before the others.
    public static func expiredItems(
        of table: TableDefinition, atMilliseconds wallMilliseconds: UInt64, limit: Int,
        reading store: some KeyValueReader
    ) throws(StoreError) -> [EncodedKey] {
        let expired = TimeToLive.expired(atMilliseconds: wallMilliseconds)
        let list = indexEntries(table.number, expiryOrdinal)
        let range = KeyRange(lower: list.lower + expired.above.orderedBytes, upper: list.upper)
        var found: [EncodedKey] = []
        var failure: StoreError?
        try store.scan(range, in: .indexes, reverse: false) { key, _ in
            do {
                var reader = ByteReader(key, at: list.lower.count)
                let expiry = try DecimalNumber(orderedBytes: &reader)
                guard expiry <= expired.upTo else { return .stop }
                guard expiry > expired.above else { return .next }
                let bytes = Array(try reader.readSlice(reader.remaining))
                found.append(try EncodedKey(decoding: bytes, schema: table.keySchema))
            } catch {
                failure = .corrupted(path: "indexes", reason: "an expiry of table \(table.name) cannot be decoded")
                return .stop
            }
            return found.count < limit ? .next : .stop
        }
        if let failure { throw failure }
        return found
    }
}

extension RegionEngine {
    /// Keeps the list when an item changes.
    func listExpiry(
        of key: EncodedKey, in table: TableDefinition, from old: Item?, to new: Item?, group: inout WriteGroup
    ) {
        guard let timeToLive = table.timeToLive, timeToLive.isOn else { return }
        let before = old.flatMap { timeToLive.expiry(of: $0) }
        let after = new.flatMap { timeToLive.expiry(of: $0) }
        guard before != after else { return }
        if let before { group.delete(StorageKeys.expiry(table.number, before, key), in: .indexes) }
        if let after { group.put(StorageKeys.expiry(table.number, after, key), [], in: .indexes) }
    }

    /// Lists items that were there before time to live was enabled.
    func listExpiries(
        of keys: [EncodedKey], in table: TableDefinition, group: inout WriteGroup
    ) throws(StoreError) {
        for key in keys {
            let item = try group.storedItem(at: StorageKeys.item(table.number, key))?.item
            listExpiry(of: key, in: table, from: nil, to: item, group: &group)
        }
    }

    /// Drops the list when it is no longer kept, or kept by another attribute.
    func settleExpiryList(
        from old: TimeToLive?, to new: TimeToLive?, in table: TableDefinition.Number, group: inout WriteGroup
    ) {
        guard let old, old.isOn else { return }
        if let new, new.isOn, new.attributeName == old.attributeName { return }
        group.deleteRange(StorageKeys.indexEntries(table, StorageKeys.expiryOrdinal), in: .indexes)
    }
}
