import Bytes
import FoundationEssentials
import JSONBytes
import KeyValueStore
import Replication

/// Reading and writing of what a region remembers besides items: rare, small, and legible (definitions are JSON).
package enum CatalogueCodec {
    static func encode(_ definition: TableDefinition) -> [UInt8] { encodeJSON(definition) }
    static func encode(_ record: RegionRecord) -> [UInt8] { encodeJSON(record) }

    static func encode(_ clock: HybridTimestamp) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(clock.rawValue)
        return bytes
    }

    static func encode(_ record: IdempotencyRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(record.completedMilliseconds, to: &bytes)
        bytes.append(contentsOf: record.digest)
        return bytes
    }

    static func readRegion(_ store: some KeyValueReader, as region: RegionName) throws(StoreError) -> RegionRecord {
        guard let bytes = try store.value(of: StorageKeys.region, in: .metadata) else {
            return RegionRecord(name: region)
        }
        let record: RegionRecord = try decodeJSON(bytes, what: "the region's record")
        guard record.name == region else {
            throw .corrupted(path: "metadata", reason: "it belongs to region \(record.name), not \(region)")
        }
        return record
    }

    static func readClock(_ store: some KeyValueReader) throws(StoreError) -> HybridTimestamp {
        guard let bytes = try store.value(of: StorageKeys.clock, in: .metadata) else { return .zero }
        return HybridTimestamp(
            rawValue: try decode(bytes, what: "the clock") { (reader) throws(DamagedBytes) in
                try reader.readBigEndian(UInt64.self)
            })
    }

    static func readTables(
        _ store: some KeyValueReader, remembering memory: DefinitionMemory?
    ) throws(StoreError) -> [TableDefinition] {
        var values: [[UInt8]] = []
        try store.scan(StorageKeys.tables, in: .metadata, reverse: false) { _, value in
            values.append(Array(value))
            return .next
        }
        var definitions: [TableDefinition] = []
        for value in values {
            if let known = memory?[value] {
                definitions.append(known)
            } else {
                let definition: TableDefinition = try decodeJSON(value, what: "a table definition")
                memory?[value] = definition
                definitions.append(definition)
            }
        }
        return definitions
    }

    static func readPartition(
        _ store: some KeyValueReader, _ definition: TableDefinition
    ) throws(StoreError) -> Partition {
        var partition = Partition(definition: definition)
        if let bytes = try store.value(of: StorageKeys.counters(definition.number), in: .metadata) {
            do {
                partition.counters = try TableCounters(decoding: bytes)
            } catch {
                throw .corrupted(path: "metadata", reason: "counters of table \(definition.name): \(error)")
            }
        }
        partition.cursors = try readCursors(store, definition.number)
        return partition
    }

    private static func readCursors(
        _ store: some KeyValueReader, _ number: TableDefinition.Number
    ) throws(StoreError) -> [RegionName: LinkCursor] {
        let range = StorageKeys.cursors(number)
        var rows: [(RegionName, [UInt8])] = []
        try store.scan(range, in: .metadata, reverse: false) { key, value in
            let peer = String(decoding: key.dropFirst(range.lower.count), as: UTF8.self)
            rows.append((RegionName(stored: peer), Array(value)))
            return .next
        }
        var cursors: [RegionName: LinkCursor] = [:]
        for (peer, bytes) in rows {
            cursors[peer] = try decode(bytes, what: "a link's cursor") { (reader) throws(DamagedBytes) in
                try LinkCursor(decoding: &reader)
            }
        }
        return cursors
    }

    static func readIdempotency(_ store: some KeyValueReader) throws(StoreError) -> [Text: IdempotencyRecord] {
        var entries: [(Text, [UInt8])] = []
        try store.scan(StorageKeys.idempotencyTokens, in: .metadata, reverse: false) { key, value in
            entries.append((Text(utf8: Array(key.dropFirst())), Array(value)))
            return .next
        }
        var records: [Text: IdempotencyRecord] = [:]
        for (token, value) in entries {
            records[token] = try decode(value, what: "an idempotency token") { (reader) throws(DamagedBytes) in
                let completed = try reader.readVarint()
                return IdempotencyRecord(
                    digest: Array(try reader.readSlice(reader.remaining)), completedMilliseconds: completed)
            }
        }
        return records
    }

    static func readArrivals(_ store: some KeyValueReader) throws(StoreError) -> Arrivals {
        var rows: [(String, [UInt8])] = []
        try store.scan(StorageKeys.arrivals, in: .metadata, reverse: false) { key, value in
            rows.append((String(decoding: key.dropFirst(), as: UTF8.self), Array(value)))
            return .next
        }
        var arrivals: [Arrival] = []
        for (id, value) in rows {
            arrivals.append(
                try decode(value, what: "a half-arrived transaction") { (reader) throws(DamagedBytes) in
                    try Arrival(id: id, decoding: &reader)
                })
        }
        return Arrivals(arrivals)
    }

    private static func decode<Value>(
        _ bytes: [UInt8], what: String, _ body: (inout ByteReader) throws(DamagedBytes) -> Value
    ) throws(StoreError) -> Value {
        let result: Result<Value, DamagedBytes> = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(DamagedBytes) { return .success(try body(&reader)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw .corrupted(path: "metadata", reason: "\(what) cannot be decoded: \(error)")
        }
    }

    /// JSON with sorted members.
    package static func encodeJSON(_ value: some Encodable) -> [UInt8] {
        do {
            return try SortedJSON.encode(value)
        } catch {
            preconditionFailure("catalogue types hold nothing that JSON cannot express: \(error)")
        }
    }

    private static func decodeJSON<Value: Decodable>(_ bytes: [UInt8], what: String) throws(StoreError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw .corrupted(path: "metadata", reason: "\(what) cannot be decoded: \(error)")
        }
    }
}
