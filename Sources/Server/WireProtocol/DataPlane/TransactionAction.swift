import AttributeModel
import Expressions
import Partition

/// One action of TransactWriteItems, read without looking at its table (reference `data-plane.md` 10).
struct TransactionAction: Sendable {
    enum Kind: Sendable {
        case put
        case update(UpdateExpression)
        case delete
        case check
    }

    let kind: Kind
    /// As the request named the table.
    let tableName: String
    /// The item of a put, the key of another action.
    let item: Item
    let condition: ConditionExpression?
    let returnsItemOnFailure: Bool
    /// What the action counts for in the size of the request.
    let bytes: Int

    /// - Throws: the faults that AWS finds in the action alone: expressions first, then placeholders that are not used, then values.
    init(_ member: Member) throws(WireError) {
        let body = member.body
        tableName = member.tableName
        returnsItemOnFailure = member.onConditionFailure == .allOld
        var parameters = try ExpressionParameters(body, member.role == .update ? .transactUpdate : .transactWrite)
        try parameters.readPlaceholders()
        let update = try parameters.update()
        condition = try parameters.condition()
        try parameters.checkAllUsed()
        item = try body.item(member.role.itemMember) ?? .empty
        switch member.role {
        case .put:
            try item.checkPutSize()
            kind = .put
        case .update: kind = .update(update ?? .none)
        case .delete: kind = .delete
        case .check: kind = .check
        }
        bytes = item.size + parameters.valueBytes
    }

    /// What the item's key is, and which faults the action has that do not need the stored item.
    func key(in table: CatalogueTable) throws(KeyFault) -> EncodedKey {
        if case .put = kind { return try table.key(ofPut: item) }
        return try table.key(ofExactly: item)
    }

    func check(in table: CatalogueTable) throws(KeyFault) {
        switch kind {
        case .put: try table.checkIndexKeys(ofPut: item)
        case .update(let update): try table.check(update)
        case .delete, .check: break
        }
        try table.check(condition)
    }

    func write(_ key: EncodedKey, in table: CatalogueTable) -> ItemWrite {
        let change: ItemWrite.Change =
            switch kind {
            case .put: .put(item)
            case .update(let update): .update(update)
            case .delete: .delete
            case .check: .check
            }
        return ItemWrite(
            table: table.definition.number, key: key, keyItem: isPut ? .empty : item, change: change,
            condition: condition)
    }

    var isCheck: Bool {
        if case .check = kind { true } else { false }
    }

    private var isPut: Bool {
        if case .put = kind { true } else { false }
    }
}

extension TransactionAction {
    enum Role: CaseIterable {
        case check
        case put
        case update
        case delete

        var member: StaticString {
            switch self {
            case .check: "ConditionCheck"
            case .put: "Put"
            case .update: "Update"
            case .delete: "Delete"
            }
        }

        var itemMember: StaticString { self == .put ? "Item" : "Key" }
    }

    /// The member of an element of TransactItems that names the action, with its constraints checked.
    struct Member {
        let role: Role
        let body: RequestBody
        let tableName: String
        let onConditionFailure: ReturnValuesOnConditionCheckFailure

        init(
            _ role: Role, _ body: RequestBody, at path: String, _ constraints: inout Constraints
        ) throws(WireError) {
            self.role = role
            self.body = body
            if role == .check {
                constraints.require(
                    body.member("ConditionExpression") != nil, at: "\(path).conditionExpression")
            }
            constraints.require(
                body.member(role.itemMember) != nil, at: "\(path).\(role.itemMember.description.lowerFirst)")
            onConditionFailure = try body.returnValuesOnConditionCheckFailure(at: "\(path).", &constraints)
            let name = try body.string("TableName")
            constraints.checkTable(name, at: "\(path).tableName")
            tableName = name ?? ""
            if role == .update {
                constraints.require(body.member("UpdateExpression") != nil, at: "\(path).updateExpression")
            }
        }

        /// The only action of an element.
        /// - Parameter position: one-based.
        static func only(
            in element: RequestBody, position: Int, _ constraints: inout Constraints
        ) throws(WireError) -> Member? {
            var found: [Member] = []
            for role in Role.allCases {
                guard let body = try element.object(role.member) else { continue }
                let path = "transactItems.\(position).member.\(role.member.description.lowerFirst)"
                found.append(try Member(role, body, at: path, &constraints))
            }
            return found.count == 1 ? found[0] : nil
        }
    }
}
