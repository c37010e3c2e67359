import Partition

/// The tables of a region of another process, put together from what its incarnations have told one after the other.
///
/// An incarnation tells of all its tables, then of the region. Until then what the one before has told stays.
struct RemoteCatalogue: Sendable {
    /// Incarnations that are remembered.
    private static let formerMax = 16

    private(set) var region: PublishedRegion?
    private(set) var byName: [String: PublishedTable] = [:]
    /// When the region told anything last, in milliseconds since 1970.
    var heardMilliseconds: UInt64?
    private var incarnation: String?
    private var former: [String] = []
    /// By TableId: what the present incarnation has told.
    private var byID: [String: PublishedTable] = [:]
    /// By incarnation and TableId: of those that have not told of the region yet.
    private var coming: [String: [String: PublishedTable]] = [:]

    /// Whether another incarnation has followed this one already.
    func isFormer(_ incarnation: String) -> Bool { former.contains(incarnation) }

    /// Answers whether a table came or was changed.
    mutating func take(_ table: PublishedTable, incarnation: String) -> Bool {
        let id = table.definition.tableID
        guard incarnation == self.incarnation else {
            coming[incarnation, default: [:]][id] = table
            return false
        }
        let before = byID.updateValue(table, forKey: id)
        show(table)
        return before?.definition != table.definition
    }

    /// Answers whether a table went.
    mutating func forget(tableID: String) -> Bool {
        for incarnation in coming.keys { coming[incarnation]?[tableID] = nil }
        guard let table = byID.removeValue(forKey: tableID) else { return false }
        let name = table.definition.name
        guard byName[name]?.definition.tableID == tableID else { return false }
        byName[name] = nil
        for other in byID.values where other.definition.name == name { show(other) }
        return true
    }

    /// Answers whether tables came or went with a new incarnation.
    mutating func take(_ region: PublishedRegion, incarnation: String) -> Bool {
        self.region = region
        guard self.incarnation != incarnation else { return false }
        if let before = self.incarnation { former = former.suffix(Self.formerMax - 1) + [before] }
        self.incarnation = incarnation
        byID = coming.removeValue(forKey: incarnation) ?? [:]
        coming = [:]
        byName = [:]
        for table in byID.values { show(table) }
        return true
    }

    /// Of two tables with one name the one made last counts.
    private mutating func show(_ table: PublishedTable) {
        let name = table.definition.name
        if let known = byName[name], known.definition.number > table.definition.number { return }
        byName[name] = table
    }
}
