import ChangeMessage
import Dispatch
import Foundation
import Logging
import Partition
import RecordLog
import Region
import Replication
import Synchronization

/// Tells regions of other processes what this one's tables are and how far its log and its links have come: one thread, one producer.
///
/// Everything that is told was made durable first, so that others may rely on it whatever happens here.
final class CataloguePublisher: Sendable {
    /// The least time between two rounds, in milliseconds. Links do not wait for it: records come by themselves.
    static let roundMilliseconds: UInt64 = 200
    /// How long an idle region is silent at the most, in milliseconds: its clock lets others forget what was deleted.
    static let silenceMilliseconds: UInt64 = 1000
    /// How often everything is told again, in milliseconds: a mock cluster forgets what is old.
    static let repeatMilliseconds: UInt64 = 300_000
    /// How long a failed round waits, in milliseconds.
    static let retryMilliseconds = 1000

    let region: Region
    private let regions: RegionSet
    private let log: any RecordLog
    private let configuration: TransportConfiguration
    private let ends: @Sendable (TableDefinition) -> (changes: UInt64?, state: UInt64?)
    private let logger: Logger
    private let wakeUp: Signal
    private let isStopping = StopFlag()
    private let thread = DispatchGroup()
    private let hasFailedDelivery = Atomic<Bool>(false)
    /// Of this start of the process.
    private let incarnation = UUID().uuidString.lowercased()

    /// - Parameter ends: how far a table's topics are known to hold its log.
    init(
        _ region: Region, of regions: RegionSet, _ log: any RecordLog, _ configuration: TransportConfiguration,
        logger: Logger, ends: @escaping @Sendable (TableDefinition) -> (changes: UInt64?, state: UInt64?)
    ) {
        self.region = region
        self.regions = regions
        self.log = log
        self.configuration = configuration
        self.logger = logger
        self.ends = ends
        wakeUp = region.observe(as: "catalogue publisher")
    }

    func start() {
        thread.enter()
        startThread(named: "catalogue \(region.name)") { [self] in
            run()
            thread.leave()
        }
    }

    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    private var topic: String { configuration.names.catalogue(of: region.name) }

    private static var nowMilliseconds: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

    private func run() {
        var round = Round()
        var trouble: String?
        while !isStopping.isSet {
            do throws(RecordLogError) {
                try advance(&round)
                trouble = nil
                wakeUp.wait(milliseconds: Int(Self.silenceMilliseconds))
                let next = round.startedMilliseconds + Self.roundMilliseconds
                let now = Self.nowMilliseconds
                if now < next, !isStopping.isSet { Thread.sleep(forTimeInterval: Double(next - now) / 1000) }
            } catch {
                round.close()
                if trouble != "\(error)" {
                    logger.warning(
                        "a region cannot tell other processes of its tables",
                        metadata: ["region": "\(region.name)", "topic": "\(topic)", "reason": "\(error)"])
                }
                trouble = "\(error)"
                wakeUp.wait(milliseconds: Self.retryMilliseconds)
            }
        }
        round.close()
    }

    /// What has been told, and by which producer.
    private struct Round {
        var producer: (any LogProducer)?
        var told: [String: PublishedTable] = [:]
        var startedMilliseconds: UInt64 = 0
        var repeatedMilliseconds: UInt64 = 0

        mutating func close() {
            producer?.close()
            producer = nil
            told = [:]
        }
    }

    private func advance(_ round: inout Round) throws(RecordLogError) {
        if let failure = round.producer?.failure { throw failure }
        if round.producer == nil { round.producer = try makeProducer() }
        guard let producer = round.producer else { return }
        let now = Self.nowMilliseconds
        let mustRepeat =
            now - round.repeatedMilliseconds >= Self.repeatMilliseconds
            || hasFailedDelivery.exchange(false, ordering: .acquiringAndReleasing)
        if mustRepeat {
            round.repeatedMilliseconds = now
            round.told = [:]
        }
        round.startedMilliseconds = now
        let (tables, itself) = capture()
        // What was captured is durable from here on. A region that has failed tells nothing new.
        for region in regions.regions {
            guard case .done = region.perform(.flush) else { return }
        }
        var messages: [CatalogueMessage] = []
        for (tableID, table) in tables where round.told[tableID] != table { messages.append(.table(table)) }
        for tableID in round.told.keys where tables[tableID] == nil { messages.append(.tableGone(tableID: tableID)) }
        messages.append(.region(itself))
        let nowWall = Int64(Date().timeIntervalSince1970 * 1000)
        let encoded = messages.map { $0.message(incarnation: incarnation, nowMilliseconds: nowWall) }
        let taken = try producer.append(encoded, to: topic)
        // A full queue: everything again, once there is room.
        round.told = taken == encoded.count ? tables : [:]
    }

    private func capture() -> (tables: [String: PublishedTable], region: PublishedRegion) {
        let (catalogue, heads, clock) = region.state
        var tables: [String: PublishedTable] = [:]
        for definition in catalogue.tables {
            guard let head = heads[definition.number] else { continue }
            let (changes, state) = ends(definition)
            tables[definition.tableID] = PublishedTable(
                definition: definition, nextSequence: head.counters.nextSequence,
                changesEnd: min(changes ?? 1, head.counters.nextSequence),
                stateEnd: state.map { min($0, head.counters.nextSequence) },
                cursors: head.cursors.mapValues(\.next), watermarks: regions.watermarks(of: definition, in: region))
        }
        let itself = PublishedRegion(
            clock: clock, clockOffsetMilliseconds: region.wallClock.offsetMilliseconds, isIsolated: region.isIsolated)
        return (tables, itself)
    }

    private func makeProducer() throws(RecordLogError) -> any LogProducer {
        let specification = TopicSpecification(name: topic, settings: configuration.catalogueSettings)
        switch try log.ensureTopics([specification]).first {
        case .failed(let error): throw error
        case .existedWithOtherSettings(let differences):
            logger.warning(
                "a topic has other settings than wanted; it is used as it is",
                metadata: [
                    "region": "\(region.name)", "topic": "\(topic)",
                    "differences": "\(differences.map(\.description).joined(separator: "; "))",
                ])
        case .created, .existed, .existedUnchecked, nil: break
        }
        return try log.makeProducer(configuration.producerSettings) { [self] deliveries in
            let hasFailed = deliveries.contains { if case .failed = $0.outcome { true } else { false } }
            if hasFailed { hasFailedDelivery.store(true, ordering: .releasing) }
        }
    }
}
