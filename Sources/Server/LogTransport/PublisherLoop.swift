import ChangeMessage
import ChangeStream
import Dispatch
import Foundation
import KeyValueStore
import Logging
import Partition
import Publication
import RecordLog
import Region
import Replication

/// The publisher's thread: which logs there are, the producer, and what became of messages. `LogAdvance` moves one log on.
final class PublisherLoop {
    /// How long the thread sleeps when nothing signals it.
    static let pollMilliseconds = 1000
    /// How long it waits after a failure before the next try.
    static let retryMilliseconds: UInt64 = 1000
    /// How often notes are saved while records are published.
    static let noteMilliseconds: UInt64 = 1000
    /// How long a stop waits for confirmations; what is not confirmed by then is looked up at the next start.
    static let stopMilliseconds = 1000
    /// A message's token: the log's slot above the record's sequence number.
    static let slotShift: UInt64 = 48

    let publisher: Publisher
    private(set) var logs: [PublishedLog] = []
    private var bySlot: [UInt64: PublishedLog] = [:]
    private var nextSlot: UInt64 = 0
    private(set) var producer: (any LogProducer)?
    private var catalogue: Catalogue?
    private var controlGeneration: String?
    private var trouble: String?
    private var retryMilliseconds: UInt64 = 0
    private var notedMilliseconds: UInt64 = 0
    private var firstPlace = 0
    var durability: DurableEnds

    init(_ publisher: Publisher) {
        self.publisher = publisher
        durability = DurableEnds(publisher.region)
    }

    /// The machine's clock, not the region's, which may be moved.
    static var nowMilliseconds: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

    func run() {
        while !publisher.mustStop {
            let wait = turn()
            if wait > 0 { publisher.wakeUp.wait(milliseconds: wait) }
        }
        try? producer?.flush(timeoutMilliseconds: Self.stopMilliseconds)
        takeDeliveries()
        saveNotes()
        producer?.close()
    }

    /// Answers how long the thread may sleep.
    private func turn() -> Int {
        takeDeliveries()
        let now = Self.nowMilliseconds
        guard now >= retryMilliseconds else { return Int(retryMilliseconds - now) }
        refreshLogs()
        guard let producer = workingProducer() else { return Int(Self.retryMilliseconds) }
        var wait = Self.pollMilliseconds
        for place in logs.indices where !publisher.mustStop {
            let log = logs[(firstPlace + place) % logs.count]
            guard now >= log.retryMilliseconds else {
                wait = min(wait, Int(log.retryMilliseconds - now))
                continue
            }
            guard !isBehindAnother(log) else { continue }
            do throws(PublishingFailure) {
                wait = min(wait, try LogAdvance(loop: self, log: log, producer: producer).run())
                log.trouble = nil
            } catch {
                fail(log, error)
                // A broker that does not answer takes its time: one try a turn, and the next turn begins with the next log.
                firstPlace = (firstPlace + place + 1) % logs.count
                wait = min(wait, Int(Self.retryMilliseconds))
                break
            }
        }
        if now - min(now, notedMilliseconds) >= Self.noteMilliseconds {
            notedMilliseconds = now
            saveNotes()
        }
        trouble = producer.trouble.map { "\($0)" }
        publisher.show(logs, trouble: trouble)
        return wait
    }

    private func fail(_ log: PublishedLog, _ failure: PublishingFailure) {
        switch failure {
        case .log(let reason):
            report(log, "\(reason)")
            if reason.needsNewProducer { closeProducer("\(reason)") }
        case .store(let reason): report(log, "\(reason)")
        }
        log.retryMilliseconds = Self.nowMilliseconds + Self.retryMilliseconds
    }

    private func report(_ log: PublishedLog, _ reason: String) {
        if log.trouble != reason {
            publisher.logger.warning(
                "a topic cannot be written to; what is not published stays in the store",
                metadata: metadata(log).merging(["reason": "\(reason)"]) { $1 })
        }
        log.trouble = reason
    }

    func metadata(_ log: PublishedLog) -> Logger.Metadata {
        ["region": "\(publisher.region.name)", "topic": "\(log.topic)"]
    }

    /// A table that was made anew waits until the records of the one before are published, and until that is noted for good: they share
    /// the topic, whose end will no longer tell.
    private func isBehindAnother(_ log: PublishedLog) -> Bool {
        guard log.content == .changes, let table = log.table else { return false }
        return logs.contains { other in
            guard other.topic == log.topic, let earlier = other.table, earlier.number < table.number else {
                return false
            }
            let end = publisher.region.counters(earlier.number).nextSequence
            guard let confirmed = other.progress?.confirmedEnd, confirmed >= end else { return true }
            return !save(PublicationNote(confirmed: confirmed - 1, isFilled: true), of: other, isDurable: true)
        }
    }

    // MARK: Logs

    private func refreshLogs() {
        let newest = publisher.region.catalogue
        guard newest !== catalogue else { return }
        catalogue = newest
        var kept: [PublishedLog] = []
        for table in newest.deletedTables { kept.append(existingOrNew(table, .changes)) }
        for table in newest.tables {
            kept.append(existingOrNew(table, .changes))
            kept.append(existingOrNew(table, .state))
        }
        if let control = controlLog() { kept.append(control) }
        logs = kept
        bySlot = Dictionary(uniqueKeysWithValues: kept.map { ($0.slot, $0) })
    }

