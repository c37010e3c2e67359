public import Partition

/// A change of a table's settings, decided; applied to the definition as the region's writer then has it (`CatalogueChange.edit`).
public enum TableEdit: Sendable, Equatable {
    case deletionProtection(Bool)
    case tableClass(String)
    case billing(Billing)
    /// By the index's name; an index that is gone meanwhile is passed over.
    case indexThroughput(String, Throughput)
    /// Write units with their bookkeeping; the read units stay. Nil for the table itself.
    case writeUnits(index: String?, Throughput)
    /// Nil switches auto scaling off.
    case scaling(ScalableCapacity, AutoScaling?)
    case recovery(PointInTimeRecovery?)
    /// Adds, and replaces those with the same key.
    case addTags([Tag])
    case removeTags([String])
    case timeToLive(TimeToLive)

    /// Whether all replicas of a global table take it over (reference `global-tables.md` 3.5).
    public var isGroupWide: Bool {
        switch self {
        case .tableClass, .billing, .indexThroughput, .writeUnits, .timeToLive: true
        case .scaling(let capacity, _): capacity.access == .write
        case .deletionProtection, .recovery, .addTags, .removeTags: false
        }
    }

    /// What the other replicas of a global table take over; nil for nothing. Read capacity that differs there stays so until the read
    /// capacity here is changed.
    ///
    /// - Parameter before: the table in the region of the edit.
    public func forPeers(before: TableDefinition) -> TableEdit? {
        switch self {
        case .billing(let billing)
        where billing.mode == before.billing.mode
            && billing.throughput.readUnits == before.billing.throughput.readUnits:
            .writeUnits(index: nil, billing.throughput)
        case .indexThroughput(let name, let throughput)
        where before.index(named: name)?.throughput.readUnits == throughput.readUnits:
            .writeUnits(index: name, throughput)
        default: isGroupWide ? self : nil
        }
    }

    public func apply(to table: inout TableDefinition) {
        switch self {
        case .deletionProtection(let isProtected): table.isProtectedFromDeletion = isProtected
        case .tableClass(let name): table.tableClass = name
        case .billing(let billing):
            if table.billing.mode == .provisioned, let changed = billing.payPerRequestMilliseconds,
                billing.mode == .payPerRequest
            {
                let changes = (table.onDemandChangesMilliseconds ?? []) + [changed]
                table.onDemandChangesMilliseconds = changes.suffix(ThroughputChange.onDemandChangesPerDayMax)
            }
            table.billing = billing
        case .writeUnits(nil, let throughput): table.billing.throughput.takeWriteUnits(of: throughput)
        case .writeUnits(let name?, let throughput):
            for index in table.globalIndexes.indices where table.globalIndexes[index].name == name {
                table.globalIndexes[index].throughput.takeWriteUnits(of: throughput)
            }
        case .scaling(let capacity, let scaling): table[scaling: capacity] = scaling
        case .recovery(let recovery): table.recovery = recovery
        case .indexThroughput(let name, let throughput):
            for index in table.globalIndexes.indices where table.globalIndexes[index].name == name {
                table.globalIndexes[index].throughput = throughput
            }
        case .addTags(let tags):
            for tag in tags {
                if let index = table.tags.firstIndex(where: { $0.hasKey(tag.key) }) {
                    table.tags[index] = tag
                } else {
                    table.tags.append(tag)
                }
            }
        case .removeTags(let keys): table.tags.removeAll { tag in keys.contains { tag.hasKey($0) } }
        case .timeToLive(let timeToLive): table.timeToLive = timeToLive
        }
    }
}

extension Throughput {
    fileprivate mutating func takeWriteUnits(of other: Throughput) {
        let units = readUnits
        self = other
        readUnits = units
    }
}

extension Tag {
    /// Byte by byte: Swift's own comparison takes different spellings of a character for equal.
    func hasKey(_ other: String) -> Bool { key.utf8.elementsEqual(other.utf8) }
}
