import AttributeModel
import Bytes
import Expressions
import JSONBytes

/// The parameters of before expressions (reference `data-plane.md` 6).
extension RequestBody {
    /// In the order in which AWS lists them.
    private static let comparisonOperators = [
        "IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE",
        "CONTAINS",
    ]
    private static let updateActions = ["ADD", "PUT", "DELETE"]
    private static let conditionalOperators = ["OR", "AND"]

    /// How many names AttributesToGet may have.
    static let attributesToGetCount = 1...255

    func conditionalOperator(_ constraints: inout Constraints) throws(WireError) -> ConditionalOperator? {
        let text = try string("ConditionalOperator")
        constraints.checkEnum(text, at: "conditionalOperator", Self.conditionalOperators)
        return text.flatMap { ConditionalOperator(rawValue: $0) }
    }

    /// Checks the operators of `Expected`, `KeyConditions`, `QueryFilter` or `ScanFilter`.
    func checkComparisonOperators(
        _ name: StaticString, at path: String, areRequired: Bool, _ constraints: inout Constraints
    ) throws(WireError) {
        for entry in try entries(name) ?? [] {
            let text = try object(at: entry.value).string("ComparisonOperator")
            let path = "\(path).\(document.string(entry.key)).member.comparisonOperator"
            if areRequired { constraints.require(text != nil, at: path) }
            constraints.checkEnum(text, at: path, Self.comparisonOperators)
        }
    }

    func checkUpdateActions(_ constraints: inout Constraints) throws(WireError) {
        for entry in try entries("AttributeUpdates") ?? [] {
            let text = try object(at: entry.value).string("Action")
            let path = "attributeUpdates.\(document.string(entry.key)).member.action"
            constraints.checkEnum(text, at: path, Self.updateActions)
        }
    }

    func attributesToGet(at path: String, _ constraints: inout Constraints) throws(WireError) -> [Text]? {
        guard let names = try strings("AttributesToGet") else { return nil }
        constraints.checkCount(
            names.count, shown: "[\(names.joined(separator: ", "))]", at: path, Self.attributesToGetCount)
        return names.map { Text($0) }
    }

    /// `Expected` with its ConditionalOperator; nil when the request has neither.
    func expected(_ conditionalOperator: ConditionalOperator?) throws(WireError) -> ConditionExpression? {
        let entries = try entries("Expected")
        guard entries != nil || conditionalOperator != nil else { return nil }
        var expectations: [(Text, LegacyExpectation)] = []
        for entry in entries ?? [] {
            let member = try object(at: entry.value)
            expectations.append(
                (
                    document.text(entry.key),
                    LegacyExpectation(
                        value: try member.attributeValue("Value"), exists: try member.boolean("Exists"),
                        comparisonOperator: try member.comparisonOperator(),
                        attributeValueList: try member.attributeValues("AttributeValueList"))
                ))
        }
        return try validating { () throws(ExpressionError) in
            try ConditionExpression(expected: expectations, conditionalOperator: conditionalOperator)
        }
    }

    /// `QueryFilter` or `ScanFilter` with its ConditionalOperator; nil when the request has neither.
    func legacyFilter(
        _ name: StaticString, _ conditionalOperator: ConditionalOperator?
    ) throws(WireError) -> ConditionExpression? {
        let filter = try legacyConditions(name)
        guard filter != nil || conditionalOperator != nil else { return nil }
        return try validating { () throws(ExpressionError) in
            try ConditionExpression(filter: filter ?? [], conditionalOperator: conditionalOperator)
        }
    }

    func keyConditions() throws(WireError) -> KeyConditionExpression? {
        guard let conditions = try legacyConditions("KeyConditions") else { return nil }
        return try validating { () throws(ExpressionError) in
            try KeyConditionExpression(keyConditions: conditions)
        }
    }

    func attributeUpdates() throws(WireError) -> UpdateExpression? {
        guard let entries = try entries("AttributeUpdates") else { return nil }
        var updates: [(Text, LegacyAttributeUpdate)] = []
        for entry in entries {
            let member = try object(at: entry.value)
            let action = try member.string("Action").flatMap { LegacyAttributeUpdate.Action(rawValue: $0) }
            updates.append(
                (
                    document.text(entry.key),
                    LegacyAttributeUpdate(action: action, value: try member.attributeValue("Value"))
                ))
        }
        return try validating { () throws(ExpressionError) in try UpdateExpression(attributeUpdates: updates) }
    }

    private func legacyConditions(_ name: StaticString) throws(WireError) -> [(Text, LegacyCondition)]? {
        guard let entries = try entries(name) else { return nil }
        var conditions: [(Text, LegacyCondition)] = []
        for entry in entries {
            let member = try object(at: entry.value)
            // The constraints have refused those without.
            guard let comparisonOperator = try member.comparisonOperator() else { continue }
            conditions.append(
                (
                    document.text(entry.key),
                    LegacyCondition(
                        comparisonOperator: comparisonOperator,
                        attributeValueList: try member.attributeValues("AttributeValueList"))
                ))
        }
        return conditions
    }

    private func comparisonOperator() throws(WireError) -> LegacyComparisonOperator? {
        try string("ComparisonOperator").flatMap { LegacyComparisonOperator(rawValue: $0) }
    }
}
