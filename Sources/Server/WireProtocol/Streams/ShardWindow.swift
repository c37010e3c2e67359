import Bytes
import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Replication

/// A shard as one request sees it: where its records begin and end, and which of them are too old to be shown.
struct ShardWindow: Sendable {
    let place: StreamPlace
    let shard: Shard
    /// The oldest sequence number that may still be in the log.
    let lower: UInt64
    /// One past the last committed record of the shard.
    let limit: UInt64
    let region: RegionName
    let nowMilliseconds: UInt64

    init(place: StreamPlace, shard: Shard, context: RequestContext) {
        let counters = context.counters(place.table.number)
        self.place = place
        self.shard = shard
        limit = shard.end ?? max(counters.nextSequence, shard.first)
        lower = min(max(counters.firstSequence, shard.first), limit)
        region = context.region
        nowMilliseconds = context.wallMilliseconds
    }

    /// Whether the log has grown past a place of this shard for good: nothing follows there.
    func isEnd(_ sequence: UInt64) -> Bool {
        guard let end = shard.end else { return false }
        return sequence >= end
    }

    func isTooOld(_ record: ChangeRecord) -> Bool {
        nowMilliseconds > record.commitMilliseconds + Stream.retentionMilliseconds
    }

    /// Nil when the record was trimmed meanwhile.
    func record(_ sequence: UInt64, in store: some KeyValueReader) throws(StoreError) -> ChangeRecord? {
        guard let bytes = try store.value(of: StorageKeys.change(place.table.number, sequence), in: .changes) else {
            return nil
        }
        do {
            return try bytes.withUnsafeBytes { try ChangeRecord(sequence: sequence, decoding: $0) }
        } catch {
            throw .corrupted(path: "changes", reason: "a change record cannot be decoded: \(error)")
        }
    }

    /// The first record that may be shown, or the end of the shard. The log is in the order of time, so a few records tell.
    func horizon(in store: some KeyValueReader) throws(StoreError) -> UInt64 {
        var low = lower
        var high = limit
        if low < high, try isShown(low, in: store) { return low }
        while low < high {
            let middle = low + (high - low) / 2
            if try isShown(middle, in: store) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func isShown(_ sequence: UInt64, in store: some KeyValueReader) throws(StoreError) -> Bool {
        guard let record = try record(sequence, in: store) else { return false }
        return !isTooOld(record)
    }

    func iterator(at sequence: UInt64) -> String {
        ShardIterator(
            streamARN: place.arn, shardID: shard.id, next: sequence, issuedMilliseconds: nowMilliseconds
        ).text
    }

    func iteratorResponse(at sequence: UInt64) -> WireResponse {
        WireResponse.object { writer in
            writer.key("ShardIterator")
            writer.string(iterator(at: sequence))
        }
    }
}
