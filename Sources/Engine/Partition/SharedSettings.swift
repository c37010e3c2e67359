import AttributeModel
import Bytes
public import Replication

/// The settings that all replicas of a global table have in common (reference `global-tables.md` 3.5), in a form that can be compared.
///
/// Replicas of one process get every change at once. Those of other processes take it over from the replica whose settings are newest:
/// `RegionEngine` gives the definition a `SettingsVersion` when a change touches them.
public struct SharedSettings: Sendable, Equatable {
    let billingMode: BillingMode
    let writeUnits: Int
    let writeScaling: AutoScaling?
    let tableClass: String?
    let timeToLive: ExpirySetting?
    let indexes: [Index]

    struct ExpirySetting: Sendable, Equatable {
        let attributeName: Text
        let isOn: Bool
        let changedMilliseconds: UInt64
    }

    struct Index: Sendable, Equatable {
        let name: String
        let keySchema: KeySchema
        let projection: IndexDefinition.Projection
        let writeUnits: Int
        let writeScaling: AutoScaling?
    }

    public init(of table: TableDefinition) {
        billingMode = table.billing.mode
        writeUnits = table.billing.throughput.writeUnits
        writeScaling = table.writeScaling
        tableClass = table.tableClass
        timeToLive = table.timeToLive.map {
            ExpirySetting(
                attributeName: $0.attributeName, isOn: $0.isOn, changedMilliseconds: $0.changedMilliseconds)
        }
        indexes = table.globalIndexes.filter { $0.status != .deleting }
            .map {
                Index(
                    name: $0.name, keySchema: $0.keySchema, projection: $0.projection,
                    writeUnits: $0.throughput.writeUnits, writeScaling: $0.writeScaling)
            }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

/// When and where the settings of a global table were last changed; the greatest wins.
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
    /// Gives settings that an edit has changed a version above the one before. Whoever takes settings over takes their version over too.
    mutating func noteSettings(changedFrom before: TableDefinition, wallMilliseconds: UInt64) {
        guard isGlobal, settingsVersion == before.settingsVersion,
            SharedSettings(of: self) != SharedSettings(of: before)
        else { return }
        let last = settingsVersion?.milliseconds ?? 0
        settingsVersion = SettingsVersion(milliseconds: max(wallMilliseconds, last + 1), region: region)
    }

    /// Takes over what a replica in another process has in common with this one, and the version of it.
    ///
    /// New indexes are CREATING, and must be filled; those that are gone there are DELETING, and must be dropped.
    public mutating func adoptSettings(of other: TableDefinition) {
        let changesMode = billing.mode != other.billing.mode
        let readUnits = billing.throughput.readUnits
        if changesMode {
            onDemandChangesMilliseconds = other.onDemandChangesMilliseconds
            readScaling = other.readScaling
        }
        billing = other.billing
        if !changesMode { billing.throughput.readUnits = readUnits }
        writeScaling = other.writeScaling
        tableClass = other.tableClass
        adoptTimeToLive(of: other)
        adoptIndexes(of: other, changesMode: changesMode)
        settingsVersion = other.settingsVersion
    }

    private mutating func adoptTimeToLive(of other: TableDefinition) {
        guard SharedSettings(of: self).timeToLive != SharedSettings(of: other).timeToLive else { return }
        timeToLive = other.timeToLive.map {
            // Which items expire is still to be listed here, whatever the state over there.
            TimeToLive(
                attributeName: $0.attributeName, status: $0.isOn ? .enabling : .disabling,
                changedMilliseconds: $0.changedMilliseconds)
        }
    }

    private mutating func adoptIndexes(of other: TableDefinition, changesMode: Bool) {
        let wanted = other.globalIndexes.filter { $0.status != .deleting }
        for place in globalIndexes.indices where globalIndexes[place].status != .deleting {
            guard let match = wanted.first(where: { $0.name == globalIndexes[place].name }) else {
                globalIndexes[place].status = .deleting
                continue
            }
            let readUnits = globalIndexes[place].throughput.readUnits
            globalIndexes[place].throughput = match.throughput
            if !changesMode { globalIndexes[place].throughput.readUnits = readUnits }
            globalIndexes[place].writeScaling = match.writeScaling
        }
        for index in wanted where self.index(named: index.name) == nil {
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
