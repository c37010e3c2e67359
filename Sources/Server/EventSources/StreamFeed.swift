import Bytes
import ChangeStream
import EventPattern
import EventSource
import JSONBytes
import KeyValueStore
import Partition
import Region
import Replication

/// One stream, read once for all mappings that stand at the same place of it; filters of all of them are one pattern set.
///
/// Lives on the host's thread. A class, because the matcher's working memory must not be copied.
final class StreamFeed {
    /// What one mapping gets of a turn.
    struct Reading {
        let mapping: String
        let after: UInt64
        var upTo: UInt64
        var records: [RecordReference] = []
        var matchesCount = 0
        var isFull = false
        /// Whether there are more records for it in the log.
        var hasMore = false
        let recordsMax: Int
    }

    private(set) var log: StreamLog
    private var filters: [String: [FilterPattern]] = [:]
    /// Mappings that deliver complete transactions: they are told of records, too, that their filters refuse.
    private var completing: Set<String> = []
    private var order: [String] = []
    private var matcher: PatternMatcher?
    /// Mappings that take everything, by their place in `order`.
    private var unfiltered: [Int] = []
    private var writer = JSONWriter()

    init(_ log: StreamLog) {
        self.log = log
    }

    var isEmpty: Bool { order.isEmpty }
    var mappings: [String] { order }

    func setFilters(of mapping: MappingSpecification) {
        filters[mapping.id] = mapping.filters
        if mapping.settings.deliversCompleteTransactions {
            completing.insert(mapping.id)
        } else {
            completing.remove(mapping.id)
        }
        compile()
    }

    func remove(_ mapping: String) {
        filters[mapping] = nil
        completing.remove(mapping)
        compile()
    }

    private func compile() {
        order = filters.keys.sorted()
        unfiltered = order.indices.filter { filters[order[$0]]?.isEmpty ?? true }
        let patterns = order.indices.flatMap { index in
            (filters[order[index]] ?? []).map { (identifier: index, pattern: $0) }
        }
        matcher = patterns.isEmpty ? nil : PatternMatcher(PatternSet(patterns))
    }

    /// Looks at the table anew. Answers whether the stream's shards changed.
    func refresh() -> Bool {
        guard
            let newest = StreamLog(
                arn: log.table.streamARN(log.stream), tableName: log.table.name, in: log.region)
        else { return false }
        defer { log = newest }
        return newest.stream.shards != log.stream.shards
    }

    /// One past the last record of the stream.
    private var end: UInt64 {
        let next = log.nextSequence
        return log.stream.shards.last?.end.map { min($0, next) } ?? next
    }

    /// Reads at most a turn's records for each place at which mappings stand.
    func read(
        _ requests: [(id: String, request: ReadRequest)]
    ) throws(StoreError) -> [Reading] {
        let end = end
        var readings: [Reading] = []
        let places = Set(requests.map(\.request.after)).sorted()
        for (index, after) in places.enumerated() where after + 1 < end {
            // Where another group stands, this one stops, to be read together with it from there.
            let next = index + 1 < places.count ? places[index + 1] : .max
            let upTo = min(end - 1, after + EventSourceHost.recordsPerTurnMax, next)
            let group = requests.filter { $0.request.after == after }.map {
                Reading(
                    mapping: $0.id, after: after, upTo: min(upTo, $0.request.through ?? .max),
                    recordsMax: $0.request.recordsMax)
            }
            readings += try read(group, after: after, upTo: upTo, end: end)
        }
        return readings
    }

    private func read(
        _ group: [Reading], after: UInt64, upTo: UInt64, end: UInt64
    ) throws(StoreError) -> [Reading] {
        var readings = group
        var byIndex = [Int?](repeating: nil, count: order.count)
        for (place, reading) in readings.enumerated() {
            if let index = order.firstIndex(of: reading.mapping) { byIndex[index] = place }
        }
        let context = log.recordContext
        let json = log.recordJSON
        var failure: StoreError?
        try log.scan(after: after, through: upTo) { sequence, bytes in
            do throws(DamagedBytes) {
                try take(sequence, bytes, context, json, byIndex, &readings)
            } catch {
                failure = .corrupted(
                    path: "changes", reason: "record \(sequence) of table \(log.table.name) cannot be decoded")
                return .stop
            }
            return readings.allSatisfy(\.isFull) ? .stop : .next
        }
        if let failure { throw failure }
        for place in readings.indices { readings[place].hasMore = readings[place].upTo + 1 < end }
        return readings
    }

    /// Gives one record to those that want it.
    private func take(
        _ sequence: UInt64, _ bytes: UnsafeRawBufferPointer, _ context: RecordContext, _ json: StreamRecordJSON,
        _ byIndex: [Int?], _ readings: inout [Reading]
    ) throws(DamagedBytes) {
        let record = try ChangeRecord(sequence: sequence, decoding: bytes)
        matcher?.match(record, in: context)
        let matches = matcher?.matches ?? []
        if !completing.isEmpty, record.transaction != nil {
            noteParts(of: record, apartFrom: matches, byIndex, &readings)
        }
        guard !matches.isEmpty || !unfiltered.isEmpty else { return }
        var reference: RecordReference?
        for index in unfiltered + matches {
            guard let place = byIndex[index], !readings[place].isFull, sequence <= readings[place].upTo,
                readings[place].records.last?.sequence != sequence
            else { continue }
            if readings[place].matchesCount == readings[place].recordsMax {
                readings[place].isFull = true
                readings[place].upTo = sequence - 1
                continue
            }
            let found = reference ?? self.reference(to: record, json)
            reference = found
            readings[place].records.append(found)
            readings[place].matchesCount += 1
        }
    }

    /// Tells mappings that deliver complete transactions of a part that their filters refuse.
    private func noteParts(
        of record: ChangeRecord, apartFrom matches: [Int], _ byIndex: [Int?], _ readings: inout [Reading]
    ) {
        for mapping in completing {
            guard let index = order.firstIndex(of: mapping), let place = byIndex[index], !readings[place].isFull,
                record.sequence <= readings[place].upTo, !unfiltered.contains(index), !matches.contains(index)
            else { continue }
            readings[place].records.append(
                RecordReference(
                    sequence: record.sequence, keyHash: 0, approximateMilliseconds: record.commitMilliseconds,
                    payloadBytes: 0, transaction: membership(of: record), matches: false))
        }
    }

    private func membership(of record: ChangeRecord) -> TransactionMembership? {
        guard !completing.isEmpty, let transaction = record.transaction else { return nil }
        let share = transaction.shares.first { $0.table == log.table.name }
        return TransactionMembership(
            id: transaction.id, recordsMax: share.map { Int(clamping: $0.count) } ?? transaction.size,
            isLocal: record.version.region == log.region.name)
    }

    private func reference(to record: ChangeRecord, _ json: StreamRecordJSON) -> RecordReference {
        writer.removeAll()
        json.append(record, to: &writer)
        return RecordReference(
            sequence: record.sequence, keyHash: log.keyHash(of: record),
            approximateMilliseconds: record.commitMilliseconds, payloadBytes: writer.bytes.count,
            transaction: membership(of: record))
    }
}
