import JSONBytes
import Partition
import Replication

extension GlobalTableFacts {
    /// What DescribeGlobalTableSettings answers (reference `global-tables.md` 2).
    public func settings(ofGlobalTable name: String) throws(WireError) -> WireResponse {
        let table = try existingGlobalTable(named: name)
        return GlobalTableSettingsJSON(name: name, replicas: table.members, updating: []).response
    }
}

/// The settings of all replicas. There is no auto scaling here, and the answer says so.
struct GlobalTableSettingsJSON {
    let name: String
    let replicas: [TableDefinition]
    /// Replicas whose settings are about to change.
    let updating: [RegionName]

    var response: WireResponse {
        WireResponse.object { writer in
            writer.key("GlobalTableName")
            writer.string(name)
            writer.key("ReplicaSettings")
            writer.beginArray()
            for table in replicas.sorted(by: { $0.region < $1.region }) { append(table, to: &writer) }
            writer.endArray()
        }
    }

    private func append(_ table: TableDefinition, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("RegionName")
        writer.string(table.region.name)
        writer.key("ReplicaStatus")
        writer.string(updating.contains(table.region) ? "UPDATING" : status(table))
        appendBilling(table.billing, to: &writer)
        append(table.billing.throughput, prefix: "ReplicaProvisioned", to: &writer)
        if !table.globalIndexes.isEmpty { appendIndexes(table.globalIndexes, to: &writer) }
        if let tableClass = table.tableClass {
            writer.key("ReplicaTableClassSummary")
            writer.beginObject()
            writer.key("TableClass")
            writer.string(tableClass)
            writer.endObject()
        }
        writer.endObject()
    }

    private func status(_ table: TableDefinition) -> String {
        switch table.legacyGlobalTable?.status {
        case .joining?: "CREATING"
        case .leaving?: "DELETING"
        case .active?, nil: table.status.rawValue
        }
    }

    private func appendBilling(_ billing: Billing, to writer: inout JSONWriter) {
        guard billing.mode == .payPerRequest || billing.payPerRequestMilliseconds != nil else { return }
        writer.key("ReplicaBillingModeSummary")
        writer.beginObject()
        writer.key("BillingMode")
        writer.string(billing.mode.rawValue)
        if let changed = billing.payPerRequestMilliseconds {
            writer.key("LastUpdateToPayPerRequestDateTime")
            writer.seconds(changed)
        }
        writer.endObject()
    }

    private func append(_ throughput: Throughput, prefix: String, to writer: inout JSONWriter) {
        for (kind, units) in [("Read", throughput.readUnits), ("Write", throughput.writeUnits)] {
            writer.key("\(prefix)\(kind)CapacityUnits")
            writer.number(units)
            writer.key("\(prefix)\(kind)CapacityAutoScalingSettings")
            writer.beginObject()
            writer.key("AutoScalingDisabled")
            writer.boolean(true)
            writer.endObject()
        }
    }

    private func appendIndexes(_ indexes: [IndexDefinition], to writer: inout JSONWriter) {
        writer.key("ReplicaGlobalSecondaryIndexSettings")
        writer.beginArray()
        for index in indexes {
            writer.beginObject()
            writer.key("IndexName")
            writer.string(index.name)
            writer.key("IndexStatus")
            writer.string(index.status.rawValue)
            append(index.throughput, prefix: "Provisioned", to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }
}
