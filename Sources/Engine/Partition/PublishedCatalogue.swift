public import Replication

/// What a region tells regions of other processes about one of its tables. Everything that it counts is durable.
public struct PublishedTable: Sendable, Equatable, Codable {
    public let definition: TableDefinition
    /// The number that the table's next change record gets.
    public let nextSequence: UInt64
    /// The first record that is not for sure in the `.changes` topic.
    public let changesEnd: UInt64
    /// The first record that is not for sure in the `.state` topic; nil while the topic does not hold all items.
    public let stateEnd: UInt64?
    /// By peer: the first record of the peer's log that is not applied here.
    public let cursors: [String: UInt64]
    /// By peer: the TableId of the table whose log the cursor is of, where that is a table of another process.
    public let logs: [String: String]
    /// By peer, as raw hybrid timestamps: everything that the peer wrote up to then is applied here.
    public let watermarks: [String: UInt64]

    public init(
        definition: TableDefinition, nextSequence: UInt64, changesEnd: UInt64, stateEnd: UInt64?,
        cursors: [RegionName: UInt64], logs: [RegionName: String] = [:],
        watermarks: [RegionName: HybridTimestamp]
    ) {
        self.definition = definition
        self.nextSequence = nextSequence
        self.changesEnd = changesEnd
        self.stateEnd = stateEnd
        self.cursors = Dictionary(uniqueKeysWithValues: cursors.map { ($0.key.name, $0.value) })
        self.logs = Dictionary(uniqueKeysWithValues: logs.map { ($0.key.name, $0.value) })
        self.watermarks = Dictionary(uniqueKeysWithValues: watermarks.map { ($0.key.name, $0.value.rawValue) })
    }

    /// How far this replica has read a peer's table; nil when it has not, or has read another table of the name.
    public func cursor(of peer: TableDefinition) -> UInt64? {
        guard logs[peer.region.name] == peer.tableID else { return nil }
        return cursors[peer.region.name]
    }

    /// The same with other watermarks: they move with the clock, also where nothing happens.
    public func with(watermarks: [String: UInt64]) -> PublishedTable {
        PublishedTable(self, watermarks: watermarks)
    }

    private init(_ other: PublishedTable, watermarks: [String: UInt64]) {
        definition = other.definition
        nextSequence = other.nextSequence
        changesEnd = other.changesEnd
        stateEnd = other.stateEnd
        cursors = other.cursors
        logs = other.logs
        self.watermarks = watermarks
    }

    public func watermark(of peer: RegionName) -> HybridTimestamp? {
        watermarks[peer.name].map { HybridTimestamp(rawValue: $0) }
    }
}

/// What a region tells the others about itself.
public struct PublishedRegion: Sendable, Equatable, Codable {
    /// A raw hybrid timestamp, as of a moment before the tables that were told last: what their logs get from then on is greater.
    public let clock: UInt64
    /// How far the region's clock is ahead of its machine's.
    public let clockOffsetMilliseconds: Int64
    public let isIsolated: Bool

    public init(clock: HybridTimestamp, clockOffsetMilliseconds: Int64, isIsolated: Bool) {
        self.clock = clock.rawValue
        self.clockOffsetMilliseconds = clockOffsetMilliseconds
        self.isIsolated = isIsolated
    }
}
