import AttributeModel
import Bytes
import Expressions
import Testing

private let keysCases: [([String]?, [String]?, String)] = [
    ([], nil, "ExpressionAttributeNames must not be empty"),
    (nil, [], "ExpressionAttributeValues must not be empty"),
    ([], [], "ExpressionAttributeNames must not be empty"),
    (["a"], [], "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""),
    (["#"], nil, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\""),
    (["#a-b"], nil, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\""),
    (["#a", "#é"], nil, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#é\""),
    ([""], nil, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"\""),
    (nil, [":"], "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\""),
    (nil, ["#a"], "ExpressionAttributeValues contains invalid key: Syntax error; key: \"#a\""),
    (["#a"], [":b", "b"], "ExpressionAttributeValues contains invalid key: Syntax error; key: \"b\""),
    (
        ["#" + String(repeating: "a", count: 255)], nil,
        "ExpressionAttributeNames contains invalid key: "
            + "The expression attribute map contains a key that is too long; size of key: 256"
    ),
]

@Suite("Placeholders")
struct PlaceholderTests {
    @Test("keys are checked, names before values", arguments: keysCases)
    func keys(names: [String]?, values: [String]?, expected: String) {
        let message = refusal {
            _ = try ExpressionPlaceholders(
                names: names?.map { (Text($0), "x") }, values: values?.map { (Text($0), n("1")) })
        }
        #expect(message == expected)
        let keysAlone = refusal {
            try ExpressionPlaceholders.checkKeys(names: names?.map { Text($0) }, values: values?.map { Text($0) })
        }
        #expect(keysAlone == expected)
    }

    @Test("keys may begin with digits and underscores and be 255 bytes long")
    func accepted() {
        let long = "#" + String(repeating: "a", count: 254)
        #expect(
            refusal {
                _ = try ExpressionPlaceholders(
                    names: [("#0", "a"), ("#_", "b"), (Text(long), "c")], values: [(":0a", n("1")), (":__", n("2"))])
            } == nil)
    }

    @Test("an empty attribute name is refused")
    func emptyName() {
        #expect(
            refusal { _ = try ExpressionPlaceholders(names: [("#a", "")], values: nil) }
                == "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a")
    }

    @Test("unused placeholders are listed in order of the request, names first")
    func unused() throws {
        var placeholders = try ExpressionPlaceholders(
            names: [("#z", "z"), ("#a", "a"), ("#m", "m")], values: [(":v", n("1")), (":u", n("2"))])
        #expect(
            refusal { try placeholders.checkAllUsed() }
                == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#z, #a, #m}")
        _ = try ConditionExpression("#z = :u", purpose: .condition, placeholders: &placeholders)
        #expect(
            refusal { try placeholders.checkAllUsed() }
                == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #m}")
        _ = try ProjectionExpression("#a.#m", placeholders: &placeholders)
        #expect(
            refusal { try placeholders.checkAllUsed() }
                == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}")
        _ = try UpdateExpression("SET x = :v", placeholders: &placeholders)
        #expect(refusal { try placeholders.checkAllUsed() } == nil)
    }

    @Test("use is counted by parsing: a condition that is never evaluated uses its values")
    func usedWithoutEvaluation() throws {
        var placeholders = try ExpressionPlaceholders(names: nil, values: [(":x", n("1")), (":y", n("2"))])
        let condition = try ConditionExpression("a = :x OR b = :y", purpose: .condition, placeholders: &placeholders)
        #expect(condition.isSatisfied(by: item(["a": n("1")])))
        #expect(refusal { try placeholders.checkAllUsed() } == nil)
    }

    @Test("each of many placeholders is found")
    func many() throws {
        let count = 100
        var placeholders = try ExpressionPlaceholders(
            names: nil, values: (0..<count).reversed().map { (Text(":v\($0)"), n("\($0)")) })
        let list = (0..<count).map { ":v\($0)" }.joined(separator: ",")
        let condition = try ConditionExpression("a IN (\(list))", purpose: .filter, placeholders: &placeholders)
        #expect(refusal { try placeholders.checkAllUsed() } == nil)
        for value in 0..<count { #expect(condition.isSatisfied(by: item(["a": n("\(value)")]))) }
        #expect(!condition.isSatisfied(by: item(["a": n("100")])))
    }

    @Test("of a repeated key the last one counts")
    func repeatedKey() throws {
        var placeholders = try ExpressionPlaceholders(names: nil, values: [(":v", n("1")), (":v", n("2"))])
        let condition = try ConditionExpression("a = :v", purpose: .condition, placeholders: &placeholders)
        #expect(condition.isSatisfied(by: item(["a": n("2")])))
        #expect(refusal { try placeholders.checkAllUsed() } == nil)
    }
}
