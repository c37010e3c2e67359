public import AttributeModel
public import Bytes
public import ChangeStream
public import Replication

/// What a region knows of one of its tables, apart from the items: the replica's own settings, indexes, stream and peers.
///
/// Stored as JSON under the table's number; fields may be added with a default, never renamed.
public struct TableDefinition: Sendable, Equatable, Codable {
    /// Numbers a table's rows in the store. Unique in its region for ever: a table made anew gets another number.
    public typealias Number = UInt32

    public let number: Number
    public let name: String
    public let region: RegionName
    /// The API's TableId: a UUID, different in every region.
    public let tableID: String
    public let createdMilliseconds: UInt64
    public var status: TableStatus
    public let keySchema: KeySchema
    /// Types of all key attributes of the table and its indexes.
    public var attributeDefinitions: [KeyAttribute]
    public var billing: Billing
    /// When the table changed from provisioned to on-demand capacity, oldest first; nil when it never did.
    public var onDemandChangesMilliseconds: [UInt64]?
    /// Nil where provisioned capacity does not follow its use.
    public var readScaling: AutoScaling?
    public var writeScaling: AutoScaling?
    public var localIndexes: [IndexDefinition]
    public var globalIndexes: [IndexDefinition]
    /// The next index ordinal; ordinals are never reused within a table.
    public var nextIndexOrdinal: IndexDefinition.Ordinal
    /// Newest last. At most the last one is enabled; disabled ones stay readable for a day.
    public var streams: [Stream]
    public var isProtectedFromDeletion: Bool
    public var tableClass: String?
    public var tags: [Tag]
    /// Nil when point-in-time recovery is off.
    public var recovery: PointInTimeRecovery?
    /// Nil when items never expired.
    public var timeToLive: TimeToLive?
    /// When the table was deleted; it then has no items any more and is kept only for the readers of its stream. Nil while it lives.
    public var deletedMilliseconds: UInt64?
    /// The other replicas of the global table; empty for a table of one region.
    public var peers: [Peer]
    /// Its place in a global table of version 2017.11.29; nil for other tables, also for those of version 2019.11.21.
    public var legacyGlobalTable: LegacyGlobalTable?
    /// By `SharedSetting`: of the settings that all replicas have in common, those that were changed since the table was made.
    public var settingsVersions: [String: SettingsVersion]?
    /// Every write of this replica is later than this; nil for any. Where a replica is added to a global table, the others have forgotten
    /// tombstones, and an older write would be nothing new to those who have not.
    public var versionFloor: HybridTimestamp?
    /// What regions of other processes are to make their replicas like, until they have.
    public var proposedReplicas: [TableDefinition]?

    public init(
        number: Number, name: String, region: RegionName, tableID: String, createdMilliseconds: UInt64,
        status: TableStatus, keySchema: KeySchema, attributeDefinitions: [KeyAttribute], billing: Billing,
        localIndexes: [IndexDefinition], globalIndexes: [IndexDefinition]
    ) {
        self.number = number
        self.name = name
        self.region = region
        self.tableID = tableID
        self.createdMilliseconds = createdMilliseconds
        self.status = status
        self.keySchema = keySchema
        self.attributeDefinitions = attributeDefinitions
        self.billing = billing
        self.localIndexes = localIndexes
        self.globalIndexes = globalIndexes
        nextIndexOrdinal = ((localIndexes + globalIndexes).map(\.ordinal).max() ?? 0) + 1
        streams = []
        isProtectedFromDeletion = false
        tags = []
        peers = []
    }

    /// The 12-digit account that all ARNs of this server carry.
    public static let account = "000000000000"

    public var arn: String { "arn:aws:dynamodb:\(region):\(Self.account):table/\(name)" }
    public func indexARN(_ index: String) -> String { arn + "/index/" + index }
    public func streamARN(_ stream: Stream) -> String { arn + "/stream/" + stream.label }

    public var isGlobal: Bool { !peers.isEmpty }
    /// Whether the table belongs to a global table of version 2017.11.29, which may have no other replica.
    public var isLegacyGlobal: Bool { legacyGlobalTable != nil }
    /// Whether item operations find the table (reference `data-plane.md` 12.1).
    public var servesItems: Bool { status == .active || status == .updating }
    public var enabledStream: Stream? { streams.last.flatMap { $0.isEnabled ? $0 : nil } }
    /// Whether changes must be logged: somebody reads them.
    public var logsChanges: Bool { enabledStream != nil || isGlobal }
    public var indexes: [IndexDefinition] { localIndexes + globalIndexes }

