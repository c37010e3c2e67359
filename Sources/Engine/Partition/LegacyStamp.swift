import AttributeModel
public import Bytes
import ChangeStream
import Replication

/// The attributes that a global table of version 2017.11.29 keeps in each item: when and where it was last written, and whether it is being
/// deleted (reference `global-tables.md` 2). What clients write into them is overwritten.
///
/// The stamp is a function of the item's version. So a record tells by itself whether its item is stamped, and a link carries only those.
public struct LegacyStamp: Sendable, Equatable {
    public static let updateTimeName: Text = "aws:rep:updatetime"
    public static let updateRegionName: Text = "aws:rep:updateregion"
    public static let deletingName: Text = "aws:rep:deleting"
    public static let names = [updateTimeName, updateRegionName, deletingName]

    private let updateTime: AttributeValue
    private let updateRegion: AttributeValue

    /// The stamp of the write that made this version: seconds since 1970 with six decimals, of which the last three are always 001.
    init(_ version: Version) {
        updateTime = .number(DecimalNumber(millionths: Int(version.timestamp.milliseconds) * 1000 + 1))
        updateRegion = .string(Text(version.region.name))
    }

    func applied(to item: Item) -> Item {
        var attributes = item.attributes
        attributes[Self.updateTimeName] = updateTime
        attributes[Self.updateRegionName] = updateRegion
        attributes[Self.deletingName] = .boolean(false)
        return Item(attributes)
    }

    func isOn(_ item: Item) -> Bool {
        item.value(of: Self.updateTimeName) == updateTime && item.value(of: Self.updateRegionName) == updateRegion
            && item.value(of: Self.deletingName) == .boolean(false)
    }

    /// The item while its deletion arrives from another region.
    static func markingDeletion(of item: Item) -> Item {
        var attributes = item.attributes
        attributes[deletingName] = .boolean(true)
        return Item(attributes)
    }

    /// The item with a stamp that is as large as any: items must leave room for it.
    static func largest(in region: RegionName, on item: Item) -> Item {
        let end = HybridTimestamp(rawValue: .max)
        return LegacyStamp(Version(timestamp: end, region: region)).applied(to: item)
    }
}

extension ReplicatedChange {
    /// Whether other replicas of a global table of version 2017.11.29 get the change: not a client's write as it came, which the stamped
    /// item follows, and nothing that expired, because each region sweeps for itself (reference `global-tables.md` 2 and 7).
    public var travelsFromLegacyGlobalTable: Bool {
        guard let item else { return cause != .ttl }
        return LegacyStamp(version).isOn(item)
    }
}
