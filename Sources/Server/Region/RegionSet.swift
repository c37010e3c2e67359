import Dispatch
public import KeyValueStore
public import Logging
public import Partition
public import Replication
import Synchronization

/// All regions of this process, and the links to them: from each other, and from regions of other processes.
public final class RegionSet: Sendable {
    public let regions: [Region]
    /// Regions of other processes that share tables with those of this one.
    public let remotes: [RemoteRegion]
    /// Set when tables of remote regions come, go or are changed.
    let remoteChange = Signal()
    let generations: [RegionName: LinkGenerations]
    /// What links can no longer get; they say so again and again.
    let lostRecords = LostRecords()
    /// By table, how many replicas of this process are being rebuilt.
    let rebuilding = Mutex<[String: Int]>([:])
    let stateReads = DispatchSemaphore(value: RemoteMembership.stateReadsMax)
    private let byName: [RegionName: Region]
    let links: [Link]
    let logger: Logger
    let sweepIntervalMilliseconds: Int
    let transport: (any LinkTransport)?

    /// Where the process keeps its data and which regions it holds.
    public struct Configuration: Sendable {
        public var regions: [RegionName]
        /// Holds one directory per region; nil keeps everything in memory.
        public var dataDirectory: String?
        /// How links begin; those that are not named run without delay.
        public var linkSettings: [LinkName: LinkSettings] = [:]
        /// What the random delays of all links that are not named are drawn from.
        public var linkSeed: UInt64 = 0
        /// What the clocks of the regions are offset from.
        public var wallClock = WallClock.system
        /// Whether requests are refused when provisioned capacity is used up.
        public var enforcesThroughput = false
        /// How long each region rests between two looks for expired items, in milliseconds.
        public var sweepIntervalMilliseconds = 1000
        /// What carries changes between regions; nil lets links read the stores of their sources.
        public var transport: (any LinkTransport)?
        /// Whether tables without stream and replicas log their changes too, because others read them.
        public var logsAllTables = false
        /// Regions of other processes; they need a transport.
        public var remoteRegions: [RegionName] = []

        public init(regions: [RegionName], dataDirectory: String?) {
            self.regions = regions
            self.dataDirectory = dataDirectory
        }

        fileprivate func settings(from source: RegionName, to target: RegionName) -> LinkSettings {
            linkSettings[LinkName(from: source, to: target)] ?? LinkSettings(seed: linkSeed)
        }
    }

    /// Opens all regions; when one cannot be opened, none stays open.
    public init(_ configuration: Configuration, logger: Logger) throws(StoreError) {
        (regions, generations) = try Self.open(configuration, logger)
        remotes = configuration.remoteRegions.map { [remoteChange] name in
            RemoteRegion(name, wallClock: configuration.wallClock, changed: remoteChange)
        }
        self.logger = logger
        sweepIntervalMilliseconds = configuration.sweepIntervalMilliseconds
        transport = configuration.transport
        byName = Dictionary(uniqueKeysWithValues: regions.map { ($0.name, $0) })
        links =
            Self.links(among: regions, configuration, logger)
            + Self.links(
                from: remotes, to: regions, configuration, generations, logger: logger
            ) { [lostRecords, remoteChange] loss in
                if lostRecords.note(loss) { remoteChange.signal() }
            }
        for link in links { link.start() }
    }

    private static func open(
        _ configuration: Configuration, _ logger: Logger
    ) throws(StoreError) -> ([Region], [RegionName: LinkGenerations]) {
        var opened: [Region] = []
        do throws(StoreError) {
            for name in configuration.regions {
                let directory = configuration.dataDirectory.map { $0 + "/" + name.name }
                let store = try RegionStore.open(directory: directory)
                opened.append(
                    try Region(
                        name: name, store: store, wallClock: configuration.wallClock,
                        enforcesThroughput: configuration.enforcesThroughput,
                        logsAllTables: configuration.logsAllTables, logger: logger))
            }
            try LogCheck.findLostRecords(in: opened, dataDirectory: configuration.dataDirectory)
            var generations: [RegionName: LinkGenerations] = [:]
            for region in opened where !configuration.remoteRegions.isEmpty {
                generations[region.name] = try LinkGenerations(of: region)
            }
            return (opened, generations)
        } catch {
            for region in opened { region.stop() }
            throw error
        }
    }

