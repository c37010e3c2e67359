public import AttributeModel
import Bytes
public import ChangeStream
public import KeyValueStore
import Replication

/// A record of a source's change log, as far as a link needs it.
public struct LinkRecord: Sendable {
    public enum Content: Sendable {
        /// Another region wrote it: it does not travel.
        case passedOver
        /// The source wrote it, and committed it at this time, in milliseconds since 1970.
        case own(ReplicatedChange, commitMilliseconds: UInt64)
    }

    public let sequence: UInt64
    public let byteCount: Int
    public let content: Content

    public init(sequence: UInt64, byteCount: Int, content: Content) {
        self.sequence = sequence
        self.byteCount = byteCount
        self.content = content
    }

    /// Visits the records of the source's table in its store, from `first` up to, not including, `end`, until the visitor stops.
    public static func visit(
        of table: LinkedTable, from first: UInt64, until end: UInt64, reading store: some KeyValueReader,
        _ body: (LinkRecord) -> ScanStep
    ) throws(StoreError) {
        var failure: StoreError?
        try store.scan(StorageKeys.changes(table.number, from: first), in: .changes, reverse: false) { key, value in
            do {
                let sequence = try StorageKeys.sequence(ofChange: key)
                guard sequence < end else { return .stop }
                let content = try content(of: value, sequence, table.region, table.keySchema)
                return body(LinkRecord(sequence: sequence, byteCount: value.count, content: content))
            } catch {
                failure = .corrupted(path: "changes", reason: "\(error)")
                return .stop
            }
        }
        if let failure { throw failure }
    }

    private static func content(
        of bytes: UnsafeRawBufferPointer, _ sequence: UInt64, _ region: RegionName, _ keySchema: KeySchema
    ) throws -> Content {
        guard try ChangeRecord.isMade(in: region, bytes) else { return .passedOver }
        let record = try ChangeRecord(sequence: sequence, decoding: bytes)
        return .own(try ReplicatedChange(record, keySchema), commitMilliseconds: record.commitMilliseconds)
    }
}

extension ReplicatedChange {
    /// The whole item of a change record, as it travels to other regions.
    public init(_ record: ChangeRecord, of table: TableDefinition) throws(KeyError) {
        try self.init(record, table.keySchema)
    }

    fileprivate init(_ record: ChangeRecord, _ keySchema: KeySchema) throws(KeyError) {
        let image = record.newImage ?? record.oldImage ?? .empty
        self.init(
            sequence: record.sequence, key: try keySchema.key(of: image), version: record.version,
            baseVersion: record.baseVersion,
            item: record.newImage, cause: record.cause, transaction: record.transaction)
    }
}
