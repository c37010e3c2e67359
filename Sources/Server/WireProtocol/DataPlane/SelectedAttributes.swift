import AttributeModel
import Bytes
import Expressions
import Partition

/// Which attributes a Query or Scan returns; the cases in AWS's order.
enum Select: String, RequestChoice {
    case specificAttributes = "SPECIFIC_ATTRIBUTES"
    case count = "COUNT"
    case allAttributes = "ALL_ATTRIBUTES"
    case allProjectedAttributes = "ALL_PROJECTED_ATTRIBUTES"
}

/// Select and projection of a Query or Scan (reference `data-plane.md` 8).
struct SelectedAttributes {
    let select: Select?
    /// The parameter that names attributes, if any.
    let projectionParameter: String?

    /// What the request tells by itself.
    func check(hasIndex: Bool, isQuery: Bool) throws(WireError) {
        switch select {
        case nil: return
        case .specificAttributes where projectionParameter == nil:
            throw .validation(
                (isQuery ? "1 validation error detected: " : "")
                    + "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
        case .specificAttributes: return
        case .allProjectedAttributes where !hasIndex:
            throw .validation(
                "ALL_PROJECTED_ATTRIBUTES can be used only when "
                    + (isQuery ? "Querying using an IndexName" : "scanning an index"))
        case .some(let select):
            guard let projectionParameter else { return }
            throw .validation(
                "Cannot specify the \(projectionParameter) when choosing to get \(select.rawValue)")
        }
    }

    /// Whether whole items must be read although the index holds only parts of them.
    /// - Throws: what a global index cannot give.
    func fetchesWholeItems(
        from index: IndexDefinition?, of table: TableDefinition, _ projection: ProjectionExpression?
    ) throws(WireError) -> Bool {
        guard let index, let projected = index.projectedNames(of: table) else { return false }
        let isGlobal = table.globalIndexes.contains { $0.ordinal == index.ordinal }
        if select == .allAttributes {
            guard isGlobal else { return true }
            throw .invalidParameter(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index \(index.name) "
                    + "because its projection type is not ALL")
        }
        let missing = (projection?.topLevelNames ?? []).filter { !projected.contains($0) }
        if missing.isEmpty { return false }
        guard isGlobal else { return true }
        throw .invalidParameter("Global secondary index \(index.name) does not project [\(Self.list(missing))]")
    }

    /// A filter of a Query sees what the index holds, and may ask for nothing else.
    static func checkFilter(
        _ filter: ConditionExpression?, on index: IndexDefinition?, of table: TableDefinition
    ) throws(WireError) {
        guard let filter, let index, let projected = index.projectedNames(of: table) else { return }
        let missing = filter.topLevelNames.filter { !projected.contains($0) }
        guard missing.isEmpty else {
            throw .invalidParameter(
                "Secondary index \(index.name) does not project one or more filter attributes: [\(list(missing.sorted()))]"
            )
        }
    }

    private static func list(_ names: [Text]) -> String {
        names.map(\.description).joined(separator: ", ")
    }
}
