import JSONBytes
import Partition

/// The operations that only read what a region knows of its tables.
enum CatalogueReading {
    static func describeTable(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let table = try existingTable(body, .describeTable, context)
        return WireResponse.object { writer in
            writer.key("Table")
            TableDescriptionJSON(table, context: context).append(to: &writer)
        }
    }

    static func listTables(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let start = try body.string("ExclusiveStartTableName")
        let limit = try body.integer("Limit")
        var constraints = Constraints()
        constraints.checkNamePattern(start, at: "exclusiveStartTableName")
        constraints.checkLength(start, at: "exclusiveStartTableName", TableName.lengths)
        constraints.checkRange(limit, at: "limit", 1...100)
        try constraints.throwIfViolated()
        let names = context.catalogue.tables.map(\.name).filter { name in
            guard let start else { return true }
            return start.utf8.lexicographicallyPrecedes(name.utf8)
        }
        let page = names.prefix(limit ?? 100)
        return WireResponse.object { writer in
            if page.count < names.count, let last = page.last {
                writer.key("LastEvaluatedTableName")
                writer.string(last)
            }
            writer.key("TableNames")
            writer.beginArray()
            for name in page { writer.string(name) }
            writer.endArray()
        }
    }

    private static func existingTable(
        _ body: RequestBody, _ operation: TableOperation, _ context: RequestContext
    ) throws(WireError) -> TableDefinition {
        let name = try body.tableName(for: operation, context)
        guard let table = context.catalogue.table(named: name) else { throw .tableNotFound(name) }
        return table
    }
}

/// The operations that tell of the account and the endpoint.
enum AccountReading {
    /// AWS's defaults; nothing here comes near them.
    static let limits = WireResponse.object { writer in
        writer.key("AccountMaxReadCapacityUnits")
        writer.number(80_000)
        writer.key("AccountMaxWriteCapacityUnits")
        writer.number(80_000)
        writer.key("TableMaxReadCapacityUnits")
        writer.number(40_000)
        writer.key("TableMaxWriteCapacityUnits")
        writer.number(40_000)
    }

    static func endpoints(_ context: RequestContext) -> WireResponse {
        WireResponse.object { writer in
            writer.key("Endpoints")
            writer.beginArray()
            writer.beginObject()
            writer.key("Address")
            writer.string("dynamodb.\(context.region).amazonaws.com")
            writer.key("CachePeriodInMinutes")
            writer.number(1440)
            writer.endObject()
            writer.endArray()
        }
    }
}

extension WireResponse {
    /// What operations without output answer.
    static let empty = WireResponse(body: [])

    /// A successful answer: one JSON object, whose members the closure writes.
    static func object(_ writeMembers: (inout JSONWriter) -> Void) -> WireResponse {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writeMembers(&writer)
        writer.endObject()
        return WireResponse(body: writer.bytes)
    }
}
