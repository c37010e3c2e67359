import AttributeModel
import Bytes
import ChangeStream
public import JSONBytes
public import Partition
import Replication

/// Writes a table as AWS describes it (reference `data-plane.md` 12.1, `global-tables.md` 3.4).
public struct TableDescriptionJSON: Sendable {
    private static let onDemandWarm = Throughput(readUnits: 12_000, writeUnits: 4_000)

    private let table: TableDefinition
    private let counters: TableCounters
    private let status: TableStatus
    private let nowMilliseconds: UInt64
    /// The other replicas, as they are in their regions.
    private let replicas: [RegionName: TableDefinition]

    /// - Parameter status: what the description shows instead of the table's own status.
    public init(_ table: TableDefinition, context: RequestContext, showing status: TableStatus? = nil) {
        self.table = table
        counters = context.counters(table.number)
        self.status = status ?? table.status
        nowMilliseconds = context.wallMilliseconds
        replicas = table.isGlobal ? context.replicas(table.name) : [:]
    }

    public func append(to writer: inout JSONWriter) {
        writer.beginObject()
        appendIdentity(to: &writer)
        appendKeys(to: &writer)
        appendBilling(to: &writer)
        appendLocalIndexes(to: &writer)
        appendGlobalIndexes(to: &writer)
        appendStream(to: &writer)
        appendReplicas(to: &writer)
        writer.endObject()
    }

    private func appendIdentity(to writer: inout JSONWriter) {
        writer.key("TableName")
        writer.string(table.name)
        writer.key("TableStatus")
        writer.string(status.rawValue)
        writer.key("CreationDateTime")
        writer.seconds(table.createdMilliseconds)
        writer.key("TableArn")
        writer.string(table.arn)
        writer.key("TableId")
        writer.string(table.tableID)
        writer.key("TableSizeBytes")
        writer.number(Int(clamping: counters.itemBytes))
        writer.key("ItemCount")
        writer.number(Int(clamping: counters.itemCount))
        writer.key("DeletionProtectionEnabled")
        writer.boolean(table.isProtectedFromDeletion)
        if let tableClass = table.tableClass {
            writer.key("TableClassSummary")
            writer.beginObject()
            writer.key("TableClass")
            writer.string(tableClass)
            writer.endObject()
        }
    }

    private func appendKeys(to writer: inout JSONWriter) {
        writer.key("KeySchema")
        table.keySchema.appendJSON(to: &writer)
        // Definitions that an index left behind are gone for the reader.
        let used = Set(([table.keySchema] + table.indexes.map(\.keySchema)).flatMap(\.attributes).map(\.name))
        writer.key("AttributeDefinitions")
        writer.beginArray()
        for definition in table.attributeDefinitions where used.contains(definition.name) {
            writer.beginObject()
            writer.key("AttributeName")
            writer.text(definition.name)
            writer.key("AttributeType")
            writer.string(definition.type.rawValue)
            writer.endObject()
        }
        writer.endArray()
    }

    // MARK: - Capacity

    private func appendBilling(to writer: inout JSONWriter) {
        writer.key("ProvisionedThroughput")
        append(table.billing.throughput, to: &writer)
        if table.billing.mode == .payPerRequest || table.billing.payPerRequestMilliseconds != nil {
            writer.key("BillingModeSummary")
            writer.beginObject()
            writer.key("BillingMode")
            writer.string(table.billing.mode.rawValue)
            if let changed = table.billing.payPerRequestMilliseconds {
                writer.key("LastUpdateToPayPerRequestDateTime")
                writer.seconds(changed)
            }
            writer.endObject()
        }
        if status != .creating { appendWarm(table.billing.throughput, to: &writer) }
    }

    private func append(_ throughput: Throughput, to writer: inout JSONWriter) {
        writer.beginObject()
        if let increased = throughput.increasedMilliseconds {
            writer.key("LastIncreaseDateTime")
            writer.seconds(increased)
        }
        if let decreased = throughput.decreasedMilliseconds {
            writer.key("LastDecreaseDateTime")
            writer.seconds(decreased)
        }
        writer.key("NumberOfDecreasesToday")
        writer.number(throughput.decreases(onDayOf: nowMilliseconds))
        writer.key("ReadCapacityUnits")
        writer.number(throughput.readUnits)
        writer.key("WriteCapacityUnits")
        writer.number(throughput.writeUnits)
        writer.endObject()
    }

    private func appendWarm(_ provisioned: Throughput, to writer: inout JSONWriter) {
        let warm = table.billing.mode == .payPerRequest ? Self.onDemandWarm : provisioned
        writer.key("WarmThroughput")
        writer.beginObject()
        writer.key("ReadUnitsPerSecond")
        writer.number(warm.readUnits)
        writer.key("WriteUnitsPerSecond")
        writer.number(warm.writeUnits)
        writer.key("Status")
        writer.string("ACTIVE")
        writer.endObject()
    }

    // MARK: - Indexes

