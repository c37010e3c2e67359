import AttributeModel
import Bytes
import JSONBytes
import Partition

/// One element of a `KeySchema`, as sent.
struct KeyElement: Sendable, Equatable {
    enum Role: String, Sendable, CaseIterable {
        case hash = "HASH"
        case range = "RANGE"
    }

    let name: Text
    let role: Role
}

/// A secondary index as CreateTable and UpdateTable describe it, read but not yet checked for sense.
struct IndexMember: Sendable, Equatable {
    let name: String
    let keys: [KeyElement]
    let projectionType: String?
    let nonKeyAttributes: [Text]?
    let throughput: Throughput?
    let onDemandMaximum: OnDemandMaximum?
}

/// Limits of on-demand throughput. They are checked and then have no effect: nothing here throttles.
struct OnDemandMaximum: Sendable, Equatable {
    let readUnits: Int?
    let writeUnits: Int?
}

/// Reading of the members that describe tables. Violated constraints are collected; what the functions return counts only when there are
/// none (`Constraints.throwIfViolated`).
extension RequestBody {
    static let projectionTypes = ["ALL", "INCLUDE", "KEYS_ONLY"]
    /// The longest name of a key attribute or of an attribute in `NonKeyAttributes`, in characters.
    static let attributeNameLengthMax = 255

    func billingMode(_ constraints: inout Constraints) throws(WireError) -> BillingMode? {
        guard let text = try string("BillingMode") else { return nil }
        constraints.checkEnum(text, at: "billingMode", ["PROVISIONED", "PAY_PER_REQUEST"])
        return BillingMode(rawValue: text)
    }

    func throughput(at path: String, _ constraints: inout Constraints) throws(WireError) -> Throughput? {
        guard let member = try object("ProvisionedThroughput") else { return nil }
        let writeUnits = try member.integer("WriteCapacityUnits")
        let readUnits = try member.integer("ReadCapacityUnits")
        constraints.require(writeUnits != nil, at: path + ".writeCapacityUnits")
        constraints.checkRange(writeUnits, at: path + ".writeCapacityUnits", 1...Int.max)
        constraints.require(readUnits != nil, at: path + ".readCapacityUnits")
        constraints.checkRange(readUnits, at: path + ".readCapacityUnits", 1...Int.max)
        return Throughput(readUnits: readUnits ?? 0, writeUnits: writeUnits ?? 0)
    }

    func onDemandMaximum() throws(WireError) -> OnDemandMaximum? {
        guard let member = try object("OnDemandThroughput") else { return nil }
        return OnDemandMaximum(
            readUnits: try member.integer("MaxReadRequestUnits"), writeUnits: try member.integer("MaxWriteRequestUnits")
        )
    }

    func attributeDefinitions(_ constraints: inout Constraints) throws(WireError) -> [KeyAttribute]? {
        guard let members = try objects("AttributeDefinitions") else { return nil }
        var definitions: [KeyAttribute] = []
        for (index, member) in members.enumerated() {
            let path = "attributeDefinitions.\(index + 1).member"
            let name = try member.attributeName(at: path, &constraints)
            let type = try member.string("AttributeType")
            constraints.require(type != nil, at: path + ".attributeType")
            constraints.checkEnum(type, at: path + ".attributeType", ["B", "N", "S"])
            definitions.append(KeyAttribute(name: name, type: type.flatMap(KeyType.init(rawValue:)) ?? .string))
        }
        return definitions
    }

    /// - Parameter elementsMax: 2 for tables and local indexes.
    func keySchema(
        at path: String, elementsMax: Int, _ constraints: inout Constraints
    ) throws(WireError) -> [KeyElement] {
        guard let members = try objects("KeySchema") else {
            constraints.require(false, at: path)
            return []
        }
        var shown: [String] = []
        for member in members {
            let name = try member.string("AttributeName") ?? "null"
            let type = try member.string("KeyType") ?? "null"
            shown.append("KeySchemaElement(attributeName=\(name), keyType=\(type))")
        }
        constraints.checkCount(
            members.count, shown: "[" + shown.joined(separator: ", ") + "]", at: path, 1...elementsMax)
        var elements: [KeyElement] = []
        for (index, member) in members.enumerated() {
            let elementPath = "\(path).\(index + 1).member"
            let name = try member.attributeName(at: elementPath, &constraints)
            let type = try member.string("KeyType")
            constraints.require(type != nil, at: elementPath + ".keyType")
            constraints.checkEnum(type, at: elementPath + ".keyType", KeyElement.Role.allCases.map(\.rawValue))
            elements.append(KeyElement(name: name, role: type.flatMap(KeyElement.Role.init(rawValue:)) ?? .hash))
        }
        return elements
    }

    func indexes(
        _ name: StaticString, at path: String, keysMax: Int, _ constraints: inout Constraints
    ) throws(WireError) -> [IndexMember]? {
        guard let members = try objects(name) else { return nil }
        var indexes: [IndexMember] = []
        for (index, member) in members.enumerated() {
            indexes.append(try member.index(at: "\(path).\(index + 1).member", keysMax: keysMax, &constraints))
        }
        return indexes
    }

    /// This object as a whole: an index.
    func index(at path: String, keysMax: Int, _ constraints: inout Constraints) throws(WireError) -> IndexMember {
        let name = try indexName(at: path, &constraints)
        let keys = try keySchema(at: path + ".keySchema", elementsMax: keysMax, &constraints)
        let projection = try object("Projection")
        constraints.require(projection != nil, at: path + ".projection")
        let projectionType = try projection?.string("ProjectionType")
        constraints.checkEnum(projectionType, at: path + ".projection.projectionType", Self.projectionTypes)
        let names = try projection?.strings("NonKeyAttributes")
        if let names {
            let namesPath = path + ".projection.nonKeyAttributes"
            constraints.checkCount(
                names.count, shown: "[" + names.joined(separator: ", ") + "]", at: namesPath, 1...20)
            for (index, name) in names.enumerated() {
                constraints.checkLength(name, at: "\(namesPath).\(index + 1).member", 1...Self.attributeNameLengthMax)
            }
        }
        return IndexMember(
            name: name, keys: keys, projectionType: projectionType, nonKeyAttributes: names?.map { Text($0) },
            throughput: try throughput(at: path + ".provisionedThroughput", &constraints),
            onDemandMaximum: try onDemandMaximum())
    }

    func indexName(at path: String, _ constraints: inout Constraints) throws(WireError) -> String {
        let name = try string("IndexName")
        constraints.require(name != nil, at: path + ".indexName")
        constraints.checkNamePattern(name, at: path + ".indexName")
        constraints.checkLength(name, at: path + ".indexName", TableName.lengths)
        return name ?? ""
    }

    private func attributeName(at path: String, _ constraints: inout Constraints) throws(WireError) -> Text {
        let name = try string("AttributeName")
        constraints.require(name != nil, at: path + ".attributeName")
        constraints.checkLength(name, at: path + ".attributeName", 1...Self.attributeNameLengthMax)
        return Text(name ?? "")
    }
}
