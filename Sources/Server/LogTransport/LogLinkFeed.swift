import Bytes
import ChangeMessage
import Dispatch
import KeyValueStore
import Logging
import Partition
import Publication
import RecordLog
import Region
import Replication
import Synchronization

/// Feeds a link from the `.changes` topics of its source.
///
/// A table's records come in the order of the source's log again (`TopicMerge`), so that the link's cursor means the same as with a store:
/// it may change between both. Offsets are kept too, but only as a hint where to begin to read. What the topic has lost (retention, or the
/// mock cluster's limit) is read from the source's log, which keeps it until the link has it; a control event says so. The log of a region
/// of another process cannot be read: then the replica must be rebuilt.
///
/// Unchecked: everything but `reader` and `idle` is used by the link's thread only, as `LinkFeed` demands.
final class LogLinkFeed: LinkFeed, @unchecked Sendable {
    /// When every table has so many records in order, nothing more is read while the target applies.
    static let orderedAheadMax = 4 * LinkBatch.changesMax
    /// How many records are looked at before it is asked again whether the target is ready.
    static let recordsAheadMax = 64
    static let bytesAheadMax = 256 << 10
    static let recordsPerPollMax = 512
    static let bytesPerPollMax = 4 << 20
    /// A wait is no longer, so that new tables are seen soon; in milliseconds.
    static let waitMillisecondsMax = 50
    /// How often it is looked whether records are missing, topics have come, and hints are due; in milliseconds.
    static let checkMilliseconds: UInt64 = 200
    /// How often a loss is told while it lasts, in milliseconds.
    static let lossMilliseconds: UInt64 = 1000
    static let hintMilliseconds: UInt64 = 5000

    private let source: RegionName
    private let target: Region
    private let log: any RecordLog
    private let names: TopicNames
    private let logger: Logger
    /// See `TransportConfiguration.linkBytesKeptMax`.
    private let bytesKeptMax: Int
    private let confirmedEnd: @Sendable (TableDefinition) -> UInt64?
    /// The source's own log; nil when the source is in another process.
    private let store: StoreLinkFeed?
    /// Called now and then while records are missing that nobody here can read.
    private let onLost: @Sendable (_ tableName: String) -> Void
    private let idle = Signal()
    private let reader = Mutex<(any LogReader)?>(nil)
    private var subscriptions: [String: LinkSubscription] = [:]
    private var isRestricted = false
    /// Whether records have come since the last wait.
    private var hasReadAhead = false
    private var partitionsOutOfRange: [TopicPartition] = []
    private var assigned: Set<TopicPartition> = []
    private var checkedMilliseconds: UInt64 = 0
    private var hintedMilliseconds: UInt64 = 0
    /// Tables that are not read yet, each from its first record that is wanted.
    private var wishes: [String: (table: TableDefinition, first: UInt64)] = [:]
    private var subscribeMilliseconds: UInt64 = 0
    /// By TableId, when a loss was told last.
    private var lossesTold: [String: UInt64] = [:]
    private var savedHints: [String: LinkHint] = [:]
    private var trouble: String?
    /// Messages that nobody could use.
    private var unusableCount = 0

    /// - Parameters:
    ///   - store: reads the source's own log; nil when the source is in another process.
    ///   - confirmedEnd: the first record of a table that is not known to be in its topic.
    init(
        from source: RegionName, to target: Region, _ log: any RecordLog, _ configuration: TransportConfiguration,
        store: StoreLinkFeed?, logger: Logger, onLost: @escaping @Sendable (_ tableName: String) -> Void,
        confirmedEnd: @escaping @Sendable (TableDefinition) -> UInt64?
    ) {
        self.source = source
        self.target = target
        self.log = log
        names = configuration.names
        bytesKeptMax = configuration.linkBytesKeptMax
        self.logger = logger
        self.confirmedEnd = confirmedEnd
        self.store = store
        self.onLost = onLost
    }

    func wakeUp() {
        idle.signal()
        reader.withLock { $0 }?.wakeUp()
    }

