import ChangeMessage
public import Logging
public import Partition
import RecordLog
public import Region
public import Replication
import Synchronization

/// The regions' changes by way of record logs: a publisher for each region, and feeds for the links.
///
/// A region without a log of its own keeps to its store: links read there, nothing is published.
public final class LogTransport: LinkTransport {
    public let configuration: TransportConfiguration
    private let logger: Logger
    private let publishers = Mutex<[RegionName: Publisher]>([:])

    public init(_ configuration: TransportConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Begins to publish. The regions' links have begun to read by then.
    public func start(_ regions: RegionSet) {
        for region in regions.regions {
            guard let log = configuration.logs[region.name] else { continue }
            let publisher = Publisher(region, log, configuration, logger: logger)
            publishers.withLock { $0[region.name] = publisher }
            publisher.start()
        }
    }

    /// Returns when nothing more is published; call it before the regions are stopped.
    public func stop() {
        for publisher in publishers.withLock({ Array($0.values) }) { publisher.stop() }
    }

    public func makeFeed(from source: Region, to target: Region) -> any LinkFeed {
        guard let log = configuration.logs[source.name] else {
            return StoreLinkFeed(source: source, observer: "link to \(target.name)")
        }
        return LogLinkFeed(from: source, to: target, log, configuration.names, logger: logger) { [self] table in
            publisher(of: source.name)?.confirmedEnd(.changes, of: table)
        }
    }

    public func firstNeeded(of table: TableDefinition, in region: Region) -> UInt64 {
        guard configuration.logs[region.name] != nil else { return .max }
        let publisher = publisher(of: region.name)
        let changes = publisher?.confirmedEnd(.changes, of: table) ?? 0
        if table.deletedMilliseconds != nil { return changes }
        return min(changes, publisher?.confirmedEnd(.state, of: table) ?? 0)
    }

    public func unpublishedRecords(of table: TableDefinition, in region: Region) -> UInt64? {
        guard configuration.logs[region.name] != nil else { return nil }
        let counters = region.counters(table.number)
        let confirmed = publisher(of: region.name)?.confirmedEnd(.changes, of: table) ?? counters.firstSequence
        return counters.nextSequence - min(counters.nextSequence, confirmed)
    }

    /// How far all topics have come, by region, table and content.
    public var reports: [PublicationReport] {
        let publishers = publishers.withLock { $0.values.sorted { $0.region.name < $1.region.name } }
        return publishers.flatMap(\.reports)
    }

    /// What keeps a region from publishing at all; nil when nothing does.
    public func trouble(of region: RegionName) -> String? { publisher(of: region)?.trouble }

    private func publisher(of region: RegionName) -> Publisher? { publishers.withLock { $0[region] } }
}
