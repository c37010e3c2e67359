import ChangeStream
import EventPattern
import EventSources
import KeyValueStore
import Partition
import Region
import Replication

/// The records of a table's stream as Lambda functions get them, each with the member `tributary` that filters see.
struct EventStreamTableLog: FollowedLog {
    private var log: StreamLog
    private let context: RecordContext
    /// Nil to take every record.
    private var matcher: PatternMatcher?
    /// The last record that was read.
    private var after: UInt64
    /// One past the last record that is wanted; nil for all that come.
    private let end: UInt64?
    /// The region has no such stream any more.
    private var isGone = false

    /// - Parameters:
    ///   - first: the number of the first record that is wanted.
    ///   - filters: a record is wanted that matches one of them; all are when there are none.
    ///   - isFollowing: whether records count that are yet to come.
    init(_ log: StreamLog, from first: UInt64, filters: [FilterPattern], isFollowing: Bool) {
        self.log = log
        context = RecordContext(
            region: log.region.name, tableID: log.table.tableID, keySchema: log.table.keySchema,
            viewType: log.stream.viewType, eventSourceARN: log.table.streamARN(log.stream))
        let patterns = filters.map { (identifier: 0, pattern: $0) }
        matcher = patterns.isEmpty ? nil : PatternMatcher(PatternSet(patterns))
        after = first - 1
        end = isFollowing ? nil : Self.readableEnd(of: log)
    }

    /// One past the last record that can be read now.
    static func readableEnd(of log: StreamLog) -> UInt64 {
        min(log.stream.shards.last?.end ?? .max, log.nextSequence)
    }

    private var readableEnd: UInt64 { isGone ? after + 1 : min(end ?? .max, Self.readableEnd(of: log)) }

    var backlog: UInt64 { readableEnd - min(readableEnd, after + 1) }

    /// A stream that was disabled gets no more records.
    var isAtEnd: Bool { backlog == 0 && (end != nil || isGone || !log.stream.isEnabled) }

    mutating func read(into output: inout EventStreamOutput) throws(StoreError) {
        refresh()
        let through = min(readableEnd - 1, after + UInt64(EventStreamFollower.entriesPerTurnMax))
        guard through > after else { return }
        let log = log
        var failure: StoreError?
        var isFull = false
        try log.scan(after: after, through: through) { sequence, bytes in
            guard let record = try? ChangeRecord(sequence: sequence, decoding: bytes) else {
                failure = .corrupted(
                    path: "changes", reason: "record \(sequence) of table \(log.table.name) cannot be decoded")
                return .stop
            }
            if sequence > after + 1 { output.comment("lost \(sequence - after - 1)") }
            after = sequence
            append(record, to: &output)
            isFull = output.bytes.count >= EventStreamFollower.bytesPerTurn
            return isFull ? .stop : .next
        }
        if let failure { throw failure }
        // What was not there has been trimmed.
        if !isFull { after = through }
    }

    private mutating func append(_ record: ChangeRecord, to output: inout EventStreamOutput) {
        if matcher != nil {
            matcher?.match(record, in: context)
            guard matcher?.matches.isEmpty == false else { return }
        }
        output.append(
            id: SequenceNumber.text(of: record.sequence), event: record.kind.eventName,
            json: context.eventJSON(of: record))
    }

    /// Shards are closed and tables deleted while somebody follows.
    private mutating func refresh() {
        let arn = log.table.streamARN(log.stream)
        guard let newest = StreamLog(arn: arn, tableName: log.table.name, in: log.region),
            newest.table.number == log.table.number
        else {
            isGone = true
            return
        }
        log = newest
    }
}
