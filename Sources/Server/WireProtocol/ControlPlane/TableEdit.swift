public import Partition

/// A change of a table's settings, decided; applied to the definition as the region's writer then has it (`CatalogueChange.edit`).
public enum TableEdit: Sendable, Equatable {
    case deletionProtection(Bool)
    case tableClass(String)
    case billing(Billing)
    /// By the index's name; an index that is gone meanwhile is passed over.
    case indexThroughput(String, Throughput)
    /// Adds, and replaces those with the same key.
    case addTags([Tag])
    case removeTags([String])
    case timeToLive(TimeToLive)

    /// Whether all replicas of a global table take it over (reference `global-tables.md` 3.5).
    public var isGroupWide: Bool {
        switch self {
        case .tableClass, .billing, .indexThroughput, .timeToLive: true
        case .deletionProtection, .addTags, .removeTags: false
        }
    }

    public func apply(to table: inout TableDefinition) {
        switch self {
        case .deletionProtection(let isProtected): table.isProtectedFromDeletion = isProtected
        case .tableClass(let name): table.tableClass = name
        case .billing(let billing): table.billing = billing
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

extension Tag {
    /// Byte by byte: Swift's own comparison takes different spellings of a character for equal.
    func hasKey(_ other: String) -> Bool { key.utf8.elementsEqual(other.utf8) }
}
