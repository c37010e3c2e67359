public import KeyValueStore
public import Logging
public import Partition
public import Replication

/// All regions of this process, and the links between them.
public final class RegionSet: Sendable {
    public let regions: [Region]
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

        public init(regions: [RegionName], dataDirectory: String?) {
            self.regions = regions
            self.dataDirectory = dataDirectory
        }
    }

    /// Opens all regions; when one cannot be opened, none stays open.
    public init(_ configuration: Configuration, logger: Logger) throws(StoreError) {
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
        } catch {
            for region in opened { region.stop() }
            throw error
        }
        regions = opened
        self.logger = logger
        sweepIntervalMilliseconds = configuration.sweepIntervalMilliseconds
        transport = configuration.transport
        byName = Dictionary(uniqueKeysWithValues: opened.map { ($0.name, $0) })
        var links: [Link] = []
        for source in opened {
            for target in opened where target !== source {
                let settings =
                    configuration.linkSettings[LinkName(from: source.name, to: target.name)]
                    ?? LinkSettings(seed: configuration.linkSeed)
                let feed: any LinkFeed =
                    transport?.makeFeed(from: source, to: target)
                    ?? StoreLinkFeed(source: source, observer: "link to \(target.name)")
                links.append(Link(source: source, target: target, settings: settings, feed: feed, logger: logger))
            }
        }
        self.links = links
        for link in links { link.start() }
    }

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