    public func index(named name: String) -> IndexDefinition? { indexes.first { $0.name == name } }
}

/// The raw values are the API's.
public enum TableStatus: String, Sendable, Codable {
    case creating = "CREATING"
    case active = "ACTIVE"
    case updating = "UPDATING"
    case deleting = "DELETING"
}

public enum BillingMode: String, Sendable, Codable, CaseIterable {
    case provisioned = "PROVISIONED"
    case payPerRequest = "PAY_PER_REQUEST"
}

/// Provisioned capacity; both zero when requests are paid one by one.
public struct Throughput: Sendable, Equatable, Codable {
    public var readUnits: Int
    public var writeUnits: Int
    public var decreasesToday: Int
    public var increasedMilliseconds: UInt64?
    public var decreasedMilliseconds: UInt64?

    public init(readUnits: Int, writeUnits: Int) {
        self.readUnits = readUnits
        self.writeUnits = writeUnits
        decreasesToday = 0
    }

    public static let none = Throughput(readUnits: 0, writeUnits: 0)
}

public struct Billing: Sendable, Equatable, Codable {
    public var mode: BillingMode
    public var throughput: Throughput
    /// When the table last became pay-per-request; nil when it never was.
    public var payPerRequestMilliseconds: UInt64?

    public init(mode: BillingMode, throughput: Throughput, payPerRequestMilliseconds: UInt64? = nil) {
        self.mode = mode
        self.throughput = throughput
        self.payPerRequestMilliseconds = payPerRequestMilliseconds
    }
}

/// A secondary index of a table.
public struct IndexDefinition: Sendable, Equatable, Codable {
    public typealias Ordinal = UInt16

    public enum Status: String, Sendable, Codable {
        case creating = "CREATING"
        case active = "ACTIVE"
        case deleting = "DELETING"
    }

    /// Names the index in the store; never reused within the table.
    public let ordinal: Ordinal
    public let name: String
    public let keySchema: KeySchema
    public let projection: Projection
    /// Provisioned capacity of a global index.
    public var throughput: Throughput
    /// Nil where provisioned capacity does not follow its use.
    public var readScaling: AutoScaling?
    public var writeScaling: AutoScaling?
    /// Local indexes are always active.
    public var status: Status

    public init(
        ordinal: Ordinal, name: String, keySchema: KeySchema, projection: Projection, throughput: Throughput = .none,
        status: Status = .active
    ) {
        self.ordinal = ordinal
        self.name = name
        self.keySchema = keySchema
        self.projection = projection
        self.throughput = throughput
        self.status = status
    }

    /// Which attributes the index shows, besides the keys of index and table.
    public enum Projection: Sendable, Equatable, Codable {
        case all
        case keysOnly
        case include([Text])
    }

    /// The names that an index entry shows; nil for all.
    public func projectedNames(of table: TableDefinition) -> [Text]? {
        let keys = (keySchema.attributes + table.keySchema.attributes).map(\.name)
        switch projection {
        case .all: return nil
        case .keysOnly: return keys
        case .include(let names): return keys + names.filter { !keys.contains($0) }
        }
    }
}

/// The setting of point-in-time recovery. Nothing here recovers: it is kept for those who look at it.
public struct PointInTimeRecovery: Sendable, Equatable, Codable {
    public static let periodDaysDefault = 35

    public let periodDays: Int

    public init(periodDays: Int = periodDaysDefault) {
        self.periodDays = periodDays
    }
}

public struct Tag: Sendable, Equatable, Codable {
    public let key: String
    public let value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Another replica of a global table, as this replica sees it.
public struct Peer: Sendable, Equatable, Codable {
    /// The raw values are the API's.
    public enum Status: String, Sendable, Codable {
        case creating = "CREATING"
        case active = "ACTIVE"
        case deleting = "DELETING"
    }

    public let region: RegionName
    public var status: Status
    /// The region whose endpoint created this replica; nil for the table that was there first.
    public let source: RegionName?
    /// When the replica was added, for the rule that a source stays 24 hours.
    public let addedMilliseconds: UInt64
    /// What the hybrid clock of the region that holds this definition was then: no tombstone that it had forgotten was later. Nil where it
    /// was not noted.
    public internal(set) var addedTimestamp: HybridTimestamp?

    public init(region: RegionName, status: Status, source: RegionName?, addedMilliseconds: UInt64) {
        self.region = region
        self.status = status
        self.source = source
        self.addedMilliseconds = addedMilliseconds
    }
}
