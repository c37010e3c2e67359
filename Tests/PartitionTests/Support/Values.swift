import AttributeModel
import Bytes
import Expressions
import JSONBytes
import Replication
import TestSupport

/// An item from DynamoDB JSON.
func item(_ json: String) -> Item {
    try! readItem(json)
}

func readItem(_ json: String) throws -> Item {
    let document = try JSONDocument(parsing: Array(json.utf8))
    return try Item(document, document.root)
}

func text(_ item: Item) -> String {
    var writer = JSONWriter()
    item.appendJSON(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// `pk=S`, `pk=S sk=N`: the partition key and the sort key with their types.
func schema(_ text: String) -> KeySchema {
    let attributes = text.split(separator: " ").map { word in
        let parts = word.split(separator: "=")
        return KeyAttribute(name: Text(String(parts[0])), type: KeyType(rawValue: String(parts[1]))!)
    }
    return KeySchema(partitionKeys: [attributes[0]], sortKeys: Array(attributes.dropFirst()))
}

func condition(
    _ text: String, _ values: [(Text, AttributeValue)]? = nil, purpose: ConditionPurpose = .condition
) throws -> ConditionExpression {
    var placeholders = try ExpressionPlaceholders(names: nil, values: values)
    return try ConditionExpression(text, purpose: purpose, placeholders: &placeholders)
}

func update(_ text: String, _ values: [(Text, AttributeValue)]? = nil) throws -> UpdateExpression {
    var placeholders = try ExpressionPlaceholders(names: nil, values: values)
    return try UpdateExpression(text, placeholders: &placeholders)
}

/// `{":v":{"N":"1"}}` as placeholders.
func placeholderValues(_ json: String) throws -> [(Text, AttributeValue)] {
    try readItem(json).attributes.entries.map { ($0.name, $0.value) }
}

func number(_ value: Int) -> AttributeValue { .number(DecimalNumber(value)) }

func at(_ milliseconds: UInt64, _ counter: UInt16 = 0) -> HybridTimestamp {
    HybridTimestamp(milliseconds: milliseconds, counter: counter)
}

extension SeededRandom {
    /// True in `part` of `whole` cases.
    mutating func isTrue(_ part: Int, in whole: Int) -> Bool { below(whole) < part }
}
