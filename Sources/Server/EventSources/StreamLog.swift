import AttributeModel
import Bytes
package import ChangeStream
import EventPattern
import EventSource
package import KeyValueStore
package import Partition
package import Region

/// One stream of a table as event source mappings read it: its records, shards and limits as of the last commit.
package struct StreamLog: Sendable {
    package let region: Region
    package let table: TableDefinition
    package let stream: Stream

    /// Nil when the region has no such stream, or has forgotten it.
    package init?(arn: String, tableName: String, in region: Region) {
        let catalogue = region.catalogue
        let candidates =
            [catalogue.table(named: tableName)].compactMap { $0 }
            + catalogue.deletedTables.filter { $0.name == tableName }
        for table in candidates {
            if let stream = table.streams.first(where: { table.streamARN($0) == arn }) {
                self.region = region
                self.table = table
                self.stream = stream
                return
            }
        }
        return nil
    }

    var shards: [ShardStretch] {
        stream.shards.map { ShardStretch(id: $0.id, first: $0.first, end: $0.end) }
    }

    /// Which transactions of other regions are half visible in the region, and the table's next number at that moment.
    var arrivingTransactions: ArrivingTransactions {
        let (arrivals, nextSequence) = region.arrivals(with: table.number)
        return ArrivingTransactions(
            incomplete: arrivals.halfArrivedIDs, forgotten: arrivals.forgottenIDs, nextSequence: nextSequence)
    }

    /// The number that the table's next change will get.
    package var nextSequence: UInt64 { region.counters(table.number).nextSequence }

    /// The first record that the log holds and the stream has.
    package var firstSequence: UInt64 {
        max(region.counters(table.number).firstSequence, stream.shards.first?.first ?? 1)
    }

    /// The first record that is not older than a stream shows. The log is in the order of time.
    package func horizon() throws(StoreError) -> UInt64 {
        let now = region.wallClock.milliseconds
        var low = firstSequence
        var high = max(low, nextSequence)
        while low < high {
            let middle = low + (high - low) / 2
            guard let record = try record(middle) else { return firstSequence }
            if now > record.commitMilliseconds + Stream.retentionMilliseconds {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// Nil when the record was trimmed.
    func record(_ sequence: UInt64) throws(StoreError) -> ChangeRecord? {
        guard let bytes = try region.store.value(of: StorageKeys.change(table.number, sequence), in: .changes) else {
            return nil
        }
        do {
            return try bytes.withUnsafeBytes { try ChangeRecord(sequence: sequence, decoding: $0) }
        } catch {
            throw .corrupted(path: "changes", reason: "record \(sequence) of table \(table.name) cannot be decoded")
        }
    }

    /// Visits stored records behind `after` up to `through`, in order, until the visitor stops.
    package func scan(
        after: UInt64, through: UInt64,
        _ visit: (_ sequence: UInt64, _ record: UnsafeRawBufferPointer) -> ScanStep
    ) throws(StoreError) {
        var failure: StoreError?
        try region.store.scan(StorageKeys.changes(table.number, from: after + 1), in: .changes, reverse: false) {
            key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key) else {
                failure = .corrupted(path: "changes", reason: "a key of table \(table.name) cannot be decoded")
                return .stop
            }
            return sequence > through ? .stop : visit(sequence, value)
        }
        if let failure { throw failure }
    }

    /// What filters see of the records.
    var recordContext: RecordContext {
        RecordContext(
            region: region.name, tableID: table.tableID, keySchema: table.keySchema, viewType: stream.viewType)
    }

    /// Writes records as functions get them.
    var recordJSON: StreamRecordJSON {
        StreamRecordJSON(
            region: region.name, tableID: table.tableID, keySchema: table.keySchema, viewType: stream.viewType,
            form: .lambdaEvent(streamARN: table.streamARN(stream)))
    }

    /// A number that is the same for all changes of an item, today and after a restart.
    func keyHash(of record: ChangeRecord) -> UInt64 {
        let image = record.newImage ?? record.oldImage ?? .empty
        // A record that passed into the log has its key.
        guard let key = try? table.keySchema.key(of: image) else { return 0 }
        return key.bytes.withUnsafeBytes { bytes in
            bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        }
    }
}
