/// How far one log is published to one topic: what must be handed over next, and what is confirmed.
///
/// A log is numbered without gaps, and each of its records has one topic partition. Every partition of the topic holds the records of a
/// beginning of the log, but not of the same one: partitions are written independently. So a publisher that starts again goes through the
/// log from the lowest of these ends on, and passes over what is in its partition already.
public struct PublicationProgress: Sendable {
    /// What a topic partition holds of this log, as its last records tell.
    public enum PartitionEnd: Sendable, Equatable {
        /// Nothing was ever written to it.
        case untouched
        /// Its last record of this log.
        case record(UInt64)
        /// Its last records are of other logs: those of tables that had this name before or after.
        case otherLogs
        /// What it held is gone by retention.
        case trimmed
    }

    private var last: [UInt64]
    private var window = ConfirmationWindow()
    /// The record to look at next.
    public private(set) var next: UInt64

    /// - Parameters:
    ///   - ends: one for each topic partition.
    ///   - known: a number up to which everything was confirmed, as was noted apart from the topic; it speaks for the partitions that no
    ///     longer tell. Zero when there is no note, or `PublicationProgress.isNew(ends)`: then it may be of a topic that was lost.
    ///   - first: the oldest record that the log holds.
    public init(resumingAfter ends: [PartitionEnd], known: UInt64, first: UInt64) {
        precondition(!ends.isEmpty, "a topic has partitions")
        let floor = Self.isNew(ends) ? 0 : known
        last = ends.map { end in
            switch end {
            case .record(let sequence): sequence
            case .untouched, .otherLogs, .trimmed: floor
            }
        }
        next = max(first, (last.min() ?? 0) + 1)
        window.start = next
    }

    /// Whether the topic was never written to: it is new, or made anew.
    public static func isNew(_ ends: [PartitionEnd]) -> Bool { ends.allSatisfy { $0 == .untouched } }

    /// Everything before this record is in the topic for good.
    public var confirmedEnd: UInt64 { window.start }

    /// Records that are handed over and not confirmed.
    public var unconfirmedCount: Int { window.unconfirmedCount }

    /// Whether the record that is next must be handed over; otherwise its partition holds it.
    public func mustPublish(to partition: Int32) -> Bool { next > last[Int(partition)] }

    /// The record that is next has been handed over.
    public mutating func handOver(to partition: Int32) {
        last[Int(partition)] = next
        window.append(isConfirmed: false)
        next += 1
    }

    /// The record that is next is in the topic, or cannot be published at all.
    public mutating func pass() {
        window.append(isConfirmed: true)
        next += 1
    }

    /// A record that was handed over is in the topic for good.
    public mutating func confirm(_ sequence: UInt64) {
        window.confirm(sequence)
    }
}

/// Consecutive numbers of which some are confirmed; begins at the first that is not.
private struct ConfirmationWindow: Sendable {
    var start: UInt64 = 0
    private var confirmed: [Bool] = []
    /// Where `start` is in `confirmed`; what lies before it is dropped from time to time.
    private var offset = 0
    private(set) var unconfirmedCount = 0

    mutating func append(isConfirmed: Bool) {
        confirmed.append(isConfirmed)
        if !isConfirmed { unconfirmedCount += 1 }
        advance()
    }

    mutating func confirm(_ number: UInt64) {
        guard number >= start, number - start < UInt64(confirmed.count - offset) else { return }
        let place = offset + Int(number - start)
        guard !confirmed[place] else { return }
        confirmed[place] = true
        unconfirmedCount -= 1
        advance()
    }

    private mutating func advance() {
        while offset < confirmed.count, confirmed[offset] {
            offset += 1
            start += 1
        }
        guard offset > 4096, offset * 2 > confirmed.count else { return }
        confirmed.removeFirst(offset)
        offset = 0
    }
}
