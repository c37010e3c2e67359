import AttributeModel
import Bytes
import Expressions
import JSONBytes

/// The expressions of a request, or of one action of it, with their placeholders, in AWS's order of checks (reference `data-plane.md` 3, 5.3).
///
/// Make it, read what else the request has, then call `readPlaceholders`, parse the expressions, and `checkAllUsed`.
struct ExpressionParameters {
    /// Which expressions an operation takes, and which older parameters exclude them; in the order in which texts list them.
    struct Names: Sendable {
        let expressions: [StaticString]
        let legacy: [StaticString]

        static let put = Names(expressions: ["ConditionExpression"], legacy: ["Expected"])
        static let update = Names(
            expressions: ["UpdateExpression", "ConditionExpression"], legacy: ["AttributeUpdates", "Expected"])
        static let query = Names(
            expressions: ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"],
            legacy: ["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"])
        static let scan = Names(
            expressions: ["ProjectionExpression", "FilterExpression"],
            legacy: ["AttributesToGet", "ScanFilter", "ConditionalOperator"])
        static let transactWrite = Names(expressions: ["ConditionExpression"], legacy: [])
        static let transactUpdate = Names(expressions: ["UpdateExpression", "ConditionExpression"], legacy: [])
        static let get = Names(expressions: ["ProjectionExpression"], legacy: ["AttributesToGet"])
    }

    private let body: RequestBody
    private var placeholders: ExpressionPlaceholders?
    private var values: [AttributeValue] = []

    /// Refuses old and new parameters side by side, and placeholders without expressions.
    init(_ body: RequestBody, _ names: Names) throws(WireError) {
        self.body = body
        let expressions = names.expressions.filter { body.member($0) != nil }
        if !expressions.isEmpty {
            try Self.checkNotMixed(body, expressions, names.legacy)
        } else if body.member("ExpressionAttributeNames") != nil {
            throw .validation("ExpressionAttributeNames can only be specified when using expressions")
        }
        let withValues = names.expressions.filter { $0.description != "ProjectionExpression" }
        let hasNone = expressions.allSatisfy { $0.description == "ProjectionExpression" }
        if !withValues.isEmpty, hasNone, body.member("ExpressionAttributeValues") != nil {
            throw .validation(
                "ExpressionAttributeValues can only be specified when using expressions: "
                    + withValues.map(\.description).joined(separator: " and ")
                    + (withValues.count > 1 ? " are null" : " is null"))
        }
    }

    private static func checkNotMixed(
        _ body: RequestBody, _ expressions: [StaticString], _ legacy: [StaticString]
    ) throws(WireError) {
        // KeyConditions may stand beside the new filter and projection.
        let hasKeyExpression = expressions.contains { $0.description == "KeyConditionExpression" }
        let mixed = legacy.filter { name in
            body.member(name) != nil && (hasKeyExpression || name.description != "KeyConditions")
        }
        guard !mixed.isEmpty else { return }
        throw .mixedParameters(legacy: mixed.map(\.description), expressions: expressions.map(\.description))
    }

    /// ExpressionAttributeNames and ExpressionAttributeValues: their keys first, then the values.
    mutating func readPlaceholders() throws(WireError) {
        let names = try body.entries("ExpressionAttributeNames")
        let values = try body.entries("ExpressionAttributeValues")
        guard names != nil || values != nil else { return }
        let nameKeys = names?.map { body.document.text($0.key) }
        let valueKeys = values?.map { body.document.text($0.key) }
        try validating { () throws(ExpressionError) in
            try ExpressionPlaceholders.checkKeys(names: nameKeys, values: valueKeys)
        }
        var nameTexts: [(Text, Text)] = []
        for (entry, key) in zip(names ?? [], nameKeys ?? []) {
            guard body.document.kind(entry.value) == .string else { throw RequestBody.unexpectedType }
            nameTexts.append((key, body.document.text(entry.value)))
        }
        var attributeValues: [(Text, AttributeValue)] = []
        for (entry, key) in zip(values ?? [], valueKeys ?? []) {
            attributeValues.append((key, try value(entry.value, of: key)))
        }
        self.values = attributeValues.map(\.1)
        placeholders = try validating { () throws(ExpressionError) in
            try ExpressionPlaceholders(
                names: names == nil ? nil : nameTexts, values: values == nil ? nil : attributeValues)
        }
    }

    /// Size of all ExpressionAttributeValues, in bytes as items count them.
    var valueBytes: Int { values.reduce(0) { $0 + $1.size } }

    private func value(_ node: JSONDocument.Node, of key: Text) throws(WireError) -> AttributeValue {
        do throws(WireError) {
            return try AttributeValue(inRequest: body.document, node)
        } catch {
            guard error.kind == .validation, let message = error.message else { throw error }
            throw .validation("ExpressionAttributeValues contains invalid value: \(message) for key \(key)")
        }
    }

    mutating func update() throws(WireError) -> UpdateExpression? {
        try parse("UpdateExpression") { (text, placeholders) throws(ExpressionError) in
            try UpdateExpression(text, placeholders: &placeholders)
        }
    }

    mutating func condition() throws(WireError) -> ConditionExpression? {
        try parse("ConditionExpression") { (text, placeholders) throws(ExpressionError) in
            try ConditionExpression(text, purpose: .condition, placeholders: &placeholders)
        }
    }

    mutating func keyCondition() throws(WireError) -> KeyConditionExpression? {
        try parse("KeyConditionExpression") { (text, placeholders) throws(ExpressionError) in
            try KeyConditionExpression(text, placeholders: &placeholders)
        }
    }

    mutating func filter() throws(WireError) -> ConditionExpression? {
        try parse("FilterExpression") { (text, placeholders) throws(ExpressionError) in
            try ConditionExpression(text, purpose: .filter, placeholders: &placeholders)
        }
    }

    mutating func projection() throws(WireError) -> ProjectionExpression? {
        try parse("ProjectionExpression") { (text, placeholders) throws(ExpressionError) in
            try ProjectionExpression(text, placeholders: &placeholders)
        }
    }

    private mutating func parse<Expression>(
        _ name: StaticString,
        _ make: (String, inout ExpressionPlaceholders) throws(ExpressionError) -> Expression
    ) throws(WireError) -> Expression? {
        guard let text = try body.string(name) else { return nil }
        do throws(ExpressionError) {
            var used: ExpressionPlaceholders
            if let placeholders {
                used = placeholders
            } else {
                used = try ExpressionPlaceholders(names: nil, values: nil)
            }
            let expression = try make(text, &used)
            placeholders = used
            return expression
        } catch {
            throw .validation(error.message)
        }
    }

    /// Refuses placeholders that no expression used.
    func checkAllUsed() throws(WireError) {
        guard let placeholders else { return }
        try validating { () throws(ExpressionError) in try placeholders.checkAllUsed() }
    }
}

/// Runs a step of the expression engines; what they refuse is a ValidationException.
func validating<Result>(_ step: () throws(ExpressionError) -> Result) throws(WireError) -> Result {
    do throws(ExpressionError) {
        return try step()
    } catch {
        throw .validation(error.message)
    }
}

extension WireError {
    static func mixedParameters(legacy: [String], expressions: [String]) -> WireError {
        .validation(
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {\(legacy.joined(separator: ", "))} "
                + "Expression parameters: {\(expressions.joined(separator: ", "))}")
    }
}
