import AttributeModel
import Bytes
import Expressions
import KeyValueStore
import Partition
import Replication

/// Tables, items and expressions of the simulation. Every written item has a number that no other write has: `u`.
struct Workload {
    static let tables = ["accounts", "ledger"]
    static let keySchema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
    static let expiryAttribute: Text = "t"
    private static let groups: [Text] = ["a", "b", "c"]

    private let missing: ConditionExpression?
    /// By key.
    let keys: [(name: Text, encoded: EncodedKey, item: Item)]

    init(keysCount: Int) throws(StoreError) {
        missing = Self.condition("attribute_not_exists(pk)", values: nil)
        var keys: [(name: Text, encoded: EncodedKey, item: Item)] = []
        for key in 0..<keysCount {
            let name = Text("k\(key)")
            let item = Self.keyItem(named: name)
            guard let encoded = try? Self.keySchema.key(of: item) else {
                throw .corrupted(path: "workload", reason: "a key cannot be encoded")
            }
            keys.append((name, encoded, item))
        }
        self.keys = keys
    }

    static func definition(
        _ name: String, number: TableDefinition.Number, in region: RegionName, peers: [RegionName],
        hasTimeToLive: Bool, nowMilliseconds: UInt64
    ) -> TableDefinition {
        let group = KeyAttribute(name: "g", type: .string)
        var definition = TableDefinition(
            number: number, name: name, region: region, tableID: "id-\(name)-\(region)",
            createdMilliseconds: nowMilliseconds, status: .active, keySchema: keySchema,
            attributeDefinitions: keySchema.attributes + [group],
            billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [],
            globalIndexes: [
                IndexDefinition(
                    ordinal: 1, name: "by-group", keySchema: KeySchema(partitionKeys: [group]), projection: .keysOnly)
            ])
        if hasTimeToLive {
            definition.timeToLive = TimeToLive(
                attributeName: expiryAttribute, status: .enabled, changedMilliseconds: nowMilliseconds)
        }
        definition.peers = peers.map {
            Peer(region: $0, status: .active, source: nil, addedMilliseconds: nowMilliseconds)
        }
        return definition
    }

    // MARK: Items

    static func keyItem(named name: Text) -> Item {
        var attributes = AttributeMap()
        attributes["pk"] = .string(name)
        return Item(attributes)
    }

    func item(_ key: Int, unique: Int, _ random: inout SplitMix, expirySeconds: UInt64?) -> Item {
        var attributes = AttributeMap()
        attributes["pk"] = .string(keys[key].name)
        attributes["u"] = .number(DecimalNumber(unique))
        attributes["v"] = .number(DecimalNumber(random.below(6)))
        if random.isTrue(percent: 60) { attributes["g"] = .string(random.pick(Self.groups)) }
        if let expirySeconds { attributes[Self.expiryAttribute] = .number(DecimalNumber(Int(expirySeconds))) }
        return Item(attributes)
    }

    /// The number that tells which write made the item.
    static func unique(_ item: Item?) -> Int? { number("u", of: item) }

    static func number(_ name: Text, of item: Item?) -> Int? {
        guard case .number(let number)? = item?.value(of: name) else { return nil }
        return number.integer
    }

    // MARK: Expressions

    /// What a write demands of the item that it finds.
    enum Demand: Equatable {
        case nothing
        case missing
        case unique(Int)

        func holds(_ item: Item?) -> Bool {
            switch self {
            case .nothing: true
            case .missing: item == nil
            case .unique(let number): Workload.unique(item) == number
            }
        }
    }

    func condition(_ demand: Demand) -> ConditionExpression? {
        switch demand {
        case .nothing: nil
        case .missing: missing
        case .unique(let number): Self.condition("u = :u", values: [(":u", .number(DecimalNumber(number)))])
        }
    }

    /// Counts `v` up and marks the item with the write's number.
    func update(unique: Int) -> UpdateExpression? {
        guard
            var placeholders = try? ExpressionPlaceholders(
                names: nil,
                values: [(":u", .number(DecimalNumber(unique))), (":one", .number(DecimalNumber(1)))])
        else { return nil }
        return try? UpdateExpression("SET u = :u ADD v :one", placeholders: &placeholders)
    }

    private static func condition(_ text: String, values: [(Text, AttributeValue)]?) -> ConditionExpression? {
        guard var placeholders = try? ExpressionPlaceholders(names: nil, values: values) else { return nil }
        return try? ConditionExpression(text, purpose: .condition, placeholders: &placeholders)
    }
}
