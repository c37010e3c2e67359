import AttributeModel
import Bytes
import Expressions
import Testing

private let prefix = "One or more parameter values were invalid: "

@Suite("Legacy updates")
struct LegacyUpdateTests {
    private let key = item(["pk": s("key")])
    private let old = item(["pk": s("key"), "n": n("3"), "ss": ss("a", "b"), "l": .list([n("1")]), "s": s("x")])

    private func apply(_ entries: (Text, LegacyAttributeUpdate)..., to item: Item?) throws -> Item {
        try UpdateExpression(attributeUpdates: entries).apply(to: item, key: key)
    }

    @Test("PUT is the default; DELETE without a value removes")
    func put() throws {
        let result = try apply(
            ("n", .init(value: s("new"))), ("a.b", .init(action: .put, value: n("1"))), ("s", .init(action: .delete)),
            ("gone", .init(action: .delete)), to: old)
        #expect(
            result == item(["pk": s("key"), "n": s("new"), "a.b": n("1"), "ss": ss("a", "b"), "l": .list([n("1")])]))
    }

    @Test("ADD adds to numbers, sets and lists, and makes them")
    func add() throws {
        let result = try apply(
            ("n", .init(action: .add, value: n("-0.5"))), ("ss", .init(action: .add, value: ss("b", "c"))),
            ("l", .init(action: .add, value: .list([n("1"), s("x")]))),
            ("new", .init(action: .add, value: .list([n("2")]))),
            ("count", .init(action: .add, value: n("1"))), to: old)
        #expect(
            result
                == item([
                    "pk": s("key"), "n": n("2.5"), "ss": ss("a", "b", "c"), "l": .list([n("1"), n("1"), s("x")]),
                    "new": .list([n("2")]), "count": n("1"), "s": s("x"),
                ]))
    }

    @Test("DELETE with a value takes members out of a set")
    func delete() throws {
        #expect(try apply(("ss", .init(action: .delete, value: ss("a", "z"))), to: old).value(of: "ss") == ss("b"))
        #expect(try apply(("ss", .init(action: .delete, value: ss("a", "b"))), to: old).value(of: "ss") == nil)
        #expect(try apply(("gone", .init(action: .delete, value: ss("a"))), to: old) == old)
    }

    @Test("a stored value of another type is refused")
    func mismatch() throws {
        let cases: [(Text, LegacyAttributeUpdate.Action, AttributeValue)] = [
            ("ss", .delete, ns("1")), ("n", .delete, ns("1")), ("ss", .add, ns("1")), ("ss", .add, n("1")),
            ("s", .add, n("1")), ("l", .add, ss("x")), ("n", .add, .list([])),
        ]
        for (name, action, value) in cases {
            let message = refusal { _ = try apply((name, .init(action: action, value: value)), to: old) }
            #expect(message == "Type mismatch for attribute to update", "\(name) \(action)")
        }
    }

    @Test("values that an action cannot use are refused")
    func faults() {
        func message(_ update: LegacyAttributeUpdate) -> String? {
            refusal { _ = try UpdateExpression(attributeUpdates: [("a", update)]) }
        }
        let onlyDelete = prefix + "Only DELETE action is allowed when no attribute value is specified"
        #expect(message(.init()) == onlyDelete)
        #expect(message(.init(action: .put)) == onlyDelete)
        #expect(message(.init(action: .add)) == onlyDelete)
        for (value, type) in [(s("x"), "S"), (b(1), "B"), (.null, "NULL"), (.boolean(true), "BOOL"), (map([:]), "M")] {
            #expect(
                message(.init(action: .delete, value: value))
                    == prefix + "DELETE action with value is not supported for the type \(type)")
            #expect(
                message(.init(action: .add, value: value)) == prefix
                    + "ADD action is not supported for the type \(type)")
        }
        #expect(
            message(.init(action: .delete, value: n("1")))
                == prefix + "DELETE action with value is not supported for the type N")
        #expect(
            message(.init(action: .delete, value: .list([])))
                == prefix + "DELETE action with value is not supported for the type L")
    }

    @Test("an empty map creates the item, DELETE alone does not")
    func creation() throws {
        #expect(try UpdateExpression(attributeUpdates: []).createsItem)
        #expect(try UpdateExpression(attributeUpdates: []).apply(to: nil, key: key) == key)
        let deletions = try UpdateExpression(
            attributeUpdates: [("a", .init(action: .delete)), ("b", .init(action: .delete, value: ss("x")))])
        #expect(!deletions.createsItem)
        #expect(try deletions.apply(to: nil, key: key) == key)
        #expect(try UpdateExpression(attributeUpdates: [("a", .init(value: n("1")))]).createsItem)
    }

    @Test("touched parts, names and types are those of top-level attributes")
    func description() throws {
        let expression = try UpdateExpression(
            attributeUpdates: [
                ("n", .init(action: .add, value: n("1"))), ("a.b", .init(value: s("x"))), ("s", .init(action: .delete)),
            ])
        #expect(expression.topLevelNames == ["n", "a.b", "s"])
        #expect(expression.literalTypes.map(\.type) == [.number, .string])
        #expect(expression.touched(in: old) == item(["n": n("3"), "s": s("x")]))
    }
}