    private func existingOrNew(_ table: TableDefinition, _ content: PublishedContent) -> PublishedLog {
        if let known = logs.first(where: { $0.content == content && $0.generation == table.tableID }) {
            if known.table != table {
                known.source = .table(table)
                known.writer = nil
            }
            return known
        }
        let name = publisher.configuration.names.topic(
            content == .changes ? .changes : .state, of: table.name, in: publisher.region.name)
        return makeLog(.table(table), content, topic: name, generation: table.tableID)
    }

    private func makeLog(
        _ source: PublishedLog.Source, _ content: PublishedContent, topic: String, generation: String
    ) -> PublishedLog {
        nextSlot = (nextSlot + 1) & 0xFFFF
        return PublishedLog(
            source, content, topic: topic, partitions: publisher.configuration.settings(content).partitions,
            generation: generation, slot: nextSlot)
    }

    /// Control events are numbered anew in a data directory made anew, so the log of events has a mark of its own.
    private func controlLog() -> PublishedLog? {
        if let known = logs.first(where: { $0.content == .control }) { return known }
        let name = "publication/control-generation"
        let stored = try? KeptValue.values(withPrefix: name, reading: publisher.region.store).first?.value
        let generation = stored.map { String(decoding: $0, as: UTF8.self) } ?? UUID().uuidString.lowercased()
        if stored == nil {
            let kept = KeptValue(name: name, value: Array(generation.utf8), isDurable: true)
            guard case .done = publisher.region.perform(.keep(kept)) else { return nil }
        }
        let topic = publisher.configuration.names.control(of: publisher.region.name)
        return makeLog(.control, .control, topic: topic, generation: generation)
    }

    // MARK: The producer

    private func workingProducer() -> (any LogProducer)? {
        if let failure = producer?.failure { closeProducer("\(failure)") }
        if let producer { return producer }
        do throws(RecordLogError) {
            let made = try publisher.log.makeProducer(publisher.configuration.producerSettings) { [publisher] in
                publisher.note($0)
            }
            producer = made
            return made
        } catch {
            if trouble != "\(error)" {
                publisher.logger.error(
                    "no producer can be made",
                    metadata: ["region": "\(publisher.region.name)", "reason": "\(error)"])
            }
            trouble = "\(error)"
            publisher.show(logs, trouble: trouble)
            retryMilliseconds = Self.nowMilliseconds + Self.retryMilliseconds
            return nil
        }
    }

    /// The next producer goes on from the ends of the topics.
    private func closeProducer(_ reason: String) {
        guard let old = producer else { return }
        publisher.logger.warning(
            "the producer is made anew, and goes on from the ends of the topics",
            metadata: ["region": "\(publisher.region.name)", "reason": "\(reason)"])
        old.close()
        producer = nil
        _ = publisher.takeDeliveries()
        for log in logs { log.forgetProgress() }
        retryMilliseconds = Self.nowMilliseconds + Self.retryMilliseconds
    }

    private func takeDeliveries() {
        var failure: RecordLogError?
        // Deliveries of one log come in long runs.
        var recent: PublishedLog?
        for delivery in publisher.takeDeliveries() {
            let slot = delivery.token >> Self.slotShift
            if recent?.slot != slot { recent = bySlot[slot] }
            guard let log = recent else { continue }
            let sequence = delivery.token & (1 << Self.slotShift - 1)
            switch delivery.outcome {
            case .delivered: log.publishedCount += 1
            case .failed(.messageTooLarge(let reason)):
                log.undeliverableCount += 1
                publisher.logger.error(
                    "a record is too large for its topic and is missing there",
                    metadata: metadata(log).merging(["sequence": "\(sequence)", "reason": "\(reason)"]) { $1 })
            case .failed(let error):
                // What follows in its topic partition may be there already: only the topic can tell.
                failure = error
                continue
            }
            if log.fill == nil { log.progress?.confirm(sequence) } else { log.fill?.unconfirmedCount -= 1 }
        }
        if let failure { closeProducer("\(failure)") }
    }

    // MARK: Notes

    func note(of log: PublishedLog) throws(StoreError) -> PublicationNote {
        let stored = try KeptValue.values(withPrefix: log.noteName, reading: publisher.region.store).first
        return stored.flatMap { PublicationNote($0.value) } ?? PublicationNote()
    }

    private func saveNotes() {
        for log in logs {
            guard let progress = log.progress, log.fill == nil else { continue }
            save(PublicationNote(confirmed: progress.confirmedEnd - 1, isFilled: true), of: log)
        }
    }

    /// Answers whether it is saved. One that need not be durable may be lost by a power failure, and an older one stands for it.
    @discardableResult
    func save(_ note: PublicationNote, of log: PublishedLog, isDurable: Bool = false) -> Bool {
        if note == (isDurable ? log.durableNote : log.savedNote) { return true }
        let kept = KeptValue(name: log.noteName, value: note.bytes, isDurable: isDurable)
        guard case .done = publisher.region.perform(.keep(kept)) else { return false }
        log.savedNote = note
        if isDurable { log.durableNote = note }
        return true
    }
}

/// Why a log does not go on for now.
enum PublishingFailure: Error {
    case log(RecordLogError)
    case store(StoreError)
}
