import AttributeModel
import ChangeMessage
import ChangeStream
import EventPattern
import HandlerKit
import Partition
import Publication
import RecordLog
import Replication

/// The changes that a topic's messages tell, put back into the order of the log that they were published from.
///
/// A table that was made anew shares the topic with the one before; the newest one is read, as from a region's own log.
struct TopicChanges {
    /// The changes of one table.
    fileprivate struct Generation {
        let region: RegionName
        let table: String
        let keySchema: KeySchema
        /// Those outside of the wanted range are without content: they only show that nothing is missing.
        var merge: TopicMerge<ObservedChange?>
        var stream: (sequence: UInt64, stream: ObservedStream)?
        /// When its last message was written, by the broker's clock or the writer's.
        var lastMilliseconds: Int64 = .min
        var count = 0
    }

    private let topic: String
    private let partitions: Int32
    private let range: ReplayRange
    private var generations: [String: Generation] = [:]
    private var unusable: (count: Int, first: String)?
    private var bytesCount = 0

    init(topic: String, partitions: Int32, range: ReplayRange) {
        self.topic = topic
        self.partitions = partitions
        self.range = range
    }

    /// Why it cannot be replayed; nil when it can.
    var incompleteReason: String? {
        if bytesCount > Recording.bytesMax {
            return "the wanted part of topic \(topic) is larger than the \(Recording.bytesMax) bytes it may be: "
                + "choose with --from and --until"
        }
        guard generations.isEmpty, let unusable else { return nil }
        return "topic \(topic) has no changes that Tributary published; of its first message, \(unusable.first)"
    }

    // MARK: Reading

    /// Takes a message, each partition's in their order. What is no change is counted and passed over.
    mutating func take(_ message: LogRecord, of partition: Int32) {
        do throws(ChangeMessageError) {
            let headers = MessageHeaders(message.headers)
            let change = try ObservedChange(key: message.key, value: message.value, headers: headers)
            let region = try headers.sourceRegion()
            var generation =
                generations[change.generation]
                ?? Generation(
                    region: region, table: change.table, keySchema: change.keySchema,
                    merge: TopicMerge(partitions: partitions, first: 1))
            guard change.keySchema == generation.keySchema else { throw .otherKey }
            generation.take(change, message, of: partition, keeps(change), &bytesCount)
            generations[change.generation] = generation
        } catch {
            let first = unusable?.first ?? "\(topic)[\(partition)] at offset \(message.offset): \(error)"
            unusable = ((unusable?.count ?? 0) + 1, first)
        }
    }

    /// Beyond the limit nothing is kept: the reading will be refused.
    private func keeps(_ change: ObservedChange) -> Bool {
        place(of: change.record) == .inside && bytesCount <= Recording.bytesMax
    }

    private func place(of record: ChangeRecord) -> ReplayRange.Place {
        range.place(of: SequenceNumber.text(of: record.sequence), milliseconds: record.commitMilliseconds)
    }

    // MARK: The result

    func reading(showsAllImages: Bool) throws(ReplayError) -> TopicLog.Reading {
        guard let newest = generations.max(by: { $0.value.lastMilliseconds < $1.value.lastMilliseconds }) else {
            return TopicLog.Reading(recording: try recording([], nil), notes: [])
        }
        let generation = newest.value
        guard range.region ?? generation.region.name == generation.region.name,
            range.table ?? generation.table == generation.table
        else {
            throw ReplayError("topic \(topic) has the changes of table \(generation.table) in \(generation.region)")
        }
        let (changes, missing) = generation.inOrder()
        let context = RecordContext(
            region: generation.region, tableID: newest.key, keySchema: generation.keySchema,
            viewType: showsAllImages ? .newAndOldImages : generation.stream?.stream.viewType ?? .newAndOldImages,
            eventSourceARN: generation.stream?.stream.arn
                ?? "arn:aws:dynamodb:\(generation.region):\(TableDefinition.account):table/\(generation.table)/stream/log"
        )
        return TopicLog.Reading(
            recording: try recording(changes, context), notes: notes(missing, tableID: newest.key))
    }

    private func recording(_ changes: [ObservedChange], _ context: RecordContext?) throws(ReplayError) -> Recording {
        var reader = RecordingReader()
        do {
            for change in changes {
                guard let event = context?.eventJSON(of: change.record) else { continue }
                try reader.add(
                    try RecordedChange(event: event, milliseconds: change.record.commitMilliseconds),
                    source: "topic \(topic)")
            }
            return try reader.recording()
        } catch {
            throw ReplayError("topic \(topic): \(error)")
        }
    }

    private func notes(_ missing: [Range<UInt64>], tableID: String) -> [String] {
        var notes: [String] = []
        for range in missing where isWanted(range) {
            let (first, last) = (
                SequenceNumber.text(of: range.lowerBound), SequenceNumber.text(of: range.upperBound - 1)
            )
            notes.append("topic \(topic) does not have the changes \(first) to \(last) any more")
        }
        let others = generations.filter { $0.key != tableID }.values.reduce(0) { $0 + $1.count }
        if others > 0 {
            notes.append("\(others) changes of tables that had the same name before were left out")
        }
        if let unusable {
            notes.append(
                "\(unusable.count) messages are no changes that Tributary published, and were left out; the first is "
                    + unusable.first)
        }
        return notes
    }

    /// Whether missing changes may be in the wanted range, as far as numbers tell.
    private func isWanted(_ missing: Range<UInt64>) -> Bool {
        if case .sequence(let text)? = range.from, let first = SequenceNumber.parse(text), missing.upperBound <= first {
            return false
        }
        if case .sequence(let text)? = range.until, let last = SequenceNumber.parse(text), missing.lowerBound > last {
            return false
        }
        return true
    }
}

extension TopicChanges.Generation {
    fileprivate mutating func take(
        _ change: ObservedChange, _ message: LogRecord, of partition: Int32, _ isKept: Bool, _ bytesCount: inout Int
    ) {
        count += 1
        lastMilliseconds = max(lastMilliseconds, message.timestampMilliseconds)
        if let stream = change.stream, change.record.sequence > (self.stream?.sequence ?? 0) {
            self.stream = (change.record.sequence, stream)
        }
        let byteCount = isKept ? message.byteCount : 0
        bytesCount += byteCount
        merge.insert(
            .init(
                sequence: change.record.sequence, partition: partition, offset: message.offset, byteCount: byteCount,
                element: isKept ? change : nil))
    }

    /// The changes in the log's order, and the numbers of those that have not come although later ones have.
    fileprivate func inOrder() -> (changes: [ObservedChange], missing: [Range<UInt64>]) {
        var merge = merge
        var changes: [ObservedChange] = []
        var missing: [Range<UInt64>] = []
        while true {
            merge.visit(from: merge.start) { entry in
                if let change = entry.element { changes.append(change) }
                return true
            }
            guard let next = merge.firstWaiting else { return (changes, missing) }
            missing.append(merge.end..<next)
            merge.discard(before: next)
        }
    }
}
