import AttributeModel
import Bytes
import Expressions
import TestSupport
import Testing

private let hashOnly = KeySchema(partitionKeys: [KeyAttribute(name: "a", type: .string)])
private let hashAndRange = KeySchema(
    partitionKeys: [KeyAttribute(name: "a", type: .string)], sortKeys: [KeyAttribute(name: "b", type: .number)])
private let textRange = KeySchema(
    partitionKeys: [KeyAttribute(name: "a", type: .string)], sortKeys: [KeyAttribute(name: "b", type: .string)])
private let binaryRange = KeySchema(
    partitionKeys: [KeyAttribute(name: "a", type: .number)], sortKeys: [KeyAttribute(name: "b", type: .binary)])
private let multiple = KeySchema(
    partitionKeys: [KeyAttribute(name: "h", type: .string), KeyAttribute(name: "i", type: .number)],
    sortKeys: [
        KeyAttribute(name: "a", type: .string), KeyAttribute(name: "b", type: .number),
        KeyAttribute(name: "c", type: .binary),
    ])
private let oneHashFourRanges = KeySchema(
    partitionKeys: [KeyAttribute(name: "h", type: .string)],
    sortKeys: ["a", "b", "c", "d"].map { KeyAttribute(name: $0, type: .string) })

private func resolve(_ text: String, _ schema: KeySchema) throws -> KeyCondition {
    try keyCondition(text).resolve(against: schema)
}

