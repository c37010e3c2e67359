import AttributeModel
import Bytes
import Partition

/// The rules for key schemas and indexes, in the order in which AWS checks them (reference `data-plane.md` 12.2 and 13).
struct SchemaChecks {
    static let localIndexesMax = 5
    static let globalIndexesMax = 20
    /// Hash attributes of a global index, and range attributes of a global index.
    static let keysOfOneRoleMax = 4
    /// Names in `NonKeyAttributes` of all indexes of a table together.
    static let projectedNamesMax = 100
    static let capacityUnitsMax = 1_000_000_000_000

    let definitions: [KeyAttribute]

    private var definedNames: [Text] { definitions.map(\.name) }

    // MARK: - Tables

    func checkNoDuplicateDefinitions() throws(WireError) {
        var seen: Set<Text> = []
        for definition in definitions where !seen.insert(definition.name).inserted {
            throw .validation("Attribute Name is duplicated: \(definition.name)")
        }
    }

    func checkTableKeys(_ keys: [KeyElement]) throws(WireError) {
        if keys.count > definitions.count {
            throw .validation("Invalid KeySchema: Some index key attribute have no definition")
        }
        try checkNoDuplicateDefinitions()
        try checkDefined(keys)
        try checkPair(keys)
    }

    /// Every definition must be a key of the table or of an index.
    func checkNoUnusedDefinitions(
        keys: [KeyElement], local: [IndexMember]?, global: [IndexMember]?
    ) throws(WireError) {
        if local == nil, global == nil {
            if keys.count == definitions.count { return }
            throw .invalidParameter(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in "
                    + "AttributeDefinitions")
        }
        var used: [Text] = []
        for key in keys + ((local ?? []) + (global ?? [])).flatMap(\.keys) where !used.contains(key.name) {
            used.append(key.name)
        }
        if definedNames.allSatisfy({ used.contains($0) }) { return }
        throw .invalidParameter(
            "Some AttributeDefinitions are not used. AttributeDefinitions: \(list(definedNames)), keys used: \(list(used))"
        )
    }

    // MARK: - Indexes

