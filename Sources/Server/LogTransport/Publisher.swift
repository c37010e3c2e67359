import KeyValueStore
import Logging
import Partition
import Publication
import RecordLog
import Region
public import Replication
import Synchronization

/// Publishes the change logs of one region's tables and its control events: one thread, one idempotent producer.
///
/// The store is the outbox: writes never wait for the log, and what is not published yet stays in the store (`Housekeeping` asks
/// `firstNeeded`). After a start, and after a producer that failed for good, the ends of the topics tell where to go on.
final class Publisher: Sendable {
    let region: Region
    let log: any RecordLog
    let configuration: TransportConfiguration
    let logger: Logger
    let wakeUp: Signal
    private let deliveries = Mutex<[Delivery]>([])
    private let state = Mutex(Seen())
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    /// What other threads see.
    private struct Seen: Sendable {
        var reports: [PublicationReport] = []
        var confirmedEnds: [Key: UInt64] = [:]
        var trouble: String?
    }

    private struct Key: Hashable, Sendable {
        let content: PublishedContent
        let generation: String
    }

    init(_ region: Region, _ log: any RecordLog, _ configuration: TransportConfiguration, logger: Logger) {
        self.region = region
        self.log = log
        self.configuration = configuration
        self.logger = logger
        wakeUp = region.observe(as: "publisher")
    }

    func start() {
        thread.start(named: "publisher \(region.name)") { [self] in PublisherLoop(self).run() }
    }

    /// Hands over what is written, for a moment, and ends.
    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    var mustStop: Bool { isStopping.isSet }

    var reports: [PublicationReport] { state.withLock { $0.reports } }

    /// What keeps everything from being published; nil when nothing does.
    var trouble: String? { state.withLock { $0.trouble } }

    /// The first record of a table that is not in its topic for good; nil while that is not known.
    func confirmedEnd(_ content: PublishedContent, of table: TableDefinition) -> UInt64? {
        state.withLock { $0.confirmedEnds[Key(content: content, generation: table.tableID)] }
    }

    // MARK: For the thread and the producer

    func note(_ delivered: [Delivery]) {
        deliveries.withLock { $0 += delivered }
        wakeUp.signal()
    }

    func takeDeliveries() -> [Delivery] {
        deliveries.withLock { deliveries in
            defer { deliveries = [] }
            return deliveries
        }
    }

    func show(_ logs: [PublishedLog], trouble: String?) {
        var seen = Seen(trouble: trouble)
        for log in logs {
            seen.reports.append(PublicationReport(log, in: region, trouble: trouble))
            if let progress = log.progress, log.fill == nil {
                seen.confirmedEnds[Key(content: log.content, generation: log.generation)] = progress.confirmedEnd
            }
        }
        state.withLock { $0 = seen }
    }
}

/// How far one topic has come.
public struct PublicationReport: Sendable {
    public let region: RegionName
    /// Nil for control events.
    public let table: String?
    public let content: PublishedContent
    public let topic: String
    public let partitions: Int32
    /// Records of the log that are not in the topic for good.
    public let backlog: UInt64
    /// Messages confirmed since the process started.
    public let published: UInt64
    /// Messages that no topic takes, since the process started.
    public let undeliverable: UInt64
    /// What keeps it from going on; nil when nothing does.
    public let trouble: String?
    /// How the topic is set otherwise than wanted.
    public let differences: [String]

    init(_ log: PublishedLog, in region: Region, trouble: String?) {
        self.region = region.name
        table = log.table?.name
        content = log.content
        topic = log.topic
        partitions = log.partitions
        let next = log.table.map { region.counters($0.number).nextSequence } ?? region.controlLog.nextSequence
        let first = log.table.map { region.counters($0.number).firstSequence } ?? region.controlLog.firstSequence
        let confirmed = log.fill == nil ? log.progress?.confirmedEnd ?? first : first
        backlog = next - min(next, confirmed)
        published = log.publishedCount
        undeliverable = log.undeliverableCount
        self.trouble = log.trouble ?? trouble
        differences = log.differences
    }
}