private let formCases: [(String, String)] = [
    ("a = :s OR b = :s", "Invalid operator used in KeyConditionExpression: OR"),
    ("NOT a = :s AND b = :s", "Invalid operator used in KeyConditionExpression: NOT"),
    ("a = :s AND NOT NOT b = :s", "Invalid operator used in KeyConditionExpression: NOT"),
    ("a = :s AND b IN (:s)", "Invalid operator used in KeyConditionExpression: IN"),
    ("a = :s AND b <> :s", "Invalid operator used in KeyConditionExpression: <>"),
    ("a = :s AND attribute_exists(b)", "Invalid operator used in KeyConditionExpression: attribute_exists"),
    ("attribute_not_exists(b)", "Invalid operator used in KeyConditionExpression: attribute_not_exists"),
    ("attribute_type(b, :S)", "Invalid operator used in KeyConditionExpression: attribute_type"),
    ("contains(b, :s)", "Invalid operator used in KeyConditionExpression: contains"),
    ("size(a) = :n", "KeyConditionExpressions cannot contain nested operations"),
    ("a = size(:s)", "KeyConditionExpressions cannot contain nested operations"),
    ("a.b = :s", "KeyConditionExpressions cannot have conditions on nested attributes"),
    ("a[0] BETWEEN :n AND :n2", "KeyConditionExpressions cannot have conditions on nested attributes"),
    ("begins_with(a.b, :s)", "KeyConditionExpressions cannot have conditions on nested attributes"),
    (
        ":n BETWEEN a AND b",
        "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand"
    ),
    (
        "begins_with(:s, a)",
        "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand"
    ),
    ("a = b", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"),
    (
        "a BETWEEN :n AND b",
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    ),
    (
        "begins_with(a, b)",
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    ),
    (":s = :s2", "Invalid condition in KeyConditionExpression: No key attribute specified"),
    ("a = :s AND a = :s", "KeyConditionExpressions must only contain one condition per key"),
    ("a = :s AND (b > :n AND #b < :n2)", "KeyConditionExpressions must only contain one condition per key"),
    ("a.b = :s AND (a = :s OR b = :s)", "KeyConditionExpressions cannot have conditions on nested attributes"),
]

private let schemaCases: [(String, KeySchema, String)] = [
    (":s = a AND b = :n AND :s = c", hashAndRange, "Conditions can be of length 1 or 2 only"),
    ("(a > :s AND b > :s) AND (c > :s AND d > :s)", hashOnly, "Conditions can be of length 1 or 2 only"),
    ("b = :n", hashAndRange, "Query condition missed key schema element: a"),
    ("c = :s", hashOnly, "Query condition missed key schema element: a"),
    ("b = :n AND c = :n", hashAndRange, "Query condition missed key schema element: a"),
    ("a = :s AND c = :n", hashAndRange, "Query condition missed key schema element: b"),
    ("a = :s AND c < :n", hashOnly, "Query key condition not supported"),
    ("b = :n AND c = :n", hashOnly, "Query key condition not supported"),
    ("a > :s", hashAndRange, "Query key condition not supported"),
    ("a BETWEEN :s2 AND :s", hashAndRange, "Query key condition not supported"),
    ("begins_with(a, :s) AND b = :n", hashAndRange, "Query key condition not supported"),
    (
        "a = :n", hashAndRange,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    (
        "a < :n", hashOnly,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    (
        "a = :s AND b = :s", hashAndRange,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    (
        "a = :s AND b = :ns", hashAndRange,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    (
        "a = :s AND b BETWEEN :n AND :n2", textRange,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    (
        "a = :s AND begins_with(b, :s)", hashAndRange,
        "Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
            + "operator or function: begins_with, operand type: N"
    ),
    (
        "a = :s AND begins_with(b, :b)", textRange,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    (
        "a = :empty", hashOnly,
        "One or more parameter values are not valid. "
            + "The AttributeValue for a key attribute cannot contain an empty string value. Key: a"
    ),
    (
        "a = :s AND b >= :empty", textRange,
        "One or more parameter values are not valid. "
            + "The AttributeValue for a key attribute cannot contain an empty string value. Key: b"
    ),
    (
        "a = :s AND begins_with(b, :empty)", textRange,
        "One or more parameter values are not valid. "
            + "The AttributeValue for a key attribute cannot contain an empty string value. Key: b"
    ),
    (
        "a = :n AND b BETWEEN :noBytes AND :b", binaryRange,
        "One or more parameter values are not valid. "
            + "The AttributeValue for a key attribute cannot contain an empty binary value. Key: b"
    ),
    // Several attributes in one key.
    ("h = :s", multiple, "Query condition missed key schema element: i"),
    ("i = :n AND a = :s", multiple, "Query condition missed key schema element: h"),
    ("h = :s AND i > :n", multiple, "Query key condition not supported"),
    (
        "h = :s AND i = :s", multiple,
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    ),
    ("h = :s AND i = :n AND z = :s", multiple, "Query condition missed key schema element: a"),
    ("h = :s AND i = :n AND a = :s AND b = :n AND c = :b AND z = :s", multiple, "Query key condition not supported"),
    (
        "h = :s AND a = :s AND c = :s", oneHashFourRanges,
        "RANGE key attributes b must have equality conditions specified in the query "
            + "because a condition is present on key attribute c"
    ),
    (
        "h = :s AND a = :s AND b > :s AND c = :s", oneHashFourRanges,
        "RANGE key attributes b must have equality conditions specified in the query "
            + "because a condition is present on key attribute c"
    ),
    (
        "b = :s AND h = :s", oneHashFourRanges,
        "RANGE key attributes a must have equality conditions specified in the query "
            + "because a condition is present on key attribute b"
    ),
    (
        "h = :s AND begins_with(a, :s) AND b = :s", oneHashFourRanges,
        "RANGE key attributes a must have equality conditions specified in the query "
            + "because a condition is present on key attribute b"
    ),
]

@Suite("Key conditions")
struct KeyConditionTests {
    @Test("form, whatever the schema", arguments: formCases)
    func form(text: String, message: String) throws {
        let expression = try keyCondition(text)
        #expect(refusal { try expression.checkForm() } == message)
        #expect(refusal { _ = try expression.resolve(against: hashAndRange) } == message)
    }

    @Test("schema", arguments: schemaCases)
    func schema(text: String, schema: KeySchema, message: String) throws {
        #expect(refusal { _ = try resolve(text, schema) } == message)
    }

    @Test("key values have a greatest size")
    func sizes() throws {
        func refusalFor(partition: Int, sort: Int, _ test: String = "b = :b") -> String? {
            refusal {
                var placeholders = try ExpressionPlaceholders(
                    names: nil,
                    values: [
                        (":a", s(String(repeating: "a", count: partition))),
                        (":b", s(String(repeating: "b", count: sort))),
                    ])
                _ = try KeyConditionExpression("a = :a AND \(test)", placeholders: &placeholders)
                    .resolve(against: textRange)
            }
        }
        #expect(refusalFor(partition: 2048, sort: 1024) == nil)
        #expect(
            refusalFor(partition: 2049, sort: 1)
                == "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
        )
        for test in ["b = :b", "b < :b", "b BETWEEN :b AND :b", "begins_with(b, :b)"] {
            #expect(refusalFor(partition: 1, sort: 1024, test) == nil)
            #expect(
                refusalFor(partition: 1, sort: 1025, test)
                    == "One or more parameter values were invalid: "
                    + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
        }
    }

    @Test("clauses may stand in any order, in parentheses, reversed")
    func spellings() throws {
        let plain = try resolve("a = :s AND b > :n", hashAndRange)
        for text in ["b > :n AND a = :s", "((b > :n) AND (a = :s))", ":n < b and :s = #a", "(a) = (:s) AND (:n) < (b)"]
        {
            let other = try resolve(text, hashAndRange)
            #expect(
                other.partitionKey == plain.partitionKey && other.lower == plain.lower && other.upper == plain.upper)
        }
    }

    @Test(
        "a reversed comparison is the mirrored one",
        arguments: [("=", "="), ("<", ">"), ("<=", ">="), (">", "<"), (">=", "<=")])
    func reversed(symbol: String, mirrored: String) throws {
        let plain = try resolve("a = :s AND b \(symbol) :n", hashAndRange)
        let other = try resolve("a = :s AND :n \(mirrored) b", hashAndRange)
        #expect(other.lower == plain.lower && other.upper == plain.upper)
    }

    @Test("the range covers the partition and nothing else")
    func partition() throws {
        let condition = try resolve("a = :s", textRange)
        let prefix = try textRange.prefix(partitionValues: [s("text")])
        #expect(condition.partitionKey == prefix)
        #expect(condition.lower == prefix.bytes)
        #expect(condition.upper.map { prefix.bytes.precedes($0) } == true)
        #expect(condition.upper?.starts(with: prefix.bytes) == false)
    }

    @Test("a start key is checked against the sort condition alone")
    func startKey() throws {
        let condition = try resolve("a = :s AND b > :n", hashAndRange)
        #expect(condition.isSatisfied(by: item(["a": s("text"), "b": n("1.1")])))
        #expect(condition.isSatisfied(by: item(["a": s("other"), "b": n("2")])))
        #expect(!condition.isSatisfied(by: item(["a": s("text"), "b": n("1")])))
        #expect(!condition.isSatisfied(by: item(["a": s("text"), "b": s("2")])))
        #expect(!condition.isSatisfied(by: item(["a": s("text")])))
        #expect(try resolve("a = :s", hashAndRange).isSatisfied(by: item(["a": s("text"), "b": n("1")])))
    }
}

/// Random key conditions, against filtering the same keys by comparison.
@Suite("Random key conditions")
struct KeyConditionPropertyTests {
    private static let schemas = [textRange, hashAndRange, binaryRange, multiple, oneHashFourRanges]

    @Test("their range holds exactly the keys that satisfy them", arguments: [1, UInt64.random(in: 0...UInt64.max)])
    func ranges(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var inside = 0
        for round in 0..<150 {
            let schema = Self.schemas[Int.random(in: Self.schemas.indices, using: &random)]
            let keys = (0..<60).map { _ in randomKey(schema, &random) }
            let (text, values, tests) = randomCondition(schema, &random)
            var placeholders = try ExpressionPlaceholders(names: nil, values: values)
            let condition = try KeyConditionExpression(text, placeholders: &placeholders).resolve(against: schema)
            for key in keys {
                let bytes = try schema.key(of: Item(key)).bytes
                let isInside = !bytes.precedes(condition.lower) && condition.upper.map { bytes.precedes($0) } ?? true
                let expected = tests.allSatisfy { test in test(key) }
                #expect(isInside == expected, "seed \(seed), round \(round): \(text) with \(values) on \(key)")
                let isSortSatisfied = tests.dropFirst(schema.partitionKeys.count).allSatisfy { test in test(key) }
                #expect(
                    condition.isSatisfied(by: Item(key)) == isSortSatisfied, "seed \(seed), round \(round): \(text)")
                if isInside != expected { return }
                inside += expected ? 1 : 0
            }
        }
        #expect(inside > 150, "seed \(seed)")
    }

    private func randomKey(_ schema: KeySchema, _ random: inout SeededRandom) -> AttributeMap {
        var key = AttributeMap()
        for attribute in schema.partitionKeys { key[attribute.name] = partitionValue(attribute.type, &random) }
        for attribute in schema.sortKeys { key[attribute.name] = value(attribute.type, &random) }
        return key
    }

    /// The text, its values, and what it asks of a key: first for each partition key attribute, then for sort key attributes.
    private func randomCondition(
        _ schema: KeySchema, _ random: inout SeededRandom
    ) -> (String, [(Text, AttributeValue)], [(AttributeMap) -> Bool]) {
        var values: [(Text, AttributeValue)] = []
        var clauses: [String] = []
        var tests: [(AttributeMap) -> Bool] = []
        func literal(_ value: AttributeValue) -> String {
            values.append((Text(":v\(values.count)"), value))
            return ":v\(values.count - 1)"
        }
        for attribute in schema.partitionKeys {
            let value = partitionValue(attribute.type, &random)
            clauses.append("\(attribute.name) = \(literal(value))")
            tests.append { $0[attribute.name] == value }
        }
        let count = Int.random(in: 0...schema.sortKeys.count, using: &random)
        for (position, attribute) in schema.sortKeys.prefix(count).enumerated() {
            let value = value(attribute.type, &random)
            let name = attribute.name
            switch position == count - 1 ? Int.random(in: 0...6, using: &random) : 0 {
            case 0:
                clauses.append("\(name) = \(literal(value))")
                tests.append { $0[name] == value }
            case 1:
                clauses.append("\(name) < \(literal(value))")
                tests.append { isLess($0[name], value) }
            case 2:
                clauses.append("\(literal(value)) >= \(name)")
                tests.append { !isLess(value, $0[name]) }
            case 3:
                clauses.append("\(literal(value)) < \(name)")
                tests.append { isLess(value, $0[name]) }
            case 4:
                clauses.append("\(name) >= \(literal(value))")
                tests.append { !isLess($0[name], value) }
            case 5 where attribute.type != .number:
                clauses.append("begins_with(\(name), \(literal(value)))")
                tests.append { content($0[name]).starts(with: content(value)) }
            default:
                let other = self.value(attribute.type, &random)
                let (lower, upper) = isLess(other, value) ? (other, value) : (value, other)
                clauses.append("\(name) BETWEEN \(literal(lower)) AND \(literal(upper))")
                tests.append { !isLess($0[name], lower) && !isLess(upper, $0[name]) }
            }
        }
        return (clauses.shuffled(using: &random).joined(separator: " AND "), values, tests)
    }

    private func partitionValue(_ type: KeyType, _ random: inout SeededRandom) -> AttributeValue {
        switch type {
        case .string: s(random.pick(["p", "p\u{0}", "q"]))
        case .number: n(random.pick(["1", "-1", "0"]))
        case .binary: .binary(random.pick([[0], [0xFF], [0xFF, 0xFF]]))
        }
    }

    private func value(_ type: KeyType, _ random: inout SeededRandom) -> AttributeValue {
        switch type {
        case .string:
            let length = Int.random(in: 1...3, using: &random)
            return s((0..<length).map { _ in random.pick(["\u{0}", "\u{1}", "a", "é"]) }.joined())
        case .number:
            return n(
                random.pick([
                    "0", "1", "-1", "1.5", "-1.5", "10", "100", "1e20", "-1e20", "1e-20", "-1e-20", "99", "0.99",
                ]))
        case .binary:
            let length = Int.random(in: 1...3, using: &random)
            return .binary((0..<length).map { _ in random.pick([0, 1, 0x7F, 0xFE, 0xFF]) })
        }
    }
}

private func isLess(_ left: AttributeValue?, _ right: AttributeValue?) -> Bool {
    switch (left, right) {
    case (.string(let left), .string(let right)): left < right
    case (.number(let left), .number(let right)): left < right
    case (.binary(let left), .binary(let right)): left.precedes(right)
    default: false
    }
}

private func content(_ value: AttributeValue?) -> [UInt8] {
    switch value {
    case .string(let text): text.utf8
    case .binary(let bytes): bytes
    default: []
    }
}
