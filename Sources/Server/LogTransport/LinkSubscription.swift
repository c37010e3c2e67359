import ChangeMessage
import Partition
import Publication
import RecordLog
import Replication

/// What a link's feed reads of one table: the records that came, where each topic partition is to be read on, and what is missing.
struct LinkSubscription {
    let table: TableDefinition
    let topic: String
    let reader: ChangeMessageReader
    private(set) var merge: TopicMerge<LinkRecord>
    /// For each topic partition the next offset to read.
    var offsets: [Int64]
    /// The records before this one that have not come are not in the topic any more.
    private(set) var missingEnd: UInt64 = 0
    private var suspicion: Suspicion?

    /// Offsets up to which all must be read to tell that a record is not there.
    private struct Suspicion {
        let sequence: UInt64
        let ends: [Int64]
    }

    init(_ table: TableDefinition, topic: String, offsets: [Int64], first: UInt64) {
        self.table = table
        self.topic = topic
        self.offsets = offsets
        reader = ChangeMessageReader(keySchema: table.keySchema)
        merge = TopicMerge(partitions: Int32(offsets.count), first: first)
    }

    var partitions: [TopicPartition] { offsets.indices.map { TopicPartition(topic, Int32($0)) } }

    /// Takes a record. One that nobody can use is an error, and passed over.
    mutating func take(
        _ record: LogRecord, of partition: Int32, from source: RegionName
    ) throws(ChangeMessageError) {
        offsets[Int(partition)] = record.offset + 1
        let headers = MessageHeaders(record.headers)
        let place = try headers.place()
        guard place.generation == table.tableID, place.stateSource == nil, place.sequence >= merge.end else { return }
        let content: LinkRecord.Content
        if try headers.originRegion() == source {
            let arrived = try reader.change(key: record.key, value: record.value, headers: headers)
            // The region that made a write is in its version too. Where both differ, no publisher wrote the message.
            guard arrived.change.version.region == source else { throw .otherOrigin }
            content = .own(arrived.change, commitMilliseconds: arrived.commitMilliseconds)
        } else {
            content = .passedOver
        }
        let element = LinkRecord(sequence: place.sequence, byteCount: record.byteCount, content: content)
        merge.insert(
            .init(
                sequence: place.sequence, partition: partition, offset: record.offset, byteCount: record.byteCount,
                element: element))
    }

    mutating func discard(before sequence: UInt64) {
        merge.discard(before: sequence)
    }

    /// The topic partitions that may hold the record that is missing; none while there are records for the link.
    var neededPartitions: [TopicPartition] {
        guard merge.start == merge.end else { return [] }
        return partitions.filter { merge.mayHoldNext($0.partition) }
    }

    /// The topic partitions that are worth reading while much is kept already: those that are behind, among them those that are needed. None
    /// while there are records for the link.
    var latePartitions: [TopicPartition] {
        guard merge.start == merge.end else { return [] }
        return partitions.filter { merge.isLate($0.partition) }
    }

    /// Decides whether the next record is lost: it was published, all that was then in the topic is read, and it was not there.
    ///
    /// - Parameters:
    ///   - confirmedEnd: the first record that is not known to be published.
    ///   - ends: asks the topic for the ends of its partitions.
    /// - Returns: the records that are newly found missing.
    mutating func findMissing(
        confirmedEnd: UInt64, ends: () throws(RecordLogError) -> [Int64]
    ) throws(RecordLogError) -> Range<UInt64>? {
        let next = merge.end
        guard confirmedEnd > next, missingEnd <= next else {
            suspicion = nil
            return nil
        }
        guard let known = suspicion, known.sequence == next else {
            suspicion = Suspicion(sequence: next, ends: try ends())
            return nil
        }
        let isRead = offsets.indices.allSatisfy { place in
            offsets[place] >= known.ends[place] || !merge.mayHoldNext(Int32(place))
        }
        guard isRead else { return nil }
        suspicion = nil
        missingEnd = min(merge.firstWaiting ?? confirmedEnd, confirmedEnd)
        return next..<missingEnd
    }

    /// Where reading may begin again when everything before `merge.start` is applied.
    var resumeOffsets: [Int64] { zip(merge.firstOffsets, offsets).map { $0 ?? $1 } }
}