    private func appendLocalIndexes(to writer: inout JSONWriter) {
        if table.localIndexes.isEmpty { return }
        writer.key("LocalSecondaryIndexes")
        writer.beginArray()
        for index in table.localIndexes {
            writer.beginObject()
            appendIndex(index, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private func appendGlobalIndexes(to writer: inout JSONWriter) {
        if table.globalIndexes.isEmpty { return }
        writer.key("GlobalSecondaryIndexes")
        writer.beginArray()
        for index in table.globalIndexes {
            writer.beginObject()
            appendIndex(index, to: &writer)
            writer.key("IndexStatus")
            // Indexes that come with the table become active with it.
            writer.string(status == .creating ? status.rawValue : index.status.rawValue)
            if index.status == .creating {
                writer.key("Backfilling")
                writer.boolean(true)
            }
            writer.key("ProvisionedThroughput")
            append(index.throughput, to: &writer)
            if status != .creating { appendWarm(index.throughput, to: &writer) }
            writer.endObject()
        }
        writer.endArray()
    }

    /// Sizes of indexes are not counted; AWS too shows zeros until hours after an index was made.
    private func appendIndex(_ index: IndexDefinition, to writer: inout JSONWriter) {
        writer.key("IndexName")
        writer.string(index.name)
        writer.key("IndexArn")
        writer.string(table.indexARN(index.name))
        writer.key("KeySchema")
        index.keySchema.appendJSON(to: &writer)
        writer.key("Projection")
        writer.beginObject()
        writer.key("ProjectionType")
        switch index.projection {
        case .all: writer.string("ALL")
        case .keysOnly: writer.string("KEYS_ONLY")
        case .include(let names):
            writer.string("INCLUDE")
            writer.key("NonKeyAttributes")
            writer.beginArray()
            for name in names { writer.text(name) }
            writer.endArray()
        }
        writer.endObject()
        writer.key("IndexSizeBytes")
        writer.number(0)
        writer.key("ItemCount")
        writer.number(0)
    }

    // MARK: - Stream and replicas

    /// Label and ARN stay when the stream is switched off; the specification goes.
    private func appendStream(to writer: inout JSONWriter) {
        guard let stream = table.streams.last else { return }
        if stream.isEnabled {
            writer.key("StreamSpecification")
            writer.beginObject()
            writer.key("StreamEnabled")
            writer.boolean(true)
            writer.key("StreamViewType")
            writer.string(stream.viewType.rawValue)
            writer.endObject()
        }
        writer.key("LatestStreamLabel")
        writer.string(stream.label)
        writer.key("LatestStreamArn")
        writer.string(table.streamARN(stream))
    }

    /// The other regions' replicas; the region that is asked does not list its own. Those of version 2017.11.29 do not show here.
    private func appendReplicas(to writer: inout JSONWriter) {
        if !table.isGlobal || table.isLegacyGlobal { return }
        writer.key("GlobalTableVersion")
        writer.string("2019.11.21")
        writer.key("Replicas")
        writer.beginArray()
        for peer in table.peers {
            writer.beginObject()
            writer.key("RegionName")
            writer.string(peer.region.name)
            writer.key("ReplicaStatus")
            writer.string(peer.status.rawValue)
            writer.key("ReplicaArn")
            writer.string("arn:aws:dynamodb:\(peer.region):\(TableDefinition.account):table/\(table.name)")
            writer.key("GlobalTableSettingsReplicationMode")
            writer.string("ENABLED_WITH_OVERRIDES")
            let replica = replicas[peer.region] ?? table
            appendOverrides(of: replica, to: &writer)
            appendWarm(replica.billing.throughput, to: &writer)
            if !table.globalIndexes.isEmpty { appendIndexes(of: replica, to: &writer) }
            writer.endObject()
        }
        writer.endArray()
    }

    /// Settings of a replica that differ from those here.
    private func appendOverrides(of replica: TableDefinition, to writer: inout JSONWriter) {
        appendOverride(replica.billing.throughput, than: table.billing.throughput, to: &writer)
        if let tableClass = replica.tableClass, tableClass != table.tableClass {
            writer.key("ReplicaTableClassSummary")
            writer.beginObject()
            writer.key("TableClass")
            writer.string(tableClass)
            writer.endObject()
        }
    }

    private func appendOverride(_ replica: Throughput, than own: Throughput, to writer: inout JSONWriter) {
        guard replica.readUnits != own.readUnits, replica.readUnits > 0 else { return }
        writer.key("ProvisionedThroughputOverride")
        writer.beginObject()
        writer.key("ReadCapacityUnits")
        writer.number(replica.readUnits)
        writer.endObject()
    }

    private func appendIndexes(of replica: TableDefinition, to writer: inout JSONWriter) {
        writer.key("GlobalSecondaryIndexes")
        writer.beginArray()
        for index in table.globalIndexes {
            writer.beginObject()
            writer.key("IndexName")
            writer.string(index.name)
            let throughput = replica.index(named: index.name)?.throughput ?? index.throughput
            appendOverride(throughput, than: index.throughput, to: &writer)
            appendWarm(throughput, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }
}

extension WireResponse {
    /// What CreateTable, UpdateTable and DeleteTable answer: `{"TableDescription":{…}}`.
    ///
    /// - Parameter status: CREATING, UPDATING or DELETING, as the operation is.
    public static func tableDescription(
        _ table: TableDefinition, showing status: TableStatus, context: RequestContext
    ) -> WireResponse {
        .object { writer in
            writer.key("TableDescription")
            TableDescriptionJSON(table, context: context, showing: status).append(to: &writer)
        }
    }
}

extension KeySchema {
    func appendJSON(to writer: inout JSONWriter) {
        writer.beginArray()
        for attribute in partitionKeys { Self.append(attribute, "HASH", to: &writer) }
        for attribute in sortKeys { Self.append(attribute, "RANGE", to: &writer) }
        writer.endArray()
    }

    private static func append(_ attribute: KeyAttribute, _ role: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("AttributeName")
        writer.text(attribute.name)
        writer.key("KeyType")
        writer.string(role)
        writer.endObject()
    }
}

extension JSONWriter {
    mutating func text(_ text: Text) {
        text.utf8.withUnsafeBytes { string(utf8: $0) }
    }

    /// A time as AWS writes it: seconds since 1970 with milliseconds behind the point.
    mutating func seconds(_ milliseconds: UInt64) {
        number(Double(milliseconds) / 1000)
    }
}
