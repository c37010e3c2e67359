public import AttributeModel
public import Bytes
public import KeyValueStore
public import Replication

/// Keys of everything that a region stores. Numbers are big-endian, so that rows of one table are neighbours.
///
/// | Space | Key | Value |
/// |---|---|---|
/// | metadata | `r` | the region: `RegionRecord` |
/// | metadata | `h` | the region's clock: no timestamp given out so far is later |
/// | metadata | `t` table number | `TableDefinition` as JSON |
/// | metadata | `c` table number | `TableCounters` |
/// | metadata | `l` table number, peer's region name | `LinkCursor` |
/// | metadata | `k` client token of a transaction | `IdempotencyRecord` |
/// | metadata | `v` name | a `KeptValue` of the shell |
/// | metadata | `a` transaction id | an `Arrival`: a transaction of another region that is half visible here |
/// | items | table number, encoded key | `StoredItem` |
/// | indexes | table number, index ordinal, encoded index key, table key as a component | the table key's bytes |
/// | indexes | table number, ordinal 0, timestamp, item key | nothing: a tombstone, by age |
/// | indexes | table number, ordinal 65535, seconds as ordered bytes, item key | nothing: an item, by expiry |
/// | changes | table number, sequence number | `ChangeRecord` |
/// | changes | 0, sequence number | a control event: its kind's byte, its CloudEvents JSON |
public enum StorageKeys {
    public static let region: [UInt8] = [UInt8(ascii: "r")]
    public static let clock: [UInt8] = [UInt8(ascii: "h")]
    public static let tables = KeyRange(prefix: [UInt8(ascii: "t")])
    static let idempotencyTokens = KeyRange(prefix: [UInt8(ascii: "k")])
    /// The index ordinal under which a table's tombstones are listed by age.
    static let tombstoneOrdinal: IndexDefinition.Ordinal = 0

    public static func table(_ number: TableDefinition.Number) -> [UInt8] { metadata("t", number) }
    public static func counters(_ number: TableDefinition.Number) -> [UInt8] { metadata("c", number) }

    public static func cursor(_ number: TableDefinition.Number, from peer: RegionName) -> [UInt8] {
        var bytes = metadata("l", number, reserving: peer.name.utf8.count)
        bytes.append(contentsOf: peer.name.utf8)
        return bytes
    }

    public static func cursors(_ number: TableDefinition.Number) -> KeyRange { KeyRange(prefix: metadata("l", number)) }

    static func keptValue(_ name: String) -> [UInt8] { [UInt8(ascii: "v")] + Array(name.utf8) }

    static let arrivals = KeyRange(prefix: [UInt8(ascii: "a")])

    static func arrival(_ transaction: String) -> [UInt8] { [UInt8(ascii: "a")] + Array(transaction.utf8) }

    static func idempotencyToken(_ token: Text) -> [UInt8] { [UInt8(ascii: "k")] + token.utf8 }

