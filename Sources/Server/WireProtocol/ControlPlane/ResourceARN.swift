import Partition
import Replication

/// The parts of an ARN, `arn:<partition>:<service>:<region>:<account>:<resource>`. Nothing but the number of parts is checked.
struct ResourceARN {
    let partition: String
    let service: String
    let region: String
    let account: String
    /// With colons, if it has any.
    let resource: String

    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn" else { return nil }
        (partition, service, region, account, resource) = (parts[1], parts[2], parts[3], parts[4], parts[5])
    }

    /// The parts of the resource between slashes, as in `table/<name>/stream/<label>`.
    var path: [String] {
        resource.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }
}

extension TableName {
    /// How long the name of a table or index may be that is made or managed, in characters.
    static let lengths = 3...lengthMax
}

extension RequestBody {
    /// `TableName`: a table's name, or its ARN in the request's region. Its faults hide those of all other members
    /// (reference `data-plane.md` 3).
    func tableName(for operation: TableOperation, _ context: RequestContext) throws(WireError) -> String {
        guard let text = try string("TableName") else {
            throw .validation("The parameter 'TableName' is required but was not present in the request")
        }
        var constraints = Constraints()
        if text.hasPrefix(TableName.arnPrefix) {
            constraints.checkLength(text, at: "tableName", 1...TableName.arnLengthMax)
            try constraints.throwIfViolated()
            return try Self.tableName(ofARN: text, for: operation, context)
        }
        constraints.checkNamePattern(text, at: "tableName")
        constraints.checkLength(text, at: "tableName", TableName.lengths)
        try constraints.throwIfViolated()
        return text
    }

    private static func tableName(
        ofARN text: String, for operation: TableOperation, _ context: RequestContext
    ) throws(WireError) -> String {
        guard let arn = ResourceARN(text), arn.service == "dynamodb" else {
            throw .validation(
                "1 validation error detected: Valid ARN format is 'arn:aws:dynamodb:region:account-id:table/table-name'"
            )
        }
        guard arn.partition == "aws" else {
            throw .validation("1 validation error detected: Invalid AWS partition in '\(text)'")
        }
        guard arn.region == context.region.name else {
            throw .validation("1 validation error detected: Invalid AWS region in '\(text)'")
        }
        let path = arn.path
        guard path.count == 2, path[0] == "table", !path[1].isEmpty else {
            throw .validation("1 validation error detected: Invalid resource type in '\(text)'")
        }
        guard arn.account == TableDefinition.account else { throw .otherAccount(operation, resource: text) }
        return path[1]
    }
}

extension WireError {
    static func tableNotFound(_ name: String) -> WireError {
        WireError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
    }

    /// No policy lets this account act on tables of other accounts.
    static func otherAccount(_ operation: TableOperation, resource: String) -> WireError {
        let action = "dynamodb:" + operation.rawValue
        return WireError(
            .accessDenied,
            "User: \(CallerIdentity.arn) is not authorized to perform: \(action) on resource: \(resource) "
                + "because no resource-based policy allows the \(action) action")
    }

    /// The table is in a state that does not allow the change. Members of a global table do not say which state.
    static func tableInUse(_ table: TableDefinition) -> WireError {
        if table.isGlobal {
            return WireError(.resourceInUse, "The resource which you are attempting to change is in use.")
        }
        let state =
            switch table.status {
            case .creating: "created"
            case .deleting: "deleted"
            case .active, .updating: "updated"
            }
        return stillInUse("Table is being \(state): \(table.name)")
    }

    static func stillInUse(_ what: String) -> WireError {
        WireError(.resourceInUse, "Attempt to change a resource which is still in use: " + what)
    }
}