private let comparisonFaults: [(LegacyComparisonOperator, [AttributeValue], String)] = [
    (.equal, [], prefix + "Invalid number of argument(s) for the EQ ComparisonOperator"),
    (.equal, [n("1"), n("1")], prefix + "Invalid number of argument(s) for the EQ ComparisonOperator"),
    (.notEqual, [], prefix + "Invalid number of argument(s) for the NE ComparisonOperator"),
    (.contains, [n("1"), n("1")], prefix + "Invalid number of argument(s) for the CONTAINS ComparisonOperator"),
    (.beginsWith, [], prefix + "Invalid number of argument(s) for the BEGINS_WITH ComparisonOperator"),
    (.null, [n("1")], prefix + "Invalid number of argument(s) for the NULL ComparisonOperator"),
    (.notNull, [n("1")], prefix + "Invalid number of argument(s) for the NOT_NULL ComparisonOperator"),
    (.between, [n("1")], prefix + "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
    (.between, [n("1"), n("2"), n("3")], prefix + "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
    (.isIn, [], prefix + "Invalid number of argument(s) for the IN ComparisonOperator"),
    (.isIn, [s("b"), n("1")], prefix + "AttributeValues inside AttributeValueList must be of same type"),
    (.between, [s("b"), n("1")], prefix + "AttributeValues inside AttributeValueList must be of same type"),
    (.lessOrEqual, [ss("a")], prefix + "ComparisonOperator LE is not valid for SS AttributeValue type"),
    (.greater, [.null], prefix + "ComparisonOperator GT is not valid for NULL AttributeValue type"),
    (.isIn, [.list([])], prefix + "ComparisonOperator IN is not valid for L AttributeValue type"),
    (.contains, [map([:])], prefix + "ComparisonOperator CONTAINS is not valid for M AttributeValue type"),
    (.notContains, [bs([1])], prefix + "ComparisonOperator NOT_CONTAINS is not valid for BS AttributeValue type"),
    (.beginsWith, [n("1")], prefix + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"),
    (
        .between, [.boolean(true), .boolean(true)],
        prefix + "ComparisonOperator BETWEEN is not valid for BOOL AttributeValue type"
    ),
    (
        .between, [n("4"), n("3")],
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
    ),
]

@Suite("Legacy conditions")
struct LegacyConditionTests {
    private let sample = item([
        "num": n("5"), "str": s("hello"), "bin": b(1, 2), "nil": .null, "set": ss("a", "b"),
        "list": .list([n("1"), s("x")]),
        "a.b": n("1"),
    ])

    private func holds(_ name: Text, _ comparison: LegacyComparisonOperator, _ values: AttributeValue...) throws -> Bool
    {
        let list = values.isEmpty ? nil : values
        let expected = try ConditionExpression(
            expected: [(name, .init(comparisonOperator: comparison, attributeValueList: list))],
            conditionalOperator: nil
        ).isSatisfied(by: sample)
        let filter = try ConditionExpression(
            filter: [(name, .init(comparisonOperator: comparison, attributeValueList: list))],
            conditionalOperator: nil
        ).isSatisfied(by: sample)
        #expect(expected == filter)
        return expected
    }

    @Test("EQ and NE; a missing attribute is not equal")
    func equality() throws {
        #expect(try holds("num", .equal, n("5.0")))
        #expect(try !holds("num", .equal, s("5")))
        #expect(try holds("set", .equal, ss("b", "a")))
        #expect(try holds("list", .equal, .list([n("1"), s("x")])))
        #expect(try !holds("gone", .equal, n("5")))
        #expect(try !holds("num", .notEqual, n("5")))
        #expect(try holds("num", .notEqual, s("5")))
        #expect(try holds("gone", .notEqual, n("5")))
        #expect(try holds("a.b", .equal, n("1")))
    }

    @Test("order, BETWEEN and IN")
    func order() throws {
        #expect(try holds("num", .less, n("6")) && holds("num", .lessOrEqual, n("5")) && holds("num", .greater, n("4")))
        #expect(
            try holds("num", .greaterOrEqual, n("5")) && !holds("num", .less, n("5")) && !holds("num", .greater, n("5"))
        )
        #expect(try !holds("num", .less, s("9")) && !holds("gone", .less, n("9")) && !holds("set", .greater, s("a")))
        #expect(try holds("num", .between, n("5"), n("5")) && !holds("num", .between, n("6"), n("9")))
        #expect(try !holds("gone", .between, n("1"), n("9")) && !holds("num", .between, s("1"), s("9")))
        #expect(try holds("num", .isIn, n("4"), n("5")) && !holds("num", .isIn, n("4")) && !holds("set", .isIn, s("a")))
    }

    @Test("NULL and NOT_NULL ask for existence, not for the NULL type")
    func existence() throws {
        #expect(try holds("nil", .notNull) && !holds("nil", .null))
        #expect(try !holds("gone", .notNull) && holds("gone", .null))
    }

    @Test("CONTAINS, NOT_CONTAINS and BEGINS_WITH are false without the attribute")
    func contains() throws {
        #expect(try holds("str", .contains, s("ell")) && !holds("str", .notContains, s("ell")))
        #expect(try !holds("str", .contains, n("1")) && holds("str", .notContains, n("1")))
        #expect(try holds("set", .contains, s("a")) && !holds("set", .notContains, s("a")))
        #expect(try holds("list", .contains, n("1.0")) && holds("list", .notContains, n("2")))
        #expect(try !holds("gone", .contains, s("a")) && !holds("gone", .notContains, s("a")))
        #expect(try holds("str", .beginsWith, s("he")) && !holds("num", .beginsWith, s("5")))
        #expect(try !holds("gone", .beginsWith, s("")) && holds("bin", .beginsWith, b(1)))
    }

    @Test("Value and Exists")
    func valueAndExists() throws {
        func holds(_ name: Text, _ expectation: LegacyExpectation) throws -> Bool {
            try ConditionExpression(expected: [(name, expectation)], conditionalOperator: nil).isSatisfied(by: sample)
        }
        #expect(try holds("num", .init(value: n("5"))) && !holds("num", .init(value: n("6"))))
        #expect(
            try holds("num", .init(value: n("5"), exists: true)) && !holds("gone", .init(value: n("5"), exists: true)))
        #expect(try holds("gone", .init(exists: false)) && !holds("num", .init(exists: false)))
        #expect(try holds("num", .init(value: n("6"), comparisonOperator: .less)))
        #expect(
            try ConditionExpression(expected: [("pk", .init(exists: false))], conditionalOperator: nil)
                .isSatisfied(by: nil))
    }

    @Test("AND is the default, OR on demand; no entry always holds")
    func combination() throws {
        let yes = LegacyExpectation(value: n("5"))
        let no = LegacyExpectation(value: n("6"))
        func holds(_ expectations: [LegacyExpectation], _ conditionalOperator: ConditionalOperator?) throws -> Bool {
            try ConditionExpression(
                expected: expectations.map { ("num", $0) }, conditionalOperator: conditionalOperator
            ).isSatisfied(by: sample)
        }
        #expect(
            try holds([yes, yes], nil) && !holds([yes, no], nil) && holds([yes, yes], .and) && !holds([no, yes], .and))
        #expect(try holds([no, yes], .or) && !holds([no, no], .or))
        #expect(try holds([], nil))
        let message = "ConditionalOperator cannot be used without Filter or Expected"
        #expect(refusal { _ = try holds([], .and) } == message)
        #expect(refusal { _ = try ConditionExpression(filter: [], conditionalOperator: .or) } == message)
    }

    @Test("operators and their values", arguments: comparisonFaults)
    func comparisons(comparison: LegacyComparisonOperator, values: [AttributeValue], message: String) {
        let condition = LegacyCondition(comparisonOperator: comparison, attributeValueList: values)
        let expectation = LegacyExpectation(comparisonOperator: comparison, attributeValueList: values)
        #expect(
            refusal { _ = try ConditionExpression(filter: [("a", condition)], conditionalOperator: nil) } == message)
        #expect(
            refusal { _ = try ConditionExpression(expected: [("a", expectation)], conditionalOperator: nil) } == message
        )
        #expect(refusal { _ = try KeyConditionExpression(keyConditions: [("a", condition)]) } == message)
    }

    @Test("combinations of members")
    func members() {
        let cases: [(LegacyExpectation, String)] = [
            (
                .init(value: n("1"), exists: true, comparisonOperator: .equal, attributeValueList: []),
                "Value and AttributeValueList cannot be used together for Attribute: a"
            ),
            (
                .init(value: n("1"), attributeValueList: [n("1")]),
                "Value and AttributeValueList cannot be used together for Attribute: a"
            ),
            (
                .init(exists: false, comparisonOperator: .equal, attributeValueList: [n("1")]),
                "Exists and ComparisonOperator cannot be used together for Attribute: a"
            ),
            (
                .init(comparisonOperator: .equal),
                "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a"
            ),
            (
                .init(attributeValueList: [n("1")]),
                "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"
            ),
            (
                .init(exists: true, attributeValueList: []),
                "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"
            ),
            (.init(), "Value must be provided when Exists is null for Attribute: a"),
            (.init(exists: true), "Value must be provided when Exists is true for Attribute: a"),
            (.init(value: n("1"), exists: false), "Value cannot be used when Exists is false for Attribute: a"),
            (
                .init(value: n("1"), comparisonOperator: .null),
                "Invalid number of argument(s) for the NULL ComparisonOperator"
            ),
            (
                .init(value: n("1"), comparisonOperator: .between),
                "Invalid number of argument(s) for the BETWEEN ComparisonOperator"
            ),
        ]
        for (expectation, message) in cases {
            #expect(
                refusal {
                    _ = try ConditionExpression(
                        expected: [("b", .init(exists: false)), ("a", expectation)], conditionalOperator: .or)
                } == prefix + message)
        }
    }

    @Test("names are listed for the check against key attributes")
    func names() throws {
        let filter = try ConditionExpression(
            filter: [("b", .init(comparisonOperator: .null)), ("a.b", .init(comparisonOperator: .notNull))],
            conditionalOperator: nil)
        #expect(filter.topLevelNames == ["b", "a.b"])
        #expect(refusal { try filter.checkKeyPaths(["a", "b"], indexKeyNames: ["a"]) } == nil)
    }
}

