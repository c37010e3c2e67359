import JSONBytes
import Partition
import Replication

/// ListGlobalTables.
public struct ListGlobalTablesRequest: Sendable, Equatable {
    /// Global tables of one answer, unless the request wants another number.
    private static let limitDefault = 100

    private let start: String?
    private let limit: Int
    private let regionName: String?

    init(_ body: RequestBody) throws(WireError) {
        start = try body.string("ExclusiveStartGlobalTableName")
        regionName = try body.string("RegionName")
        let limit = try body.integer("Limit")
        var constraints = Constraints()
        constraints.checkNamePattern(start, at: "exclusiveStartGlobalTableName")
        constraints.checkLength(start, at: "exclusiveStartGlobalTableName", TableName.lengths)
        constraints.checkRange(limit, at: "limit", 1...Int.max)
        try constraints.throwIfViolated()
        self.limit = limit ?? Self.limitDefault
    }

    public func answer(_ facts: GlobalTableFacts) throws(WireError) -> WireResponse {
        var tables = facts.globalTables
        if let start { tables.removeAll { !start.utf8.lexicographicallyPrecedes($0.name.utf8) } }
        if let regionName {
            let region = try facts.region(named: regionName)
            tables.removeAll { $0.table(in: region) == nil }
        }
        let page = tables.prefix(limit)
        let isCut = page.count < tables.count
        return WireResponse.object { writer in
            writer.key("GlobalTables")
            writer.beginArray()
            for table in page {
                writer.beginObject()
                writer.key("GlobalTableName")
                writer.string(table.name)
                table.appendReplicationGroup(to: &writer)
                writer.endObject()
            }
            writer.endArray()
            if isCut, let last = page.last {
                writer.key("LastEvaluatedGlobalTableName")
                writer.string(last.name)
            }
        }
    }
}

extension GlobalTableFacts {
    /// What CreateGlobalTable, UpdateGlobalTable and DescribeGlobalTable answer.
    public func description(ofGlobalTable name: String) throws(WireError) -> WireResponse {
        let table = try existingGlobalTable(named: name)
        return WireResponse.object { writer in
            writer.key("GlobalTableDescription")
            writer.beginObject()
            table.appendReplicationGroup(to: &writer)
            writer.key("GlobalTableArn")
            writer.string("arn:aws:dynamodb::\(TableDefinition.account):global-table/\(name)")
            writer.key("CreationDateTime")
            writer.seconds(table.createdMilliseconds)
            writer.key("GlobalTableStatus")
            writer.string(table.status.rawValue)
            writer.key("GlobalTableName")
            writer.string(name)
            writer.endObject()
        }
    }
}

extension GlobalTable {
    fileprivate func appendReplicationGroup(to writer: inout JSONWriter) {
        writer.key("ReplicationGroup")
        writer.beginArray()
        for table in members {
            writer.beginObject()
            writer.key("RegionName")
            writer.string(table.region.name)
            writer.endObject()
        }
        writer.endArray()
    }
}
