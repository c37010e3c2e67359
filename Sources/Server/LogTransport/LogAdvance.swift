import ChangeMessage
import ChangeStream
import Foundation
import KeyValueStore
import Logging
import Partition
import Publication
import RecordLog
import Region
import Replication

/// Moves one log on by one batch: makes its topic, finds its place there, hands records over.
struct LogAdvance {
    /// Records that one batch holds at the most.
    static let recordsPerBatchMax = 512
    /// Their stored bytes at the most (one record may be larger).
    static let bytesPerBatchMax = 1 << 20
    /// How long messages of a table before are waited for, at a time.
    static let flushMilliseconds = 1000

    let loop: PublisherLoop
    let log: PublishedLog
    let producer: any LogProducer

    private var region: Region { loop.publisher.region }

    /// Answers how long the log may wait for the next batch, in milliseconds; a delivery or a commit wakes the thread earlier.
    func run() throws(PublishingFailure) -> Int {
        if !log.hasTopic { try ensureTopic() }
        if log.content == .state, log.table?.status == .creating { return PublisherLoop.pollMilliseconds }
        if log.progress == nil { try findPlace() }
        guard try sendOutbox() else { return PublisherLoop.pollMilliseconds }
        if log.fill != nil { return try advanceFill() }
        return try advanceLog()
    }

    // MARK: The topic

    private func ensureTopic() throws(PublishingFailure) {
        let publisher = loop.publisher
        let differences = try logged { () throws(RecordLogError) in
            try publisher.log.ensureTopic(
                log.topic, publisher.configuration.settings(log.content), of: region.name, logger: publisher.logger)
        }
        log.differences = differences.map(\.description)
        if let found = differences.first(where: { $0.name == "partitions" }).flatMap({ Int32($0.found) }) {
            log.partitions = found
        }
        log.hasTopic = true
    }

    private func findPlace() throws(PublishingFailure) {
        if log.content == .state, let name = log.table?.name,
            region.catalogue.deletedTables.contains(where: { $0.name == name })
        {
            // States of the table before may be on their way still.
            try logged { () throws(RecordLogError) in try producer.flush(timeoutMilliseconds: Self.flushMilliseconds) }
        }
        let ends = try logged { () throws(RecordLogError) in
            try TopicEnds(
                log: loop.publisher.log, topic: log.topic, partitions: log.partitions, generation: log.generation
            ).read()
        }
        let note = try stored { () throws(StoreError) in try loop.note(of: log) }
        let isNew = PublicationProgress.isNew(ends.map(\.end))
        // A note about a topic that is gone must not be believed when the new one has its first records.
        if isNew, note != PublicationNote() { loop.save(PublicationNote(), of: log) }
        log.progress = PublicationProgress(
            resumingAfter: ends.map(\.end), known: note.confirmed, first: firstSequence)
        guard log.content == .state else { return }
        let followsLog = ends.contains { $0.stateSource == .log }
        if !followsLog, isNew || !note.isFilled { try beginFill(isNew: isNew) }
    }

    private var firstSequence: UInt64 {
        log.table.map { region.counters($0.number).firstSequence } ?? region.controlLog.firstSequence
    }

    private var nextSequence: UInt64 {
        log.table.map { region.counters($0.number).nextSequence } ?? region.controlLog.nextSequence
    }

    // MARK: State that was there before

    private func beginFill(isNew: Bool) throws(PublishingFailure) {
        guard let table = log.table else { return }
        let last = nextSequence - 1
        // What is published must not be lost any more.
        guard case .done = region.perform(.flush) else {
            throw .store(region.failure ?? .failed(reason: "the region is closed"))
        }
        let snapshot = try stored { () throws(StoreError) in try region.store.snapshot() }
        let stale = isNew ? [] : try staleStates()
        log.fill = StateFill(table, snapshot, sequence: last, stale: stale)
    }

    private func staleStates() throws(PublishingFailure) -> Set<StaleStates.Key> {
        let found = try logged { () throws(RecordLogError) in
            try StaleStates(
                log: loop.publisher.log, topic: log.topic, partitions: log.partitions, generation: log.generation
            ).read()
        }
        if !found.isComplete {
            loop.publisher.logger.warning(
                "a topic keeps states of a table that had the name before: they are too many",
                metadata: loop.metadata(log))
        }
        return found.keys
    }

    private func advanceFill() throws(PublishingFailure) -> Int {
        guard var fill = log.fill, let writer = currentWriter else { return PublisherLoop.pollMilliseconds }
        if !fill.isRead {
            let messages = try stored { () throws(StoreError) in
                try fill.nextPart(writer, nowMilliseconds: Self.wallMilliseconds)
            }
            log.fill = fill
            for message in messages { hand(over: message) }
            return try sendOutbox() ? 0 : PublisherLoop.pollMilliseconds
        }
        guard fill.unconfirmedCount == 0 else { return PublisherLoop.pollMilliseconds }
        // Only now may records of the log follow: where one of them is, the topic is filled.
        let ends = (0..<log.partitions).map { _ in PublicationProgress.PartitionEnd.record(fill.sequence) }
        log.progress = PublicationProgress(resumingAfter: ends, known: 0, first: firstSequence)
        log.fill = nil
        loop.save(PublicationNote(confirmed: fill.sequence, isFilled: true), of: log)
        return 0
    }

    // MARK: The log