    func close() {
        saveHints()
        reader.withLock { $0 }?.close()
    }

    func keep(only tables: [TableDefinition]) {
        let wanted = Set(tables.map(\.tableID))
        let count = subscriptions.count
        subscriptions = subscriptions.filter { wanted.contains($0.key) }
        wishes = wishes.filter { wanted.contains($0.key) }
        lossesTold = lossesTold.filter { wanted.contains($0.key) }
        if subscriptions.count != count { note { () throws(RecordLogError) in try assign() } }
    }

    func visit(
        _ table: TableDefinition, from first: UInt64, until end: UInt64, _ body: (LinkRecord) -> ScanStep
    ) throws(StoreError) {
        if let known = subscriptions[table.tableID], first < known.merge.start { subscriptions[table.tableID] = nil }
        if subscriptions[table.tableID] == nil { wishes[table.tableID] = (table, first) }
        subscriptions[table.tableID]?.discard(before: first)
        guard let subscription = subscriptions[table.tableID] else { return }
        guard first >= subscription.missingEnd else {
            if let store { return try store.visit(table, from: first, until: min(end, subscription.missingEnd), body) }
            return tellLoss(in: table)
        }
        subscription.merge.visit(from: first) { entry in
            entry.sequence < end && body(entry.element) == .next
        }
    }

    func end(of table: TableDefinition) -> UInt64? { subscriptions[table.tableID]?.merge.end }

    private func tellLoss(in table: TableDefinition) {
        let now = Self.nowMilliseconds
        guard now - (lossesTold[table.tableID] ?? 0) >= Self.lossMilliseconds else { return }
        lossesTold[table.tableID] = now
        onLost(table.name)
    }

    func wait(milliseconds: Int) {
        let now = Self.nowMilliseconds
        if now - checkedMilliseconds >= Self.checkMilliseconds {
            checkedMilliseconds = now
            findMissing()
        }
        if now - hintedMilliseconds >= Self.hintMilliseconds {
            hintedMilliseconds = now
            saveHints()
        }
        // Here and not when it is visited, for it may take as long as a broker does not answer.
        if !wishes.isEmpty, now >= subscribeMilliseconds {
            subscribe()
            return
        }
        let wait = min(milliseconds, Self.waitMillisecondsMax)
        guard !subscriptions.isEmpty, let reader = reader.withLock({ $0 }) else { return idle.wait(milliseconds: wait) }
        note { () throws(RecordLogError) in
            var failure: RecordLogError?
            do throws(RecordLogError) { try settlePartitions() } catch { failure = error }
            // What was read ahead is news to the link.
            let patience = hasReadAhead ? 0 : wait
            hasReadAhead = false
            _ = try poll(
                reader, recordsMax: Self.recordsPerPollMax, bytesMax: Self.bytesPerPollMax, waitMilliseconds: patience)
            if let failure { throw failure }
        }
    }

    private func settlePartitions() throws(RecordLogError) {
        while let partition = partitionsOutOfRange.last {
            try restart(partition)
            partitionsOutOfRange.removeLast()
        }
        // What the link has taken since the last look may have made another partition the one that is needed.
        try restrictIfNeeded()
    }

    func readAhead() -> Bool {
        guard !isRestricted, keptBytes < bytesKeptMax / 2, let reader = reader.withLock({ $0 }),
            subscriptions.values.contains(where: { $0.merge.count < Self.orderedAheadMax })
        else { return false }
        var isFilled = false
        note { () throws(RecordLogError) in
            isFilled = try poll(
                reader, recordsMax: Self.recordsAheadMax, bytesMax: Self.bytesAheadMax, waitMilliseconds: 0)
        }
        hasReadAhead = hasReadAhead || isFilled
        return isFilled
    }

