import AttributeModel
import Bytes
import JSONBytes
import TestSupport
import Testing

/// Items from and to DynamoDB JSON.
struct ItemJSONTests {
    @Test(
        arguments: [
            (#"{"S":""}"#, .string("")), (#"{"S":"é\u00e9"}"#, .string("éé")), (#"{"S":"\u0000"}"#, .string("\u{0}")),
            (#"{"N":"1e3"}"#, .number(DecimalNumber(1000))), (#"{"N":"-0"}"#, .number(.zero)),
            (#"{"B":"AAEC"}"#, .binary([0, 1, 2])),
            (#"{"B":""}"#, .binary([])), (#"{"BOOL":true}"#, .boolean(true)), (#"{"BOOL":false}"#, .boolean(false)),
            (#"{"NULL":true}"#, .null),
            (#"{"L":[]}"#, .list([])), (#"{"M":{}}"#, .map([:])), (#"{"SS":["b","a"]}"#, .stringSet(["a", "b"])),
            (#"{"SS":[""]}"#, .stringSet([""])),
            (#"{"NS":["2","-1","10"]}"#, .numberSet([DecimalNumber(-1), DecimalNumber(2), DecimalNumber(10)])),
            (#"{"BS":["/w==","AA==",""]}"#, .binarySet([[], [0], [255]])),
            (#"{"L":[{"S":"a"},{"L":[{"NULL":true}]}]}"#, .list([.string("a"), .list([.null])])),
            (#"{"M":{"b":{"N":"1"},"a":{"M":{}}}}"#, .map(["a": .map([:]), "b": .number(DecimalNumber(1))])),
            // The words that AWS takes for booleans.
            (#"{"BOOL":"TRUE"}"#, .boolean(true)), (#"{"BOOL":"Yes"}"#, .boolean(true)),
            (#"{"BOOL":"1"}"#, .boolean(true)),
            (#"{"BOOL":"false"}"#, .boolean(false)), (#"{"BOOL":"no"}"#, .boolean(false)),
            (#"{"BOOL":"0"}"#, .boolean(false)),
            (#"{"NULL":"true"}"#, .null),
            // JSON null is an absent member, unknown members are not looked at.
            (#"{"N":null,"S":"x"}"#, .string("x")), (#"{"dog":"cat","S":"x"}"#, .string("x")),
            (#"{"M":{"a":null}}"#, .map([:])),
            // Escapes may be anywhere.
            (#"{"\u0053":"x"}"#, .string("x")), (#"{"\u004E":"\u0031\u0030"}"#, .number(DecimalNumber(10))),
            (#"{"N\u0053":["\u0031","2"]}"#, .numberSet([DecimalNumber(1), DecimalNumber(2)])),
            (#"{"B":"\u0041AEC"}"#, .binary([0, 1, 2])),
            (#"{"B":"\/w=="}"#, .binary([255])), (#"{"\u0042OOL":true}"#, .boolean(true)),
            (#"{"BS":["\/w=="]}"#, .binarySet([[255]])),
            // Of a repeated type the last one counts.
            (#"{"S":"a","S":"b"}"#, .string("b")),
        ] as [(String, AttributeValue)])
    func values(text: String, value: AttributeValue) throws {
        #expect(try AttributeValue(json: text) == value)
        #expect(try Item(json: "{\"a\":\(text)}") == Item(["a": value]))
        #expect(try Item(json: "{\"a\":\(text)}").value(of: "a") == value)
        #expect(try AttributeValue(json: "{\"L\":[\(text)]}") == .list([value]))
    }

    @Test(
        arguments: [
            (.string("a\"\n\u{0}é"), #"{"S":"a\"\n\u0000é"}"#), (.number(DecimalNumber(-12)), #"{"N":"-12"}"#),
            (.binary([251, 255]), #"{"B":"+/8="}"#),
            (.boolean(true), #"{"BOOL":true}"#), (.boolean(false), #"{"BOOL":false}"#), (.null, #"{"NULL":true}"#),
            (.list([]), #"{"L":[]}"#),
            (.map([:]), #"{"M":{}}"#), (.list([.null, .string("")]), #"{"L":[{"NULL":true},{"S":""}]}"#),
            (.map(["b": .null, "a": .map([:])]), #"{"M":{"a":{"M":{}},"b":{"NULL":true}}}"#),
            (.stringSet(["a", "b"]), #"{"SS":["a","b"]}"#),
            (.numberSet([DecimalNumber(-1), .zero]), #"{"NS":["-1","0"]}"#),
            (.binarySet([[], [0]]), #"{"BS":["","AA=="]}"#),
        ] as [(AttributeValue, String)])
    func written(value: AttributeValue, text: String) {
        #expect(value.json == text)
        #expect(Item(["a": value]).json == "{\"a\":\(text)}")
        #expect(value.type == (try? AttributeValue(json: text))?.type)
    }

    /// Error texts of the reference, `data-plane.md` 4.1 and 4.2 (right-hand column).
    @Test(
        arguments: [
            (#"{}"#, .noType, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
            (
                #"{"dog":"cat"}"#, .noType,
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            ),
            (
                #"{"s":"a"}"#, .noType,
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            ),
            (
                #"{"S":null}"#, .noType,
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            ),
            (
                #"{"S":"a","N":"1"}"#, .severalTypes,
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
            ),
            (
                #"{"NULL":false}"#, .nullIsFalse,
                "One or more parameter values were invalid: Null attribute value types must have the value of true"
            ),
            (
                #"{"NULL":"no"}"#, .nullIsFalse,
                "One or more parameter values were invalid: Null attribute value types must have the value of true"
            ),
            (
                #"{"SS":[]}"#, .emptyStringSet,
                "One or more parameter values were invalid: An string set  may not be empty"
            ),
            (
                #"{"NS":[]}"#, .emptyNumberSet,
                "One or more parameter values were invalid: An number set  may not be empty"
            ),
            (
                #"{"BS":[]}"#, .emptyBinarySet,
                "One or more parameter values were invalid: Binary sets should not be empty"
            ),
            (
                #"{"SS":["b","a","b"]}"#, .duplicateStrings(["b", "a", "b"]),
                "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."
            ),
            (#"{"NS":["1","2","1.0"]}"#, .duplicateNumbers, "Input collection contains duplicates"),
            (#"{"NS":["100","1e2"]}"#, .duplicateNumbers, "Input collection contains duplicates"),
            (
                #"{"BS":["/w==","AA==","AA=="]}"#, .duplicateBinaries(["/w==", "AA==", "AA=="]),
                "One or more parameter values were invalid: Input collection [/w==, AA==, AA==]of type BS contains duplicates."
            ),
            (
                #"{"N":"abc"}"#, .number(.notNumeric, text: "abc"),
                "The parameter cannot be converted to a numeric value: abc"
            ),
            (#"{"N":""}"#, .number(.notNumeric, text: ""), "The parameter cannot be converted to a numeric value"),
            (
                #"{"NS":["1",""]}"#, .number(.notNumeric, text: ""),
                "The parameter cannot be converted to a numeric value"
            ),
            (
                #"{"N":"\u0061"}"#, .number(.notNumeric, text: "a"),
                "The parameter cannot be converted to a numeric value: a"
            ),
            (
                #"{"N":"1e126"}"#, .number(.overflow, text: "1e126"),
                "Number overflow. Attempting to store a number with magnitude larger than supported range"
            ),
            (
                #"{"NS":["1e-131"]}"#, .number(.underflow, text: "1e-131"),
                "Number underflow. Attempting to store a number with magnitude smaller than supported range"
            ),
            (
                #"{"N":"123456789012345678901234567890123456789"}"#,
                .number(.tooManyDigits, text: "123456789012345678901234567890123456789"),
                "Attempting to store more than 38 significant digits in a Number"
            ),
            (#"{"M":{"":{"S":"x"}}}"#, .emptyName, "One or more parameter values were invalid: Empty attribute name"),
            // The values inside are looked at before their number is.
            (
                #"{"S":"a","N":"x"}"#, .number(.notNumeric, text: "x"),
                "The parameter cannot be converted to a numeric value: x"
            ),
            (
                #"{"NS":[],"S":"a"}"#, .emptyNumberSet,
                "One or more parameter values were invalid: An number set  may not be empty"
            ),
        ] as [(String, AttributeValueError, String)])
    func errors(text: String, error: AttributeValueError, message: String) {
        #expect(error.message == message)
        #expect(throws: error) { try AttributeValue(json: text) }
        #expect(throws: error) { try Item(json: "{\"a\":\(text)}") }
        #expect(throws: error) { try Item(json: #"{"a":{"M":{"b":{"L":[{"NULL":true},\#(text)]}}}}"#) }
    }

    /// What the request's binder has a text for (reference `data-plane.md` 1.3).
    @Test(arguments: [
        "[]", "1", "null", #""S""#, "true", #"{"S":1}"#, #"{"S":true}"#, #"{"S":[]}"#, #"{"S":{}}"#, #"{"N":1}"#,
        #"{"N":[]}"#, #"{"B":1}"#,
        #"{"B":"A"}"#, #"{"B":"AB=="}"#, #"{"B":"A-=="}"#, #"{"BOOL":"x"}"#, #"{"BOOL":1}"#, #"{"BOOL":[]}"#,
        #"{"NULL":"x"}"#,
        #"{"NULL":{}}"#, #"{"L":{}}"#, #"{"L":"a"}"#, #"{"L":[1]}"#, #"{"L":[null]}"#, #"{"M":[]}"#, #"{"M":"a"}"#,
        #"{"M":{"a":1}}"#, #"{"SS":"a"}"#,
        #"{"SS":[1]}"#, #"{"SS":{}}"#, #"{"NS":[1]}"#, #"{"NS":{}}"#, #"{"BS":[1]}"#, #"{"BS":["A"]}"#, #"{"BS":{}}"#,
    ])
    func wrongJSONTypes(text: String) {
        #expect(throws: AttributeValueError.binding) { try AttributeValue(json: text) }
        if text != "null" { #expect(throws: AttributeValueError.binding) { try Item(json: "{\"a\":\(text)}") } }
        #expect(throws: AttributeValueError.binding) { try Item(json: #"{"a":{"L":[\#(text)]}}"#) }
    }

    @Test(arguments: ["[]", "1", "null", #""a""#, "true"])
    func itemsAreObjects(text: String) {
        #expect(throws: AttributeValueError.binding) { try Item(json: text) }
    }

    @Test
    func attributeNamesAreNotEmptyAndMayBeAnythingElse() throws {
        #expect(throws: AttributeValueError.emptyName) { try Item(json: #"{"":{"S":"x"}}"#) }
        let item = try Item(json: #"{"\u0000":{"S":"1"},"\n\"":{"S":"2"},"\u00e9":{"S":"3"},"e\u0301":{"S":"4"}}"#)
        #expect(item.attributeCount == 4)
        #expect(item.value(of: "\u{0}") == .string("1"))
        #expect(item.value(of: "\n\"") == .string("2"))
        #expect(item.value(of: "\u{E9}") == .string("3"))
        #expect(item.value(of: "e\u{301}") == .string("4"))
    }

    @Test
    func jsonNullIsAnAbsentAttribute() throws {
        #expect(try Item(json: #"{"a":null}"#) == .empty)
        #expect(try Item(json: #"{"b":null,"a":{"S":"x"},"c":null}"#) == Item(["a": .string("x")]))
    }

    @Test
    func ofRepeatedNamesTheLastOneCounts() throws {
        let expected = Item(["a": .string("3"), "b": .string("2")])
        #expect(try Item(json: #"{"a":{"S":"1"},"b":{"S":"2"},"a":{"S":"3"}}"#) == expected)
        #expect(try Item(json: #"{"b":{"S":"2"},"a":{"S":"1"},"\u0061":{"S":"3"}}"#) == expected)
        #expect(try Item(json: #"{"a":{"S":"1"},"a":{"S":"2"},"a":{"S":"3"},"b":{"S":"2"}}"#) == expected)
        #expect(
            try AttributeValue(json: #"{"M":{"a":{"S":"1"},"b":{"S":"2"},"a":{"S":"3"}}}"#)
                == .map(["a": .string("3"), "b": .string("2")]))
        // Hundreds of names, each twice: the count needs fewer bytes in the end than it seemed to at first.
        let names = (0..<100).map { "name\($0)" }
        let members = (names + names.reversed()).enumerated().map { #""\#($1)":{"N":"\#($0)"}"# }
        let item = try Item(json: "{" + members.joined(separator: ",") + "}")
        #expect(item.attributeCount == 100)
        for (index, name) in names.enumerated() {
            #expect(item.value(of: Text(name)) == .number(DecimalNumber(199 - index)))
        }
    }

    @Test(arguments: [0, 1, 127, 128, 129, 300])
    func holdsManyMembers(count: Int) throws {
        let numbers = (0..<count).map { "\($0)" }
        let members = numbers.map { #""n\#($0)":{"N":"\#($0)"}"# }.joined(separator: ",")
        let elements = numbers.map { #"{"N":"\#($0)"}"# }.joined(separator: ",")
        let item = try Item(json: #"{"l":{"L":[\#(elements)]},"m":{"M":{\#(members)}}}"#)
        #expect(item.value(of: "l") == .list((0..<count).map { .number(DecimalNumber($0)) }))
        guard case .map(let map) = item.value(of: "m") else { Issue.record("no map"); return }
        #expect(map.count == count)
        for index in 0..<count { #expect(map[Text("n\(index)")] == .number(DecimalNumber(index))) }
    }

    /// Equal items are equal bytes, whatever order and spelling they came in.
    @Test(arguments: seeds)
    func bytesAreCanonical(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var previous = AttributeMap()
        for _ in 0..<300 {
            let attributes = RandomItem.attributes(&random)
            let item = try Item(json: RandomItem.json(attributes, &random))
            #expect((item == Item(previous)) == (attributes == previous))
            previous = attributes
            #expect(item == Item(attributes))
            #expect(try Item(json: RandomItem.json(attributes, &random)).bytes == item.bytes)
            #expect(item.attributes == attributes)
            #expect(try Item(checking: item.bytes) == item)
        }
    }

    @Test(arguments: seeds)
    func jsonRoundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let item = Item(RandomItem.attributes(&random))
            #expect(try Item(json: item.json) == item)
            let value = RandomItem.value(&random)
            #expect(try AttributeValue(json: value.json) == value)
        }
    }

    /// The texts that grow most when they are stored: the room for them is a bound.
    @Test(arguments: [
        #"{"NS":[\#((0..<10).map { "\"\($0)\"" }.joined(separator: ","))]}"#,
        #"{"NS":["1"]}"#, #"{"NS":["1","2"]}"#,
        #"{"NS":[\#((0..<1000).map { "\"\($0)\"" }.joined(separator: ","))]}"#,
        #"{"L":[\#([String](repeating: #"{"N":"1"}"#, count: 1000).joined(separator: ","))]}"#,
        #"{"L":[\#([String](repeating: #"{"L":[]}"#, count: 1000).joined(separator: ","))]}"#,
        #"{"L":[\#([String](repeating: #"{"NS":["1"]}"#, count: 1000).joined(separator: ","))]}"#,
        #"{"L":[\#([String](repeating: #"{"NS":["1","2","3"]}"#, count: 1000).joined(separator: ","))]}"#,
        #"{"M":{\#((0..<9).map { #""\#($0)":{"NS":["1","2"]}"# }.joined(separator: ","))}}"#,
    ])
    func hasRoomForTheGreatestGrowth(text: String) throws {
        #expect(try AttributeValue(json: try AttributeValue(json: text).json) == AttributeValue(json: text))
    }
}
