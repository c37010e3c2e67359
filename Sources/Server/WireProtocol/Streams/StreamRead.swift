import ChangeStream
import JSONBytes
public import KeyValueStore
import Partition

/// A request on a stream that only the change log can answer: GetRecords, and iterators whose place must be looked up.
public struct StreamRead: Sendable {
    /// How much of the stored log one answer may hold, in bytes. One record may be larger than that and is then alone.
    static let bytesMax = 1 << 20

    enum Wanted: Sendable {
        case iteratorAtHorizon
        case iterator(sequence: UInt64, isAfter: Bool)
        case records(from: UInt64, limit: Int)
    }

    let window: ShardWindow
    let wanted: Wanted

    /// - Throws: only when the store cannot be read; what is wrong with the request is in the result.
    public func execute(reading store: some KeyValueReader) throws(StoreError) -> Result<WireResponse, WireError> {
        switch wanted {
        case .iteratorAtHorizon: return .success(window.iteratorResponse(at: try window.horizon(in: store)))
        case .iterator(let sequence, let isAfter):
            return try iterator(sequence, isAfter: isAfter, in: store)
        case .records(let first, let limit): return try records(from: first, limit: limit, in: store)
        }
    }

    private func iterator(
        _ sequence: UInt64, isAfter: Bool, in store: some KeyValueReader
    ) throws(StoreError) -> Result<WireResponse, WireError> {
        // The number at the limit belongs to no record yet: that is how an empty shard names its start.
        if sequence == window.limit { return .success(window.iteratorResponse(at: window.limit)) }
        guard sequence < window.limit, sequence >= window.shard.first else {
            return .failure(
                sequence < window.lower
                    ? .trimmed : .invalidSequenceNumber(SequenceNumber.text(of: sequence)))
        }
        guard sequence >= window.lower, let record = try window.record(sequence, in: store), !window.isTooOld(record)
        else { return .failure(.trimmed) }
        return .success(window.iteratorResponse(at: isAfter ? sequence + 1 : sequence))
    }

    private func records(
        from first: UInt64, limit: Int, in store: some KeyValueReader
    ) throws(StoreError) -> Result<WireResponse, WireError> {
        guard first < window.limit else { return .success(response([], next: first)) }
        guard first >= window.lower, let oldest = try window.record(first, in: store), !window.isTooOld(oldest) else {
            return .failure(.trimmed)
        }
        var page: [ChangeRecord] = []
        var pageBytes = 0
        var damage: StoreError?
        let last = min(window.limit, first + UInt64(limit))
        let number = window.place.table.number
        let range = KeyRange(lower: StorageKeys.change(number, first), upper: StorageKeys.change(number, last))
        try store.scan(range, in: .changes, reverse: false) { key, value in
            pageBytes += value.count
            if pageBytes > Self.bytesMax, !page.isEmpty { return .stop }
            do {
                page.append(try ChangeRecord(sequence: try StorageKeys.sequence(ofChange: key), decoding: value))
                return .next
            } catch {
                damage = .corrupted(path: "changes", reason: "a change record cannot be decoded: \(error)")
                return .stop
            }
        }
        if let damage { throw damage }
        return .success(response(page, next: page.last.map { $0.sequence + 1 } ?? first))
    }

    private func response(_ page: [ChangeRecord], next: UInt64) -> WireResponse {
        let form = StreamRecordJSON(
            region: window.region, tableID: window.place.table.tableID, keySchema: window.place.table.keySchema,
            viewType: window.place.stream.viewType, form: .streamsAPI)
        return WireResponse.object { writer in
            if !window.isEnd(next) {
                writer.key("NextShardIterator")
                writer.string(window.iterator(at: next))
            }
            writer.key("Records")
            writer.beginArray()
            for record in page { form.append(record, to: &writer) }
            writer.endArray()
        }
    }
}
