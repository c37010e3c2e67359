import AttributeModel
import Bytes
import Expressions
import TestSupport
import Testing

func s(_ text: String) -> AttributeValue { .string(Text(text)) }
func n(_ text: String) -> AttributeValue { .number(number(text)) }
func b(_ bytes: UInt8...) -> AttributeValue { .binary(bytes) }
func ss(_ members: String...) -> AttributeValue { .stringSet(members.map { Text($0) }.sorted()) }
func ns(_ members: String...) -> AttributeValue { .numberSet(members.map { number($0) }.sorted()) }
func bs(_ members: [UInt8]...) -> AttributeValue { .binarySet(members.sorted { $0.precedes($1) }) }

private func number(_ text: String) -> DecimalNumber {
    do {
        return try DecimalNumber(text)
    } catch {
        preconditionFailure("\(text) is no number")
    }
}

func map(_ entries: KeyValuePairs<Text, AttributeValue>) -> AttributeValue { .map(attributes(entries)) }

func attributes(_ entries: KeyValuePairs<Text, AttributeValue>) -> AttributeMap {
    var map = AttributeMap()
    for (name, value) in entries { map[name] = value }
    return map
}

func item(_ entries: KeyValuePairs<Text, AttributeValue>) -> Item { Item(attributes(entries)) }

/// Placeholders that the tables of this target may use; nobody asks whether all are used.
private let commonPlaceholders = Result {
    try ExpressionPlaceholders(
        names: [
            ("#a", "a"), ("#b", "b"), ("#c", "c"), ("#dot", "a.b"), ("#and", "and"), ("#index", "[3]"), ("#2", "2"),
        ],
        values: [
            (":s", s("text")), (":s2", s("b")), (":n", n("1")), (":n2", n("2")), (":b", b(1, 2)), (":b2", b(0)),
            (":t", .boolean(true)), (":z", .null), (":l", .list([n("1")])), (":m", map(["x": n("1")])),
            (":ss", ss("x")),
            (":ns", ns("1")), (":bs", bs([1])), (":S", s("S")), (":N", s("N")), (":DOG", s("DOG")), (":1", n("1")),
            (":empty", s("")), (":noBytes", b()),
        ])
}

/// The text that `body` is refused with, nil when it is accepted.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as ExpressionError {
        return error.message
    } catch let error as UpdateError {
        return error.message
    } catch {
        return "unexpected error \(error)"
    }
}

func condition(_ text: String, _ purpose: ConditionPurpose = .condition) throws -> ConditionExpression {
    var placeholders = try commonPlaceholders.get()
    return try ConditionExpression(text, purpose: purpose, placeholders: &placeholders)
}

func conditionRefusal(_ text: String, _ purpose: ConditionPurpose = .condition) -> String? {
    refusal { _ = try condition(text, purpose) }
}

func update(_ text: String) throws -> UpdateExpression {
    var placeholders = try commonPlaceholders.get()
    return try UpdateExpression(text, placeholders: &placeholders)
}

func updateRefusal(_ text: String) -> String? {
    refusal { _ = try update(text) }
}

func projection(_ text: String) throws -> ProjectionExpression {
    var placeholders = try commonPlaceholders.get()
    return try ProjectionExpression(text, placeholders: &placeholders)
}

func projectionRefusal(_ text: String) -> String? {
    refusal { _ = try projection(text) }
}

func keyCondition(_ text: String) throws -> KeyConditionExpression {
    var placeholders = try commonPlaceholders.get()
    return try KeyConditionExpression(text, placeholders: &placeholders)
}

extension SeededRandom {
    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}