    /// Answers whether records came.
    private func poll(
        _ reader: any LogReader, recordsMax: Int, bytesMax: Int, waitMilliseconds: Int
    ) throws(RecordLogError) -> Bool {
        let batches: [RecordBatch]
        do throws(RecordLogError) {
            batches = try reader.poll(recordsMax: recordsMax, bytesMax: bytesMax, waitMilliseconds: waitMilliseconds)
        } catch .offsetOutOfRange(let partition) {
            // Looking up where it begins may take as long as a broker does not answer: not while the target is waited for.
            partitionsOutOfRange.append(partition)
            return false
        }
        for batch in batches { take(batch) }
        try restrictIfNeeded()
        if let trouble = reader.trouble { throw trouble }
        return !batches.isEmpty
    }

    // MARK: Records

    private func take(_ batch: RecordBatch) {
        guard let id = subscriptions.first(where: { $0.value.topic == batch.source.topic })?.key,
            var subscription = subscriptions.removeValue(forKey: id)
        else { return }
        for record in batch.records {
            do throws(ChangeMessageError) {
                try subscription.take(record, of: batch.source.partition, from: source)
            } catch {
                unusableCount += 1
                logger.warning(
                    "a message in a topic cannot be used and is passed over",
                    metadata: [
                        "partition": "\(batch.source)", "offset": "\(record.offset)", "reason": "\(error)",
                        "count": "\(unusableCount)",
                    ])
            }
        }
        subscriptions[id] = subscription
    }

    private func findMissing() {
        for (id, known) in subscriptions {
            guard let confirmed = confirmedEnd(known.table) else { continue }
            var subscription = known
            note { () throws(RecordLogError) in
                let missing = try subscription.findMissing(confirmedEnd: confirmed) { () throws(RecordLogError) in
                    try log.offsets(of: known.partitions).map(\.end)
                }
                subscriptions[id] = subscription
                if let missing { tell(missing, of: subscription) }
            }
        }
    }

    private func tell(_ missing: Range<UInt64>, of subscription: LinkSubscription) {
        logger.warning(
            store == nil
                ? "a topic does not hold what a link has not read; the replica must be rebuilt"
                : "a topic does not hold what a link has not read; it is read from the source's log",
            metadata: [
                "topic": "\(subscription.topic)", "to": "\(target.name)", "first": "\(missing.lowerBound)",
                "last": "\(missing.upperBound - 1)",
            ])
        _ = target.perform(
            .emit(
                .recordsMissing(
                    from: source, to: target.name, table: subscription.table.name, topic: subscription.topic,
                    missing: missing)))
    }

    // MARK: Reading

    private func subscribe() {
        // A topic may not be there yet.
        subscribeMilliseconds = Self.nowMilliseconds + Self.checkMilliseconds
        note { () throws(RecordLogError) in
            for (id, wish) in wishes {
                guard let subscription = try makeSubscription(wish.table, from: wish.first) else { continue }
                subscriptions[id] = subscription
                wishes[id] = nil
            }
            try assign()
        }
    }

    /// Nil while there is no such topic.
    private func makeSubscription(
        _ table: TableDefinition, from first: UInt64
    ) throws(RecordLogError) -> LinkSubscription? {
        let topic = names.topic(.changes, of: table.name, in: source)
        guard let found = try log.topics(withPrefix: topic).first(where: { $0.name == topic }) else { return nil }
        let ranges = try log.offsets(of: found.topicPartitions)
        var offsets = ranges.map(\.start)
        if let hint = readHint(table), hint.sequence <= first, hint.offsets.count == offsets.count {
            for (place, range) in ranges.enumerated() where (range.start...range.end).contains(hint.offsets[place]) {
                offsets[place] = hint.offsets[place]
            }
        }
        return LinkSubscription(table, topic: topic, offsets: offsets, first: first)
    }

    /// The partition's place has gone by retention: what is left is read from its beginning. Missing records are found later.
    private func restart(_ partition: TopicPartition) throws(RecordLogError) {
        guard let id = subscriptions.first(where: { $0.value.topic == partition.topic })?.key,
            let range = try log.offsets(of: [partition]).first
        else { return }
        subscriptions[id]?.offsets[Int(partition.partition)] = range.start
        try assign()
    }

