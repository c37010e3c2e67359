import JSONBytes

/// RequestItems of the batch operations: what is asked of each table (reference `data-plane.md` 3, 9).
extension RequestBody {
    func tableRequests(
        of operation: DataOperation, _ constraints: inout Constraints
    ) throws(WireError) -> [(name: String, node: JSONDocument.Node)] {
        let entries = try entries("RequestItems") ?? []
        guard let member = member("RequestItems"), !entries.isEmpty else {
            throw .validation("The requestItems parameter is required for \(operation.rawValue)")
        }
        let names = entries.map { document.string($0.key) }
        if !names.allSatisfy(Self.canNameTable) {
            constraints.violate(
                ShownValue.text(document, member), at: "requestItems",
                "Map keys must satisfy constraint: [Member must have length less than or equal to \(TableName.lengthMax), "
                    + "Member must have length greater than or equal to 1, "
                    + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]")
        }
        return zip(names, entries).map { ($0, $1.value) }
    }

    private static func canNameTable(_ text: String) -> Bool {
        var constraints = Constraints()
        constraints.checkTable(text, at: "")
        return !constraints.hasViolations
    }
}
