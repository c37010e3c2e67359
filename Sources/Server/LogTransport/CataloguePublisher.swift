import ChangeMessage
import Dispatch
import Foundation
import Logging
import Partition
import RecordLog
import Region
import Replication
import Synchronization

/// Tells regions of other processes what the tables of this one are, and how far its logs and links have come: one thread, and one producer for
/// each region.
///
/// Everything that is told was made durable first, so that others may rely on it whatever happens here.
final class CataloguePublisher: Sendable {
    /// The time between two rounds, in milliseconds. Links do not wait for it: records come by themselves.
    static let roundMilliseconds = 200
    /// How long an idle region is silent at the most, in milliseconds.
    static let silenceMilliseconds: UInt64 = 1000
    /// How old watermarks that were told may be, in milliseconds: they only let others forget what was deleted.
    static let watermarkMilliseconds: UInt64 = 10_000
    /// How often everything is told again, in milliseconds: a mock cluster forgets what is old.
    static let repeatMilliseconds: UInt64 = 300_000
    /// How long a region whose log cannot be reached waits, in milliseconds.
    static let retryMilliseconds: UInt64 = 1000

    private let regions: RegionSet
    private let configuration: TransportConfiguration
    private let ends: @Sendable (TableDefinition, Region) -> (changes: UInt64?, state: UInt64?)
    private let logger: Logger
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = OwnedThread()
    /// Of this start of the process.
    private let incarnation = UUID().uuidString.lowercased()

    /// - Parameter ends: how far a table's topics are known to hold its log.
    init(
        _ regions: RegionSet, _ configuration: TransportConfiguration, logger: Logger,
        ends: @escaping @Sendable (TableDefinition, Region) -> (changes: UInt64?, state: UInt64?)
    ) {
        self.regions = regions
        self.configuration = configuration
        self.logger = logger
        self.ends = ends
    }

    func start() {
        thread.start(named: "catalogues") { [self] in run() }
    }

    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    private static var nowMilliseconds: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

    private func run() {
        let told = regions.regions.compactMap { region in
            configuration.logs[region.name].map { ToldCatalogue(region, $0, configuration) }
        }
        while !isStopping.isSet {
            round(told)
            wakeUp.wait(milliseconds: Self.roundMilliseconds)
        }
        for catalogue in told { catalogue.close() }
    }

    private func round(_ told: [ToldCatalogue]) {
        let now = Self.nowMilliseconds
        var due: [(catalogue: ToldCatalogue, news: ToldCatalogue.News)] = []
        for catalogue in told where now >= catalogue.retryMilliseconds && catalogue.region.failure == nil {
            let news = catalogue.news(capture(catalogue.region), nowMilliseconds: now)
            if let news { due.append((catalogue, news)) }
        }
        guard !due.isEmpty else { return }
        // Watermarks rely on sources too, which may be of this process. A region that has failed tells nothing, and nobody relies on it.
        for region in regions.regions where region.failure == nil {
            guard case .done = region.perform(.flush) else { return }
        }
        for (catalogue, news) in due {
            do throws(RecordLogError) {
                try catalogue.tell(news, incarnation: incarnation, nowMilliseconds: now, logger)
                catalogue.trouble = nil
            } catch {
                catalogue.close()
                catalogue.retryMilliseconds = now + Self.retryMilliseconds
                if catalogue.trouble != "\(error)" {
                    logger.warning(
                        "a region cannot tell other processes of its tables",
                        metadata: [
                            "region": "\(catalogue.region.name)", "topic": "\(catalogue.topic)", "reason": "\(error)",
                        ])
                }
                catalogue.trouble = "\(error)"
            }
        }
    }

    private func capture(_ region: Region) -> (tables: [String: PublishedTable], region: PublishedRegion) {
        // Before the heads: a log's cursor is put back first, and then the log is noted.
        var logs: [TableDefinition.Number: [RegionName: String]] = [:]
        for table in region.catalogue.tables { logs[table.number] = regions.logs(of: table, in: region) }
        let (catalogue, heads, clock) = region.state
        var tables: [String: PublishedTable] = [:]
        for definition in catalogue.tables {
            guard let head = heads[definition.number] else { continue }
            let (changes, state) = ends(definition, region)
            tables[definition.tableID] = PublishedTable(
                definition: definition, nextSequence: head.counters.nextSequence,
                changesEnd: min(changes ?? 1, head.counters.nextSequence),
                stateEnd: state.map { min($0, head.counters.nextSequence) },
                cursors: head.cursors.mapValues(\.next), logs: logs[definition.number] ?? [:],
                watermarks: regions.watermarks(of: definition, in: region))
        }
        let itself = PublishedRegion(
            clock: clock, clockOffsetMilliseconds: region.wallClock.offsetMilliseconds, isIsolated: region.isIsolated)
        return (tables, itself)
    }
}