    private var keptBytes: Int { subscriptions.values.reduce(0) { $0 + $1.merge.byteCount } }

    private func restrictIfNeeded() throws(RecordLogError) {
        let kept = keptBytes
        if isRestricted ? kept < bytesKeptMax / 2 : kept > bytesKeptMax {
            isRestricted.toggle()
            try assign()
        } else if isRestricted, lacksNeededPartition || kept > 2 * bytesKeptMax && assigned != wantedPartitions {
            // What was missing may have come from one partition, and be missing from another now.
            try assign()
        }
    }

    private var lacksNeededPartition: Bool {
        subscriptions.values.contains { $0.neededPartitions.contains { !assigned.contains($0) } }
    }

    private var wantedPartitions: Set<TopicPartition> {
        guard isRestricted else { return Set(subscriptions.values.flatMap(\.partitions)) }
        // A partition that was late may have run ahead of one from which nothing comes.
        let isFull = keptBytes > 2 * bytesKeptMax
        return Set(subscriptions.values.flatMap { isFull ? $0.neededPartitions : $0.latePartitions })
    }

    private func assign() throws(RecordLogError) {
        var reader = reader.withLock { $0 }
        if reader == nil {
            var settings = ReaderSettings()
            // librdkafka 2.0.2 does not fetch for up to a second once it has so much: this is what a link applies meanwhile.
            settings.prefetchBytesMax = 2 * bytesKeptMax
            reader = try log.makeReader(settings)
            self.reader.withLock { $0 = reader }
        }
        let wanted = wantedPartitions
        var positions: [TopicPartition: LogPosition] = [:]
        for subscription in subscriptions.values {
            for partition in subscription.partitions where wanted.contains(partition) {
                positions[partition] = .offset(subscription.offsets[Int(partition.partition)])
            }
        }
        try reader?.assign(positions)
        assigned = wanted
    }

    /// Runs what needs the log; says when it cannot be had, and when it can again.
    private func note(_ body: () throws(RecordLogError) -> Void) {
        do throws(RecordLogError) {
            try body()
            trouble = nil
        } catch {
            guard trouble != "\(error)" else { return }
            trouble = "\(error)"
            logger.warning(
                "a link cannot read its source's topics",
                metadata: ["from": "\(source)", "to": "\(target.name)", "reason": "\(error)"])
        }
    }

    private static var nowMilliseconds: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

    // MARK: Hints

    private func readHint(_ table: TableDefinition) -> LinkHint? {
        let stored = try? KeptValue.values(withPrefix: hintName(table.tableID), reading: target.store).first
        return stored.flatMap { LinkHint(decoding: $0.value) }
    }

    private func saveHints() {
        for (id, subscription) in subscriptions {
            let hint = LinkHint(sequence: subscription.merge.start, offsets: subscription.resumeOffsets)
            guard savedHints[id] != hint else { continue }
            savedHints[id] = hint
            _ = target.perform(.keep(KeptValue(name: hintName(id), value: hint.encoded, isDurable: false)))
        }
    }

    private func hintName(_ tableID: String) -> String { "link/\(source)/\(tableID)" }
}

/// Where a link may begin to read a topic: every record from `sequence` on lies at these offsets or behind them.
struct LinkHint: Equatable {
    let sequence: UInt64
    let offsets: [Int64]

    init(sequence: UInt64, offsets: [Int64]) {
        self.sequence = sequence
        self.offsets = offsets
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for number in [sequence] + offsets.map(UInt64.init) { Varint.append(number, to: &bytes) }
        return bytes
    }

    init?(decoding bytes: [UInt8]) {
        var numbers: [UInt64] = []
        let isWhole = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            while !reader.isAtEnd {
                guard let number = try? reader.readVarint() else { return false }
                numbers.append(number)
            }
            return true
        }
        guard isWhole, let sequence = numbers.first, numbers.allSatisfy({ $0 <= UInt64(Int64.max) }) else { return nil }
        self.init(sequence: sequence, offsets: numbers.dropFirst().map(Int64.init))
    }
}
