public import AttributeModel
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
    private let catalogues = Mutex<(publisher: CataloguePublisher?, listeners: [CatalogueListener])>((nil, []))

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
        if !regions.remotes.isEmpty { startCatalogues(of: regions) }
    }

    /// Regions of different processes know each other by these.
    private func startCatalogues(of regions: RegionSet) {
        let telling = CataloguePublisher(regions, configuration, logger: logger) { [self] table, region in
            let publisher = publisher(of: region.name)
            return (publisher?.confirmedEnd(.changes, of: table), publisher?.confirmedEnd(.state, of: table))
        }
        catalogues.withLock { $0.publisher = telling }
        telling.start()
        for remote in regions.remotes {
            guard let log = configuration.logs[remote.name] else { continue }
            let listener = CatalogueListener(remote, log, configuration, logger: logger)
            catalogues.withLock { $0.listeners.append(listener) }
            listener.start()
        }
    }

    /// Returns when nothing more is published; call it before the regions are stopped.
    public func stop() {
        let (telling, listening) = catalogues.withLock { ($0.publisher, $0.listeners) }
        for listener in listening { listener.stop() }
        telling?.stop()
        for publisher in publishers.withLock({ Array($0.values) }) { publisher.stop() }
    }

    public func makeFeed(from source: Region, to target: Region) -> any LinkFeed {
        guard let log = configuration.logs[source.name] else {
            return StoreLinkFeed(source: source, observer: "link to \(target.name)")
        }
        let store = StoreLinkFeed(source: source, observer: "link to \(target.name), missing records")
        return LogLinkFeed(
            from: source.name, to: target, log, configuration, store: store, logger: logger, onLost: { _ in }
        ) { [self] table in
            publisher(of: source.name)?.confirmedEnd(.changes, of: table)
        }
    }

    public func makeFeed(
        from source: RemoteRegion, to target: Region, onLost: @escaping @Sendable (_ tableName: String) -> Void
    ) -> any LinkFeed {
        guard let log = configuration.logs[source.name] else {
            preconditionFailure("regions of other processes have logs")
        }
        return LogLinkFeed(
            from: source.name, to: target, log, configuration, store: nil, logger: logger, onLost: onLost
        ) { table in
            source.published(table.name).flatMap { $0.definition.tableID == table.tableID ? $0.changesEnd : nil }
        }
    }

    public func readStates(
        of table: TableDefinition, in source: RemoteRegion, isStopping: @Sendable () -> Bool,
        _ consume: ([(key: EncodedKey, state: StoredItem)]) -> Bool
    ) throws(TransportError) -> Bool {
        guard let log = configuration.logs[source.name] else {
            throw TransportError("there is no log of \(source.name)")
        }
        let topic = configuration.names.topic(.state, of: table.name, in: source.name)
        do throws(RecordLogError) {
            return try StateRead(log: log, topic: topic, table: table, logger: logger).run(
                isStopping: isStopping, consume)
        } catch {
            throw TransportError("\(error)")
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