    func checkLocalIndexes(_ indexes: [IndexMember], tableKeys: [KeyElement]) throws(WireError) {
        if indexes.isEmpty { throw .invalidParameter("List of LocalSecondaryIndexes is empty") }
        guard tableKeys.count == 2 else {
            throw .invalidParameter(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
        }
        var names: Set<String> = []
        for index in indexes {
            try checkDefined(index.keys)
            try checkPair(index.keys)
            guard index.keys.count == 2 else {
                throw .invalidParameter("Index KeySchema does not have a range key for index: \(index.name)")
            }
            guard index.keys[0].name == tableKeys[0].name else {
                throw .invalidParameter(
                    "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                        + "\(index.name). index hash key: \(index.keys[0].name), table hash key: \(tableKeys[0].name)")
            }
            try checkProjection(index)
            try checkUnique(index.name, &names)
        }
        if indexes.count > Self.localIndexesMax {
            throw .invalidParameter(
                "Number of LocalSecondaryIndexes exceeds per-table limit of \(Self.localIndexesMax)")
        }
    }

    /// - Parameter localNames: both kinds of indexes share one name space.
    func checkGlobalIndexes(
        _ indexes: [IndexMember], localNames: [String], billingMode: BillingMode
    ) throws(WireError) {
        if indexes.isEmpty { throw .invalidParameter("List of GlobalSecondaryIndexes is empty") }
        var names = Set(localNames)
        for index in indexes {
            try checkGlobalIndex(index)
            switch (billingMode, index.throughput) {
            case (.payPerRequest, _?):
                throw .invalidParameter(
                    "ProvisionedThroughput should not be specified for index: \(index.name) when BillingMode is "
                        + "PAY_PER_REQUEST")
            case (.provisioned, nil):
                throw .invalidParameter("ProvisionedThroughput is not specified for index: \(index.name)")
            case (.provisioned, let throughput?): try Self.checkBounds(throughput, ofIndex: index.name)
            case (.payPerRequest, nil): break
            }
            try Self.checkOnDemand(index.onDemandMaximum, billingMode, ofIndex: index.name)
            try checkUnique(index.name, &names)
        }
        if indexes.count > Self.globalIndexesMax {
            throw .invalidParameter(
                "GlobalSecondaryIndex count exceeds the per-table limit of \(Self.globalIndexesMax)")
        }
    }

    /// Keys and projection, without regard to the table.
    func checkGlobalIndex(_ index: IndexMember) throws(WireError) {
        try checkDefined(index.keys)
        try checkGlobalKeys(index.keys)
        try checkProjection(index)
    }

    static func checkProjectedNames(_ indexes: [IndexMember]) throws(WireError) {
        let count = indexes.reduce(0) { $0 + ($1.nonKeyAttributes?.count ?? 0) }
        if count > projectedNamesMax {
            throw .invalidParameter(
                "Number of NonKeyAttributes of all indexes exceeds per-table limit of \(projectedNamesMax)")
        }
    }

    // MARK: - Throughput

    static func checkBounds(_ throughput: Throughput, ofIndex index: String? = nil) throws(WireError) {
        let suffix = index.map { " for index \($0)" } ?? ""
        if throughput.readUnits > capacityUnitsMax {
            throw .validation("Given value \(throughput.readUnits) for ReadCapacityUnits is out of bounds\(suffix)")
        }
        if throughput.writeUnits > capacityUnitsMax {
            throw .validation("Given value \(throughput.writeUnits) for WriteCapacityUnits is out of bounds\(suffix)")
        }
    }

    /// -1 takes a limit away.
    static func checkOnDemand(
        _ maximum: OnDemandMaximum?, _ billingMode: BillingMode, ofIndex index: String? = nil
    ) throws(WireError) {
        guard let maximum else { return }
        let limits = [("MaxReadRequestUnits", maximum.readUnits), ("MaxWriteRequestUnits", maximum.writeUnits)]
        for case (let name, let units?) in limits {
            if billingMode == .provisioned {
                let subject = index.map { "for index : \($0) " } ?? ""
                throw .invalidParameter(
                    "\(name) for OnDemandThroughput \(subject)cannot be specified when the table BillingMode is PROVISIONED"
                )
            }
            if units < 1, units != -1 {
                let subject = index.map { "index : \($0)" } ?? "table"
                throw .invalidParameter(
                    "Requested \(name) for OnDemandThroughput for \(subject) is outside of valid range")
            }
        }
    }

    // MARK: - Building

    /// The checked keys with their types. All keys must be defined.
    func keySchema(_ keys: [KeyElement]) -> KeySchema {
        KeySchema(partitionKeys: attributes(keys, .hash), sortKeys: attributes(keys, .range))
    }

    private func attributes(_ keys: [KeyElement], _ role: KeyElement.Role) -> [KeyAttribute] {
        keys.filter { $0.role == role }.compactMap { key in definitions.first { $0.name == key.name } }
    }

    // MARK: - Parts

    private func checkDefined(_ keys: [KeyElement]) throws(WireError) {
        if keys.allSatisfy({ key in definedNames.contains(key.name) }) { return }
        throw .invalidParameter(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: \(list(keys.map(\.name))), "
                + "AttributeDefinitions: \(list(definedNames))")
    }

    /// Keys of tables and local indexes: a hash key and perhaps a range key.
    private func checkPair(_ keys: [KeyElement]) throws(WireError) {
        if keys.count > 1, keys[0].name == keys[1].name { throw Self.sameName }
        if keys[0].role != .hash { throw Self.firstIsNoHash }
        if keys.count > 1, keys[1].role != .range {
            throw .validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
        }
    }

    private func checkGlobalKeys(_ keys: [KeyElement]) throws(WireError) {
        if keys.count == 2, keys[0].name == keys[1].name { throw Self.sameName }
        if Set(keys.map(\.name)).count < keys.count {
            throw .validation("The KeySchema contains multiple key attributes with the same name")
        }
        if keys[0].role != .hash { throw Self.firstIsNoHash }
        let hashCount = keys.prefix { $0.role == .hash }.count
        if keys.dropFirst(hashCount).contains(where: { $0.role == .hash }) {
            throw .invalidParameter("All HASH key attributes must precede RANGE key attributes in the KeySchema")
        }
        for (role, count) in [("HASH", hashCount), ("RANGE", keys.count - hashCount)]
        where count > Self.keysOfOneRoleMax {
            throw .invalidParameter("The KeySchema exceeds the maximum allowed number of \(role) key attributes")
        }
    }

    private func checkProjection(_ index: IndexMember) throws(WireError) {
        guard let type = index.projectionType else { throw .invalidParameter("Unknown ProjectionType: null") }
        switch (type, index.nonKeyAttributes) {
        case ("INCLUDE", nil):
            throw .invalidParameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
        case ("INCLUDE", let names?):
            var seen: Set<Text> = []
            for name in names where !seen.insert(name).inserted {
                throw .invalidParameter("Duplicate element in NonKeyAttributes: \(name)")
            }
        case (_, _?): throw .invalidParameter("ProjectionType is \(type), but NonKeyAttributes is specified")
        case (_, nil): break
        }
    }

    private func checkUnique(_ name: String, _ names: inout Set<String>) throws(WireError) {
        if !names.insert(name).inserted { throw .invalidParameter("Duplicate index name: \(name)") }
    }

    private func list(_ names: [Text]) -> String {
        "[" + names.map(\.description).joined(separator: ", ") + "]"
    }

    private static let sameName = WireError.validation(
        "Both the Hash Key and the Range Key element in the KeySchema have the same name")
    private static let firstIsNoHash = WireError.validation(
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
}

extension IndexMember {
    var projection: IndexDefinition.Projection {
        switch projectionType {
        case "INCLUDE": .include(nonKeyAttributes ?? [])
        case "KEYS_ONLY": .keysOnly
        default: .all
        }
    }
}