@Suite("Legacy key conditions")
struct LegacyKeyConditionTests {
    private let schema = KeySchema(
        partitionKeys: [KeyAttribute(name: "a", type: .string)], sortKeys: [KeyAttribute(name: "b", type: .string)])

    private func resolve(
        _ conditions: [(Text, LegacyComparisonOperator, [AttributeValue])], _ schema: KeySchema
    ) throws -> KeyCondition {
        try KeyConditionExpression(
            keyConditions: conditions.map { ($0, .init(comparisonOperator: $1, attributeValueList: $2)) }
        ).resolve(against: schema)
    }

    @Test("each operator reads the same range as its expression")
    func ranges() throws {
        let cases: [(LegacyComparisonOperator, [AttributeValue], String)] = [
            (.equal, [s("b")], "b = :s2"), (.less, [s("b")], "b < :s2"), (.lessOrEqual, [s("b")], "b <= :s2"),
            (.greater, [s("b")], "b > :s2"), (.greaterOrEqual, [s("b")], "b >= :s2"),
            (.beginsWith, [s("b")], "begins_with(b, :s2)"), (.between, [s("b"), s("text")], "b BETWEEN :s2 AND :s"),
        ]
        for (comparison, values, text) in cases {
            let legacy = try resolve([("b", comparison, values), ("a", .equal, [s("text")])], schema)
            let modern = try keyCondition("a = :s AND \(text)").resolve(against: schema)
            #expect(
                legacy.lower == modern.lower && legacy.upper == modern.upper
                    && legacy.partitionKey == modern.partitionKey)
            for value in ["a", "b", "bb", "text", "texts"] {
                let start = item(["a": s("text"), "b": s(value)])
                #expect(legacy.isSatisfied(by: start) == modern.isSatisfied(by: start))
            }
        }
        #expect(
            try resolve([("a", .equal, [s("text")])], schema).lower
                == keyCondition("a = :s").resolve(against: schema).lower)
    }

    @Test("operators that no key answers")
    func notIndexable() {
        let message = "Attempted conditional constraint is not an indexable operation"
        let operators: [(LegacyComparisonOperator, [AttributeValue])] = [
            (.notEqual, [s("x")]), (.contains, [s("x")]), (.notContains, [s("x")]), (.isIn, [s("x")]), (.null, []),
            (.notNull, []),
        ]
        for (comparison, values) in operators {
            #expect(refusal { _ = try resolve([("a", comparison, values)], schema) } == message)
            #expect(
                refusal { _ = try resolve([("a", .equal, [s("x")]), ("b", comparison, values)], schema) } == message)
        }
    }

    @Test("faults about the schema")
    func schemaFaults() {
        let length = "Conditions can be of length 1 or 2 only"
        #expect(refusal { _ = try resolve([], schema) } == length)
        #expect(
            refusal { _ = try resolve([("a", .equal, [s("x")]), ("b", .null, []), ("c", .null, [])], schema) } == length
        )
        #expect(
            refusal { _ = try resolve([("b", .equal, [s("x")])], schema) }
                == "Query condition missed key schema element: a")
        #expect(
            refusal { _ = try resolve([("a", .equal, [s("x")]), ("c", .null, [])], schema) }
                == "Query condition missed key schema element: b")
        for comparison in [LegacyComparisonOperator.less, .lessOrEqual, .greater, .greaterOrEqual, .beginsWith] {
            #expect(
                refusal { _ = try resolve([("a", comparison, [s("x")])], schema) }
                    == "Query key condition not supported")
        }
        #expect(
            refusal { _ = try resolve([("a", .equal, [s("x")]), ("b", .equal, [n("1")])], schema) }
                == prefix + "Condition parameter type does not match schema type")
    }
}