    private static func links(
        among regions: [Region], _ configuration: Configuration, _ logger: Logger
    ) -> [Link] {
        regions.flatMap { source in
            regions.filter { $0 !== source }.map { target in
                let feed: any LinkFeed =
                    configuration.transport?.makeFeed(from: source, to: target)
                    ?? StoreLinkFeed(source: source, observer: "link to \(target.name)")
                return Link(
                    source: source, target: target,
                    settings: configuration.settings(from: source.name, to: target.name), feed: feed, logger: logger)
            }
        }
    }

    private static func links(
        from remotes: [RemoteRegion], to regions: [Region], _ configuration: Configuration,
        _ generations: [RegionName: LinkGenerations], logger: Logger,
        onLost: @escaping @Sendable (LostRecords.Loss) -> Void
    ) -> [Link] {
        guard let transport = configuration.transport else { return [] }
        return remotes.flatMap { source in
            regions.map { target in
                let feed = transport.makeFeed(from: source, to: target) { table in
                    onLost(.init(table: table, region: target.name, source: source.name))
                }
                return Link(
                    source: source, target: target,
                    settings: configuration.settings(from: source.name, to: target.name), feed: feed,
                    generations: generations[target.name], logger: logger)
            }
        }
    }

    public func remote(_ name: RegionName) -> RemoteRegion? { remotes.first { $0.name == name } }

    /// All regions that tables can have replicas in: those of this process, then those of others.
    public var allNames: [RegionName] { names + remotes.map(\.name) }

    public func region(_ name: RegionName) -> Region? { byName[name] }

    public var names: [RegionName] { regions.map(\.name) }

    func link(from source: RegionName, to target: RegionName) -> Link? {
        links.first { $0.source.name == source && $0.target.name == target }
    }

    /// Changes a region's definition of a table, as the region's writer then has it; nothing when the region has no such table.
    func edit(
        _ tableName: String, in name: RegionName, _ body: @escaping @Sendable (inout TableDefinition) -> Void
    ) {
        guard let region = region(name), let table = region.catalogue.table(named: tableName) else { return }
        _ = region.perform(.changeCatalogue(.edit(table.number, body)))
    }

    /// By source, how far the links of this process have brought a region's table: all that the source wrote up to then is applied.
    public func watermarks(of table: TableDefinition, in region: Region) -> [RegionName: HybridTimestamp] {
        var watermarks: [RegionName: HybridTimestamp] = [:]
        for link in links where link.target === region && link.source.failure == nil {
            watermarks[link.source.name] = link.position(of: table.number)?.cursor.watermark
        }
        return watermarks
    }

    /// By peer in another process, of which of its tables the cursor of a region's table is.
    public func logs(of table: TableDefinition, in region: Region) -> [RegionName: String] {
        var logs: [RegionName: String] = [:]
        for remote in remotes {
            logs[remote.name] = generations[region.name]?.generation(of: table.number, remote.name)
        }
        return logs
    }

    /// The first remote region that still counts `name` among a table's replicas.
    public func memberListing(_ name: RegionName, in tableName: String) -> RegionName? {
        remotes.first { remote in
            remote.isKnown && remote.table(named: tableName)?.peers.contains { $0.region == name } ?? false
        }?.name
    }

    /// The table's records that are not published yet; nil when nothing is published.
    public func unpublishedRecords(of table: TableDefinition, in region: Region) -> UInt64? {
        transport?.unpublishedRecords(of: table, in: region)
    }

    /// Lets the links look at the catalogue again without waiting for their next poll.
    func wakeLinks() {
        for region in regions { region.notifyObservers() }
    }

    /// Stops links first, so that nothing new reaches the writers, then the writers.
    public func stop() {
        for link in links { link.stop() }
        for region in regions { region.stop() }
    }
}