    public static func item(_ number: TableDefinition.Number, _ key: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + key.count)
        bytes.appendBigEndian(number)
        bytes.append(contentsOf: key)
        return bytes
    }

    public static func item(_ number: TableDefinition.Number, _ key: EncodedKey) -> [UInt8] {
        item(number, key.bytes[...])
    }

    public static func items(_ number: TableDefinition.Number) -> KeyRange { KeyRange(prefix: prefix(number)) }

    public static func index(
        _ number: TableDefinition.Number, _ ordinal: IndexDefinition.Ordinal, _ key: ArraySlice<UInt8>
    ) -> [UInt8] {
        index(number, ordinal, key, reserving: 0)
    }

    /// - Parameter count: how many bytes will follow.
    private static func index(
        _ number: TableDefinition.Number, _ ordinal: IndexDefinition.Ordinal, _ key: ArraySlice<UInt8>,
        reserving count: Int
    ) -> [UInt8] {
        var bytes = prefix(number, reserving: 2 + key.count + count)
        bytes.appendBigEndian(ordinal)
        bytes.append(contentsOf: key)
        return bytes
    }

    /// An entry of a secondary index: entries with equal index keys order by table key.
    public static func indexEntry(
        _ number: TableDefinition.Number, _ ordinal: IndexDefinition.Ordinal, _ key: EncodedKey, of tableKey: EncodedKey
    ) -> [UInt8] {
        // Two bytes end it, and each string or binary component in it has a zero, which is escaped.
        var bytes = index(number, ordinal, key.bytes[...], reserving: tableKey.bytes.count + 8)
        KeyCodec.append(tableKey.bytes, to: &bytes)
        return bytes
    }

    public static func indexEntries(
        _ number: TableDefinition.Number, _ ordinal: IndexDefinition.Ordinal
    ) -> KeyRange {
        KeyRange(prefix: index(number, ordinal, []))
    }

    static func indexes(_ number: TableDefinition.Number) -> KeyRange { KeyRange(prefix: prefix(number)) }

    static func tombstone(
        _ number: TableDefinition.Number, _ timestamp: HybridTimestamp, _ key: EncodedKey
    ) -> [UInt8] {
        var bytes = index(number, tombstoneOrdinal, [], reserving: 8 + key.bytes.count)
        bytes.appendBigEndian(timestamp.rawValue)
        bytes.append(contentsOf: key.bytes)
        return bytes
    }

    /// The oldest tombstones of a table, up to a timestamp.
    public static func tombstones(
        of table: TableDefinition, upTo horizon: HybridTimestamp, limit: Int, reading store: some KeyValueReader
    ) throws(StoreError) -> [(timestamp: HybridTimestamp, key: EncodedKey)] {
        try tombstones(
            of: table, in: indexEntries(table.number, tombstoneOrdinal), upTo: horizon, limit: limit, reading: store)
    }

    private static func tombstones(
        of table: TableDefinition, in range: KeyRange, upTo horizon: HybridTimestamp, limit: Int,
        reading store: some KeyValueReader
    ) throws(StoreError) -> [(timestamp: HybridTimestamp, key: EncodedKey)] {
        var found: [(timestamp: HybridTimestamp, key: EncodedKey)] = []
        var failure: StoreError?
        try store.scan(range, in: .indexes, reverse: false) { key, _ in
            do {
                var reader = ByteReader(key, at: 6)
                let timestamp = HybridTimestamp(rawValue: try reader.readBigEndian(UInt64.self))
                guard timestamp <= horizon else { return .stop }
                let bytes = Array(try reader.readSlice(reader.remaining))
                found.append((timestamp, try EncodedKey(decoding: bytes, schema: table.keySchema)))
            } catch {
                failure = .corrupted(path: "indexes", reason: "a tombstone of table \(table.name) cannot be decoded")
                return .stop
            }
            return found.count < limit ? .next : .stop
        }
        if let failure { throw failure }
        return found
    }

    /// The tombstones of a table by age, beginning behind the one that came last.
    public static func tombstones(
        of table: TableDefinition, after last: (timestamp: HybridTimestamp, key: EncodedKey)?, limit: Int,
        reading store: some KeyValueReader
    ) throws(StoreError) -> [(timestamp: HybridTimestamp, key: EncodedKey)] {
        var range = indexEntries(table.number, tombstoneOrdinal)
        if let last { range.lower = tombstone(table.number, last.timestamp, last.key) + [0] }
        return try tombstones(of: table, in: range, upTo: HybridTimestamp(rawValue: .max), limit: limit, reading: store)
    }

    public static func change(_ number: TableDefinition.Number, _ sequence: UInt64) -> [UInt8] {
        var bytes = prefix(number, reserving: 8)
        bytes.appendBigEndian(sequence)
        return bytes
    }

    /// Changes from `first` on, in order.
    public static func changes(_ number: TableDefinition.Number, from first: UInt64) -> KeyRange {
        KeyRange(lower: change(number, first), upper: KeyRange.successor(ofPrefix: prefix(number)))
    }

    /// The sequence number at the end of a change's key.
    public static func sequence(ofChange key: UnsafeRawBufferPointer) throws(DamagedBytes) -> UInt64 {
        var reader = ByteReader(key, at: 4)
        return try reader.readBigEndian(UInt64.self)
    }

    /// - Parameter count: how many bytes will follow.
    private static func prefix(_ number: TableDefinition.Number, reserving count: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + count)
        bytes.appendBigEndian(number)
        return bytes
    }

    private static func metadata(
        _ kind: Unicode.Scalar, _ number: TableDefinition.Number, reserving count: Int = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(5 + count)
        bytes.append(UInt8(ascii: kind))
        bytes.appendBigEndian(number)
        return bytes
    }
}
