import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Metrics
import Partition
import Region
import Replication

/// Reads what a table's log has gained since the last look, for what its metrics need: how long replicated changes were under way.
struct ChangeLogSampler {
    /// Records that one look decodes; of more, the newest stand for all.
    static let recordsPerLookMax: UInt64 = 2000

    /// What a look saw.
    struct Sample {
        /// From the write in its region to the commit here, in milliseconds, by the region of the write.
        var latencies: [RegionName: StatisticSet] = [:]
    }

    /// Where the next look at each table begins.
    private var next: [TableDefinition.Number: UInt64]

    /// - Parameter tables: those that are there with the process; what their logs hold was counted by an earlier one.
    init(_ tables: [TableDefinition], in region: Region) {
        next = Dictionary(tables.map { ($0.number, region.counters($0.number).nextSequence) }) { $1 }
    }

    mutating func forget(apartFrom tables: [TableDefinition]) {
        guard next.count > tables.count else { return }
        let numbers = Set(tables.map(\.number))
        next = next.filter { numbers.contains($0.key) }
    }

    /// - Parameter offset: by how many milliseconds the clock of a region is moved.
    mutating func sample(
        _ table: TableDefinition, in region: Region, offset: (RegionName) -> Int64
    ) throws(StoreError) -> Sample? {
        let counters = region.counters(table.number)
        let end = counters.nextSequence
        let known = next.updateValue(end, forKey: table.number) ?? counters.firstSequence
        guard known < end else { return nil }
        let first = end - min(end - known, Self.recordsPerLookMax)
        var sample = Sample()
        var failure: StoreError?
        try region.store.scan(StorageKeys.changes(table.number, from: first), in: .changes, reverse: false) {
            key, value in
            do {
                let sequence = try StorageKeys.sequence(ofChange: key)
                guard sequence < end else { return .stop }
                sample.add(try ChangeRecord(sequence: sequence, decoding: value), in: region.name, offset)
            } catch {
                failure = .corrupted(path: "changes", reason: "\(error)")
                return .stop
            }
            return .next
        }
        if let failure { throw failure }
        return sample
    }

    /// When the record was committed, in milliseconds since 1970; nil when the log has it no more.
    static func commitMilliseconds(
        of sequence: UInt64, table: TableDefinition.Number, in region: Region
    ) throws(StoreError) -> UInt64? {
        guard let bytes = try region.store.value(of: StorageKeys.change(table, sequence), in: .changes) else {
            return nil
        }
        return bytes.withUnsafeBytes { try? ChangeRecord(sequence: sequence, decoding: $0).commitMilliseconds }
    }
}

extension ChangeLogSampler.Sample {
    fileprivate mutating func add(
        _ record: ChangeRecord, in region: RegionName, _ offset: (RegionName) -> Int64
    ) {
        let origin = record.version.region
        // What came in a snapshot was not under way.
        guard record.cause != .restore, origin != region else { return }
        // Each time is put back to the clock that all regions of the process share.
        let written = Int64(record.version.timestamp.milliseconds) - offset(origin)
        let committed = Int64(record.commitMilliseconds) - offset(region)
        let latency = StatisticSet(Double(max(0, committed - written)))
        if latencies[origin]?.merge(latency) == nil { latencies[origin] = latency }
    }
}