    private func advanceLog() throws(PublishingFailure) -> Int {
        guard var progress = log.progress else { return PublisherLoop.pollMilliseconds }
        if log.content == .state, try refreshTombstones(behind: progress) { return 0 }
        if progress.next < firstSequence { progress = jump(over: progress) }
        guard progress.next < nextSequence, producer.hasRoom else {
            log.progress = progress
            return PublisherLoop.pollMilliseconds
        }
        let first = progress.next
        try stored { () throws(StoreError) in
            if log.table == nil { try takeEvents(&progress) } else { try takeRecords(&progress) }
        }
        log.progress = progress
        guard progress.next > first else { return DurableEnds.flushMilliseconds }
        guard try sendOutbox() else { return PublisherLoop.pollMilliseconds }
        return progress.next < nextSequence ? 0 : PublisherLoop.pollMilliseconds
    }

    /// Answers whether there may be more. Nobody waits for these messages: what is lost of them comes again.
    private func refreshTombstones(behind progress: PublicationProgress) throws(PublishingFailure) -> Bool {
        let now = PublisherLoop.nowMilliseconds
        guard log.tombstones.isDue(nowMilliseconds: now), progress.next > 1, producer.hasRoom, let table = log.table,
            let writer = currentWriter
        else { return false }
        let messages = try stored { () throws(StoreError) in
            try log.tombstones.nextPart(
                of: table, in: region, writer, sequence: progress.next - 1, nowMilliseconds: now,
                wallMilliseconds: Self.wallMilliseconds)
        }
        log.outbox += messages
        return try sendOutbox() && log.tombstones.isDue(nowMilliseconds: now)
    }

    /// Old control events go when there are too many, published or not; a table's records wait.
    private func jump(over progress: PublicationProgress) -> PublicationProgress {
        loop.publisher.logger.error(
            "records are gone before they were published",
            metadata: loop.metadata(log).merging(["from": "\(progress.next)", "to": "\(firstSequence - 1)"]) { $1 })
        let ends = (0..<log.partitions).map { _ in PublicationProgress.PartitionEnd.record(firstSequence - 1) }
        return PublicationProgress(resumingAfter: ends, known: 0, first: firstSequence)
    }

    private func takeRecords(_ progress: inout PublicationProgress) throws(StoreError) {
        guard let table = log.table, let writer = currentWriter else { return }
        var records: [ChangeRecord] = []
        var bytes = 0
        var failure: StoreError?
        let end = nextSequence
        let range = StorageKeys.changes(table.number, from: progress.next)
        try region.store.scan(range, in: .changes, reverse: false) { key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key),
                let record = try? ChangeRecord(sequence: sequence, decoding: value)
            else {
                failure = .corrupted(path: "changes", reason: "a record of table \(table.name) cannot be decoded")
                return .stop
            }
            guard sequence < end else { return .stop }
            records.append(record)
            bytes += value.count
            return records.count < Self.recordsPerBatchMax && bytes < Self.bytesPerBatchMax ? .next : .stop
        }
        if let failure { throw failure }
        let now = Self.wallMilliseconds
        let isState = log.content == .state
        for record in loop.durability.durablePrefix(of: records, in: table) {
            take(
                isState ? writer.state(record, nowMilliseconds: now) : writer.change(record, nowMilliseconds: now),
                &progress)
        }
    }

    private func takeEvents(_ progress: inout PublicationProgress) throws(StoreError) {
        guard loop.durability.areEventsDurable(before: nextSequence) else { return }
        let now = Self.wallMilliseconds
        let entries = try ControlLog.entries(
            from: progress.next, limit: Self.recordsPerBatchMax, reading: region.store)
        for entry in entries where loop.durability.isEventDurable(entry.sequence) {
            take(ControlMessage.message(entry, generation: log.generation, nowMilliseconds: now), &progress)
        }
    }

    /// The message that is next goes to the outbox unless its topic partition holds it.
    private func take(_ message: consuming LogMessage, _ progress: inout PublicationProgress) {
        precondition(message.token == progress.next, "logs have no gaps")
        guard progress.mustPublish(to: message.partition) else { return progress.pass() }
        progress.handOver(to: message.partition)
        hand(over: message)
    }

    // MARK: Handing over

    private func hand(over message: consuming LogMessage) {
        message.token |= log.slot << PublisherLoop.slotShift
        log.outbox.append(message)
    }

    /// False when the producer's queue is full.
    private func sendOutbox() throws(PublishingFailure) -> Bool {
        guard !log.outbox.isEmpty else { return true }
        let taken = try logged { () throws(RecordLogError) in
            try producer.append(log.outbox[...], to: log.topic)
        }
        guard taken == log.outbox.count else {
            log.outbox.removeFirst(taken)
            return false
        }
        log.outbox.removeAll(keepingCapacity: true)
        return true
    }

    private var currentWriter: ChangeMessageWriter? {
        if log.writer == nil, let table = log.table {
            log.writer = ChangeMessageWriter(
                table, format: loop.publisher.configuration.format, partitions: log.partitions)
        }
        return log.writer
    }

    private static var wallMilliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    private func logged<Result>(_ body: () throws(RecordLogError) -> Result) throws(PublishingFailure) -> Result {
        do throws(RecordLogError) { return try body() } catch { throw .log(error) }
    }

    private func stored<Result>(_ body: () throws(StoreError) -> Result) throws(PublishingFailure) -> Result {
        do throws(StoreError) { return try body() } catch { throw .store(error) }
    }
}
