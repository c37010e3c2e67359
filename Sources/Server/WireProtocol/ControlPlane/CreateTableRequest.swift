import AttributeModel
import ChangeStream
import JSONBytes
public import Partition

/// CreateTable: everything about the new table that the request says, checked (reference `data-plane.md` 12.2).
public struct CreateTableRequest: Sendable {
    public let tableName: String
    private let keySchema: KeySchema
    private let attributeDefinitions: [KeyAttribute]
    private let billingMode: BillingMode
    private let throughput: Throughput?
    private let localIndexes: [IndexDefinition]
    private let globalIndexes: [IndexDefinition]
    private let streamViewType: StreamViewType?
    private let isProtectedFromDeletion: Bool
    private let tableClass: String?
    private let tags: [Tag]

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        tableName = try body.tableName(for: .createTable, context)
        var constraints = Constraints()
        let definitions = try body.attributeDefinitions(&constraints)
        constraints.require(definitions != nil, at: "attributeDefinitions")
        let billingMode = try body.billingMode(&constraints)
        throughput = try body.throughput(at: "provisionedThroughput", &constraints)
        let keys = try body.keySchema(at: "keySchema", elementsMax: 2, &constraints)
        let local = try body.indexes(
            "LocalSecondaryIndexes", at: "localSecondaryIndexes", keysMax: 2, &constraints)
        let global = try body.indexes(
            "GlobalSecondaryIndexes", at: "globalSecondaryIndexes", keysMax: 2 * SchemaChecks.keysOfOneRoleMax,
            &constraints)
        let stream = try body.streamSpecification(&constraints)
        try constraints.throwIfViolated()

        self.billingMode = billingMode ?? .provisioned
        try Self.checkBilling(self.billingMode, throughput)
        try SchemaChecks.checkOnDemand(try body.onDemandMaximum(), self.billingMode)
        let checks = SchemaChecks(definitions: definitions ?? [])
        try checks.checkTableKeys(keys)
        try checks.checkNoUnusedDefinitions(keys: keys, local: local, global: global)
        if let local { try checks.checkLocalIndexes(local, tableKeys: keys) }
        if let global {
            try checks.checkGlobalIndexes(
                global, localNames: (local ?? []).map(\.name), billingMode: self.billingMode)
        }
        try SchemaChecks.checkProjectedNames((local ?? []) + (global ?? []))
        streamViewType = try stream?.forNewTable()
        tableClass = try body.tableClass()
        try body.refuseForeignFeatures()
        isProtectedFromDeletion = try body.boolean("DeletionProtectionEnabled") ?? false
        tags = try body.newTableTags()

        attributeDefinitions = checks.definitions
        keySchema = checks.keySchema(keys)
        localIndexes = Self.definitions(of: local ?? [], firstOrdinal: 1, checks)
        globalIndexes = Self.definitions(of: global ?? [], firstOrdinal: 1 + localIndexes.count, checks)
    }

    /// The new table, CREATING.
    ///
    /// - Parameters:
    ///   - number: unused in the region so far.
    ///   - tableID: a new UUID.
    ///   - context: the tables as they are now.
    /// - Throws: ResourceInUseException when there is a table of that name, in whatever state.
    public func definition(
        number: TableDefinition.Number, tableID: String, context: RequestContext
    ) throws(WireError) -> TableDefinition {
        if let existing = context.catalogue.table(named: tableName) {
            throw WireError(.resourceInUse, "Table already exists: \(existing.name)")
        }
        var table = TableDefinition(
            number: number, name: tableName, region: context.region, tableID: tableID,
            createdMilliseconds: context.wallMilliseconds, status: .creating, keySchema: keySchema,
            attributeDefinitions: attributeDefinitions,
            billing: Billing(
                mode: billingMode, throughput: throughput ?? .none,
                payPerRequestMilliseconds: billingMode == .payPerRequest ? context.wallMilliseconds : nil),
            localIndexes: localIndexes, globalIndexes: globalIndexes)
        if let streamViewType {
            table.streams = [
                Stream(viewType: streamViewType, nextSequence: 1, nowMilliseconds: context.wallMilliseconds)
            ]
        }
        table.isProtectedFromDeletion = isProtectedFromDeletion
        table.tableClass = tableClass
        table.tags = tags
        return table
    }

    private static func checkBilling(_ mode: BillingMode, _ throughput: Throughput?) throws(WireError) {
        switch (mode, throughput) {
        case (.payPerRequest, _?): throw .throughputOfPayPerRequest
        case (.provisioned, nil):
            throw .invalidParameter(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
        case (.provisioned, let throughput?): try SchemaChecks.checkBounds(throughput)
        case (.payPerRequest, nil): break
        }
    }

    private static func definitions(
        of members: [IndexMember], firstOrdinal: Int, _ checks: SchemaChecks
    ) -> [IndexDefinition] {
        members.enumerated().map { offset, member in
            IndexDefinition(
                ordinal: IndexDefinition.Ordinal(firstOrdinal + offset), name: member.name,
                keySchema: checks.keySchema(member.keys), projection: member.projection,
                throughput: member.throughput ?? .none)
        }
    }
}

extension RequestBody {
    private static let tableClasses = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"]

    func tableClass() throws(WireError) -> String? {
        guard let text = try string("TableClass") else { return nil }
        guard Self.tableClasses.contains(text) else {
            throw .validation(
                "Invalid table-class parameter provided. Please try again with a valid table-class value: "
                    + "[STANDARD, STANDARD_INFREQUENT_ACCESS].")
        }
        return text
    }

    /// What would change who may do what, or tie the table to other accounts, is refused rather than silently left out.
    fileprivate func refuseForeignFeatures() throws(WireError) {
        for (name, shown) in [
            ("ResourcePolicy", "ResourcePolicy"), ("GlobalTableSourceArn", "GlobalTableSourceArn"),
            ("GlobalTableSettingsReplicationMode", "GlobalTableSettingsReplicationMode"),
        ] as [(StaticString, String)] where member(name) != nil {
            throw .unsupported(shown)
        }
    }
}

extension WireError {
    static let throughputOfPayPerRequest = WireError.invalidParameter(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")

    /// A feature of AWS that this program does not have and whose absence must not go unnoticed.
    static func unsupported(_ what: String) -> WireError {
        .invalidParameter("\(what) is not supported by Tributary")
    }
}
