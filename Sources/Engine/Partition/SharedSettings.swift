import AttributeModel
import Bytes
public import Replication

/// One of the settings that all replicas of a global table have in common (reference `global-tables.md` 3.5).
///
/// Replicas of one process get every change at once. Those of other processes take each over from the replica where it is newest:
/// `RegionEngine` gives it a `SettingsVersion` when a change touches it.
public enum SharedSetting: String, Sendable, CaseIterable {
    /// Billing mode, write units and how they scale.
    case capacity
    case tableClass
    case timeToLive
    /// The list of global indexes, with their write units.
    case indexes
}

/// When and where a setting of a global table was last changed; the greatest wins.
public struct SettingsVersion: Sendable, Equatable, Codable, Comparable {
    public let milliseconds: UInt64
    public let region: RegionName

    public init(milliseconds: UInt64, region: RegionName) {
        self.milliseconds = milliseconds
        self.region = region
    }

    public static func < (left: SettingsVersion, right: SettingsVersion) -> Bool {
        left.milliseconds == right.milliseconds
            ? left.region < right.region : left.milliseconds < right.milliseconds
    }
}

extension TableDefinition {
    /// Nil while the setting is as the table was made.
    public func version(of setting: SharedSetting) -> SettingsVersion? { settingsVersions?[setting.rawValue] }

    /// Whether the replicas have it in common indeed.
    public func shares(_ setting: SharedSetting, with other: TableDefinition) -> Bool {
        switch setting {
        case .capacity:
            billing.mode == other.billing.mode
                && billing.throughput.writeUnits == other.billing.throughput.writeUnits
                && writeScaling == other.writeScaling
        case .tableClass: tableClass == other.tableClass
        case .timeToLive:
            timeToLive?.attributeName == other.timeToLive?.attributeName && timeToLive?.isOn == other.timeToLive?.isOn
                && timeToLive?.changedMilliseconds == other.timeToLive?.changedMilliseconds
        case .indexes:
            lastingIndexes.count == other.lastingIndexes.count
                && zip(lastingIndexes, other.lastingIndexes).allSatisfy { $0.isShared(with: $1) }
        }
    }

    private var lastingIndexes: [IndexDefinition] {
        globalIndexes.filter { $0.status != .deleting }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Gives settings that an edit has changed a version above the one before. Whoever takes settings over takes their version over too.
    mutating func noteSettings(changedFrom before: TableDefinition, wallMilliseconds: UInt64) {
        guard isGlobal else { return }
        for setting in SharedSetting.allCases
        where version(of: setting) == before.version(of: setting) && !shares(setting, with: before) {
            let last = version(of: setting)?.milliseconds ?? 0
            settingsVersions = settingsVersions ?? [:]
            settingsVersions?[setting.rawValue] = SettingsVersion(
                milliseconds: max(wallMilliseconds, last + 1), region: region)
        }
    }

    /// Takes a setting over from a replica in another process, with its version.
    ///
    /// New indexes are CREATING, and must be filled; those that are gone there are DELETING, and must be dropped.
    public mutating func adopt(_ setting: SharedSetting, of other: TableDefinition) {
        switch setting {
        case .capacity: adoptCapacity(of: other)
        case .tableClass: tableClass = other.tableClass
        case .timeToLive:
            // Which items expire is still to be listed here, whatever the state over there.
            timeToLive = other.timeToLive.map {
                TimeToLive(
                    attributeName: $0.attributeName, status: $0.isOn ? .enabling : .disabling,
                    changedMilliseconds: $0.changedMilliseconds)
            }
        case .indexes: adoptIndexes(of: other)
        }
        settingsVersions = settingsVersions ?? [:]
        settingsVersions?[setting.rawValue] = other.version(of: setting)
    }

    private mutating func adoptCapacity(of other: TableDefinition) {
        let changesMode = billing.mode != other.billing.mode
        let readUnits = billing.throughput.readUnits
        if changesMode {
            onDemandChangesMilliseconds = other.onDemandChangesMilliseconds
            readScaling = other.readScaling
        }
        billing = other.billing
        if !changesMode { billing.throughput.readUnits = readUnits }
        writeScaling = other.writeScaling
    }

    private mutating func adoptIndexes(of other: TableDefinition) {
        let wanted = other.lastingIndexes
        for place in globalIndexes.indices where globalIndexes[place].status != .deleting {
            let own = globalIndexes[place]
            guard let match = wanted.first(where: { $0.isSameIndex(as: own) }) else {
                globalIndexes[place].status = .deleting
                continue
            }
            globalIndexes[place].throughput = match.throughput
            if own.throughput != .none, match.throughput != .none {
                globalIndexes[place].throughput.readUnits = own.throughput.readUnits
            }
            globalIndexes[place].writeScaling = match.writeScaling
        }
        for index in wanted where !lastingIndexes.contains(where: { $0.isSameIndex(as: index) }) {
            var added = IndexDefinition(
                ordinal: nextIndexOrdinal, name: index.name, keySchema: index.keySchema, projection: index.projection,
                throughput: index.throughput, status: .creating)
            added.readScaling = index.readScaling
            added.writeScaling = index.writeScaling
            globalIndexes.append(added)
            nextIndexOrdinal += 1
            if status == .active { status = .updating }
        }
        attributeDefinitions = other.attributeDefinitions
    }
}

extension IndexDefinition {
    /// One that was deleted and made anew under its name with other keys is another index.
    fileprivate func isSameIndex(as other: IndexDefinition) -> Bool {
        name == other.name && keySchema == other.keySchema && projection == other.projection
    }

    fileprivate func isShared(with other: IndexDefinition) -> Bool {
        isSameIndex(as: other) && throughput.writeUnits == other.throughput.writeUnits
            && writeScaling == other.writeScaling
    }
}
