public import Partition

/// DeleteTable (reference `data-plane.md` 12.1, `global-tables.md` 3.2 and 3.4).
public struct DeleteTableRequest: Sendable, Equatable {
    public let tableName: String

    public enum Decision: Sendable, Equatable {
        /// Delete the table; when it is a replica of a global table, the others forget it and carry on.
        case delete
        /// It is on its way already: the same answer, and nothing to do.
        case alreadyDeleting
    }

    /// - Parameters:
    ///   - current: the table of that name in the request's region, as it is now.
    ///   - facts: the other regions, as they are now.
    public func decide(
        current: TableDefinition?, facts: ReplicaFacts, context: RequestContext
    ) throws(WireError) -> Decision {
        guard let current else { throw .tableNotFound(tableName) }
        if current.status == .deleting { return .alreadyDeleting }
        if current.isProtectedFromDeletion {
            throw .validation(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
            )
        }
        if facts.isRecentSource(current.region, of: current, nowMilliseconds: context.wallMilliseconds) {
            throw .recentSource
        }
        let isSettled = current.legacyGlobalTable.map { $0.status == .active } ?? true
        guard current.status == .active, isSettled else { throw .tableInUse(current) }
        if current.globalIndexes.contains(where: { $0.status != .active }) {
            throw .stillInUse("Cannot delete table while indexes are being created, updated, or deleted.")
        }
        return .delete
    }
}
