import Testing

@testable import WireProtocol

private let mismatch = "The provided key element does not match the schema"
private let parameter = "One or more parameter values were invalid: "
private let hashTooLong = parameter + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
private let rangeTooLong =
    parameter + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"

private func empty(_ kind: String, _ name: String) -> String {
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \(kind) value. Key: \(name)"
}

private func text(_ count: Int) -> String { String(repeating: "x", count: count) }

/// Reference `data-plane.md` 4.4.
@Suite("Data plane: keys")
struct DataPlaneKeyTests {
    /// Operations that name an item by its key, and the rest of their request.
    private static let byKey: [DataOperation] = [.getItem, .updateItem, .deleteItem]

    private static let badKeys: [(table: String, key: String, message: String)] = [
        ("sorted", #"{"p":{"S":"x"}}"#, mismatch),
        ("sorted", #"{"p":{"S":"x"},"s":{"N":"1"},"z":{"S":"z"}}"#, mismatch),
        ("sorted", #"{"p":{"S":"x"},"z":{"N":"1"}}"#, mismatch),
        ("sorted", #"{"p":{"S":"x"},"s":{"S":"1"}}"#, mismatch),
        ("sorted", #"{"p":{"S":"x"},"s":{"NULL":true}}"#, mismatch),
        ("sorted", "{}", mismatch),
        ("hash", #"{"p":{"SS":["x"]}}"#, mismatch),
        ("hash", #"{"p":{"S":""}}"#, empty("string", "p")),
        ("binary", #"{"p":{"B":""}}"#, empty("binary", "p")),
        ("indexed", #"{"p":{"S":"x"},"s":{"S":""}}"#, empty("string", "s")),
        ("hash", #"{"p":{"S":"\#(text(2049))"}}"#, hashTooLong),
        ("indexed", #"{"p":{"S":"x"},"s":{"S":"\#(text(1025))"}}"#, rangeTooLong),
    ]

    @Test("a key that does not fit the table", arguments: byKey, badKeys)
    func key(_ operation: DataOperation, _ bad: (table: String, key: String, message: String)) throws {
        try DataPlaneRegion().expect(
            operation, #"{"TableName":"\#(bad.table)","Key":\#(bad.key)}"#, fails: .validation, bad.message)
    }

    private static let badItems: [(table: String, item: String, message: String)] = [
        ("sorted", #"{"p":{"S":"x"}}"#, parameter + "Missing the key s in the item"),
        ("sorted", #"{"s":{"N":"1"}}"#, parameter + "Missing the key p in the item"),
        (
            "sorted", #"{"p":{"S":"x"},"s":{"S":"1"}}"#,
            parameter + "Type mismatch for key s expected: N actual: S"
        ),
        (
            "hash", #"{"p":{"NULL":true}}"#, parameter + "Type mismatch for key p expected: S actual: NULL"
        ),
        ("hash", #"{"p":{"S":""}}"#, empty("string", "p")),
        ("binary", #"{"p":{"B":""}}"#, empty("binary", "p")),
        ("hash", #"{"p":{"S":"\#(text(2049))"}}"#, hashTooLong),
        ("indexed", #"{"p":{"S":"x"},"s":{"S":"\#(text(1025))"}}"#, rangeTooLong),
        (
            "indexed", #"{"p":{"S":"x"},"s":{"S":"y"},"g":{"N":"1"}}"#,
            parameter + "Type mismatch for Index Key g Expected: S Actual: N IndexName: all"
        ),
        (
            "indexed", #"{"p":{"S":"x"},"s":{"S":"y"},"l":{"NULL":true}}"#,
            parameter + "Type mismatch for Index Key l Expected: N Actual: NULL IndexName: all"
        ),
        (
            "indexed", #"{"p":{"S":"x"},"s":{"S":"y"},"g":{"S":""}}"#,
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
                + "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: all, IndexKey: g"
        ),
        ("indexed", #"{"p":{"S":"x"},"s":{"S":"y"},"g":{"S":"\#(text(2049))"}}"#, hashTooLong),
    ]

    @Test("an item that does not fit the table", arguments: badItems)
    func item(_ bad: (table: String, item: String, message: String)) throws {
        let region = try DataPlaneRegion()
        try region.expect(
            .putItem, #"{"TableName":"\#(bad.table)","Item":\#(bad.item)}"#, fails: .validation, bad.message)
        // The item is refused before the condition is looked at.
        try region.expect(
            .putItem,
            #"{"TableName":"\#(bad.table)","Item":\#(bad.item),"ConditionExpression":"attribute_exists(p)"}"#,
            fails: .validation, bad.message)
    }

    @Test("the longest keys")
    func longestKeys() throws {
        let region = try DataPlaneRegion()
        try region.put("hash", #"{"p":{"S":"\#(text(2048))"}}"#)
        try region.put("indexed", #"{"p":{"S":"x"},"s":{"S":"\#(text(1024))"},"g":{"S":"\#(text(2048))"}}"#)
    }

    private static let badUpdates: [(expression: String, values: String, message: String)] = [
        (
            "SET s = :v", #"{":v":{"S":"z"}}"#,
            parameter + "Cannot update attribute s. This attribute is part of the key"
        ),
        (
            "SET s = :v, p = :v", #"{":v":{"S":"z"}}"#,
            parameter + "Cannot update attribute p. This attribute is part of the key"
        ),
        ("REMOVE s", "", parameter + "Cannot update attribute s. This attribute is part of the key"),
        (
            "SET p.a = :v", #"{":v":{"S":"z"}}"#,
            parameter + "Cannot update attribute p. This attribute is part of the key"
        ),
        (
            "SET g.a = :v", #"{":v":{"S":"z"}}"#,
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: g"
        ),
        (
            "SET a = s.x", "",
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: s"
        ),
        (
            "SET g = :v", #"{":v":{"N":"1"}}"#,
            parameter + "Type mismatch for Index Key g Expected: S Actual: N IndexName: all"
        ),
        (
            "SET l = if_not_exists(l, :v)", #"{":v":{"S":"1"}}"#,
            parameter + "Type mismatch for Index Key l Expected: N Actual: S IndexName: all"
        ),
        (
            "SET g = :v", #"{":v":{"S":""}}"#,
            "One or more parameter values are not valid. The update expression attempted to update a secondary index key to "
                + "a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
        ),
        ("SET g = a", "", "The provided expression refers to an attribute that does not exist in the item"),
    ]

    @Test("an update that a key does not allow", arguments: badUpdates)
    func update(_ bad: (expression: String, values: String, message: String)) throws {
        let region = try DataPlaneRegion()
        let key = #"{"p":{"S":"x"},"s":{"S":"y"}}"#
        let values = bad.values.isEmpty ? "" : #","ExpressionAttributeValues":\#(bad.values)"#
        try region.expect(
            .updateItem, #"{"TableName":"indexed","Key":\#(key),"UpdateExpression":"\#(bad.expression)"\#(values)}"#,
            fails: .validation, bad.message)
        #expect(try region.item("indexed", key) == nil)
    }

    @Test("legacy updates are held to the same rules")
    func legacyUpdate() throws {
        let region = try DataPlaneRegion()
        let request = #""TableName":"indexed","Key":{"p":{"S":"x"},"s":{"S":"y"}}"#
        try region.expect(
            .updateItem, #"{\#(request),"AttributeUpdates":{"s":{"Value":{"S":"x"}}}}"#, fails: .validation,
            parameter + "Cannot update attribute s. This attribute is part of the key")
        try region.expect(
            .updateItem, #"{\#(request),"AttributeUpdates":{"g":{"Value":{"N":"1"}}}}"#, fails: .validation,
            parameter + "Type mismatch for Index Key g Expected: S Actual: N IndexName: all")
    }

    @Test(
        "keys are no documents",
        arguments: [("p.a", "Key: p"), ("s[0]", "Key: s"), ("g.a", "IndexKey: g"), ("l[1]", "IndexKey: l")])
    func paths(_ path: String, _ named: String) throws {
        let region = try DataPlaneRegion()
        let message =
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: " + named
        let key = #"{"p":{"S":"x"},"s":{"S":"y"}}"#
        let condition = #""ConditionExpression":"attribute_exists(\#(path))""#
        try region.expect(
            .putItem, #"{"TableName":"indexed","Item":\#(key),\#(condition)}"#, fails: .validation, message)
        try region.expect(
            .updateItem, #"{"TableName":"indexed","Key":\#(key),\#(condition)}"#, fails: .validation, message)
        try region.expect(
            .deleteItem, #"{"TableName":"indexed","Key":\#(key),\#(condition)}"#, fails: .validation, message)
        try region.expect(
            .getItem, #"{"TableName":"indexed","Key":\#(key),"ProjectionExpression":"\#(path)"}"#, fails: .validation,
            message)
        try region.expect(
            .scan, #"{"TableName":"indexed","FilterExpression":"attribute_exists(\#(path))"}"#, fails: .validation,
            message)
        try region.expect(
            .scan, #"{"TableName":"indexed","ProjectionExpression":"\#(path)"}"#, fails: .validation, message)
        try region.expect(
            .batchGetItem,
            #"{"RequestItems":{"indexed":{"Keys":[\#(key)],"ProjectionExpression":"\#(path)"}}}"#, fails: .validation,
            message)
    }

    @Test("attribute names have at most 65535 bytes")
    func names() throws {
        let region = try DataPlaneRegion()
        let longest = text(65_535)
        let message = parameter + "Attribute name is too large, must be less than 65536 bytes"
        try region.put("hash", #"{"p":{"S":"x"},"\#(longest)":{"S":"y"}}"#)
        try region.expect(
            .putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"},"\#(longest)x":{"S":"y"}}}"#, fails: .validation,
            message)
        try region.expect(
            .putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"},"m":{"M":{"\#(longest)x":{"S":"y"}}}}}"#,
            fails: .validation, message)
        try region.expect(
            .putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"},"":{"S":"y"}}}"#, fails: .validation,
            parameter + "Empty attribute name")
    }
}
