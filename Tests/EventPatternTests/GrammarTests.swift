import Bytes
import EventPattern
import Testing

/// What is no pattern, and what event-ruler says of it (reference `event-filtering.md` 2 and 4).
@Suite struct GrammarTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let pattern: String
        let reason: String
        var testDescription: String { pattern }

        init(_ pattern: String, _ reason: String) {
            self.pattern = pattern
            self.reason = reason
        }

        /// The value of the only field.
        static func field(_ value: String, _ reason: String) -> Refused { Refused("{\"a\":\(value)}", reason) }
        /// The only matcher of the only field.
        static func matcher(_ matcher: String, _ reason: String) -> Refused { field("[\(matcher)]", reason) }
    }

    private static let onlyOneKey = "Only one key allowed in match expression"
    private static let tooManyElements = "Too many elements in numeric expression"
    private static let anythingButValue = "Value of anything-but must be an array or single string/number value."
    private static let mixedList =
        "Inside anything but list, either all values are number or string, mixed type is not supported"

    @Test(arguments: [
        Refused("\"x\"", "Filter is not an object"),
        Refused("[]", "Filter is not an object"),
        Refused("null", "Filter is not an object"),
        Refused("{}", "Empty objects are not allowed"),
        .field("{}", "Empty objects are not allowed"),
        .field("[]", "Empty arrays are not allowed"),
        .field("\"x\"", "\"a\" must be an object or an array"),
        .field("1", "\"a\" must be an object or an array"),
        .field("null", "\"a\" must be an object or an array"),
        .matcher("[\"x\"]", "Match value must be String, number, true, false, or null"),
        .matcher("{}", "Match expression name not found"),
        .matcher("{\"foo\":1}", "Unrecognized match type foo"),
        .matcher("{\"not-wildcard\":\"x\"}", "Unrecognized match type not-wildcard"),
        .matcher("{\"exactly\":1}", "exact match pattern must be a string"),
        .matcher("{\"exists\":\"true\"}", "exists match pattern must be either true or false."),
        .matcher("{\"exists\":true,\"prefix\":\"x\"}", onlyOneKey),
    ])
    func structure(_ refused: Refused) {
        #expect(refusal(refused.pattern)?.reason == refused.reason)
    }

    @Test(
        arguments: [
            .matcher("{\"prefix\":[\"a\"]}", "prefix match pattern must be a string"),
            .matcher("{\"prefix\":null}", "prefix match pattern must be a string"),
            .matcher("{\"prefix\":\"a\",\"suffix\":\"b\"}", onlyOneKey),
            .matcher("{\"prefix\":{}}", "Prefix expression name not found"),
            .matcher("{\"prefix\":{\"suffix\":\"a\"}}", "Unsupported prefix pattern: suffix"),
            .matcher("{\"suffix\":1}", "suffix match pattern must be a string"),
            .matcher("{\"suffix\":{\"prefix\":\"a\"}}", "Unsupported suffix pattern: prefix"),
            .matcher("{\"suffix\":{\"equals-ignore-case\":1}}", "equals-ignore-case match pattern must be a string"),
            .matcher("{\"equals-ignore-case\":[\"a\"]}", "equals-ignore-case match pattern must be a string"),
            .matcher("{\"wildcard\":[\"a\"]}", "wildcard match pattern must be a string"),
            .matcher("{\"wildcard\":\"a**\"}", "Consecutive wildcard characters at pos 2"),
            .matcher("{\"wildcard\":\"a\\\\b\"}", "Invalid escape character at pos 2"),
            .matcher("{\"wildcard\":\"a\\\\\"}", "Invalid escape character at pos 2"),
            .matcher("{\"cidr\":\"10.0.0.0/32\"}", "IPv4 mask bits must be < 32"),
            .matcher("{\"cidr\":\"::/128\"}", "IPv6 mask bits must be < 128"),
            .matcher("{\"cidr\":\"10.0.0.0\"}", "Malformed CIDR, one '/' required"),
            .matcher("{\"cidr\":\"10.0.0.0/x\"}", "Malformed CIDR, mask bits must be an integer"),
            .matcher("{\"cidr\":\"10.0.0/8\"}", "Nonstandard IP address: 10.0.0"),
        ] as [Refused])
    func strings(_ refused: Refused) {
        #expect(refusal(refused.pattern)?.reason == refused.reason)
    }

    @Test(
        arguments: [
            .matcher("{\"anything-but\":[\"x\",1]}", mixedList),
            .matcher("{\"anything-but\":[]}", mixedList),
            .matcher("{\"anything-but\":null}", anythingButValue),
            .matcher("{\"anything-but\":true}", anythingButValue),
            .matcher("{\"anything-but\":[null]}", "Inside anything but list, start|null|boolean is not supported."),
            .matcher("{\"anything-but\":9007199254740993}", "Cannot compare number : 9007199254740993"),
            .matcher("{\"anything-but\":{}}", "Anything-But expression name not found"),
            .matcher("{\"anything-but\":{\"prefix\":\"\"}}", "Null prefix/suffix not allowed"),
            .matcher("{\"anything-but\":{\"suffix\":[\"a\",\"\"]}}", "Null prefix/suffix not allowed"),
            .matcher("{\"anything-but\":{\"prefix\":1}}", "prefix/suffix match pattern must be a string"),
            .matcher("{\"anything-but\":{\"wildcard\":\"**\"}}", "Consecutive wildcard characters at pos 1"),
            .matcher("{\"anything-but\":{\"numeric\":[\"=\",1]}}", "Unsupported anything-but pattern: numeric"),
            .matcher("{\"anything-but\":{\"exists\":true}}", "Unsupported anything-but pattern: exists"),
            .matcher("{\"anything-but\":{\"prefix\":\"a\",\"suffix\":\"b\"}}", tooManyElements),
            .matcher(
                "{\"anything-but\":{\"equals-ignore-case\":[1]}}",
                "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."),
        ] as [Refused])
    func anythingBut(_ refused: Refused) {
        #expect(refusal(refused.pattern)?.reason == refused.reason)
    }

    @Test(
        arguments: [
            .matcher("{\"numeric\":5}", "Value of numeric must be an array."),
            .matcher("{\"numeric\":[]}", "Invalid member in numeric match: ]"),
            .matcher("{\"numeric\":[5,\">\"]}", "Invalid member in numeric match: 5"),
            .matcher("{\"numeric\":[\"!=\",1]}", "Unrecognized numeric range operator: !="),
            .matcher("{\"numeric\":[\">\"]}", "Value of > must be numeric"),
            .matcher("{\"numeric\":[\"=\",\"5\"]}", "Value of equals must be numeric"),
            .matcher("{\"numeric\":[\"<\",10,\">\",0]}", tooManyElements),
            .matcher("{\"numeric\":[\">\",10,\"<\",0]}", "Bottom must be less than top"),
            .matcher("{\"numeric\":[\">=\",5,\"<=\",5]}", "Bottom must be less than top"),
            .matcher("{\"numeric\":[\">\",1,\">\",2]}", "Bad numeric range operator: >"),
            .matcher("{\"numeric\":[\">\",1,\"<\",5,\"<\",6]}", "Too many terms in numeric range expression"),
            .matcher("{\"numeric\":[\">\",12345678901234567]}", "Cannot compare number : 12345678901234567"),
        ] as [Refused])
    func numeric(_ refused: Refused) {
        #expect(refusal(refused.pattern)?.reason == refused.reason)
    }

    @Test(arguments: [
        Refused("{\"$or\":{\"a\":{}}}", "It must be an Array followed with $or."),
        Refused("{\"$or\":[{\"a\":[1]}]}", "There must have at least 2 Objects in $or relationship."),
        Refused("{\"$or\":[]}", "There must have at least 2 Objects in $or relationship."),
        Refused("{\"$or\":[{\"a\":[1]},2]}", "Only JSON object is allowed in array of $or relationship."),
        Refused("{\"$or\":[{\"a\":[1]},{}]}", "Empty objects are not allowed"),
        Refused(
            "{\"$or\":[{\"a\":[1]},{\"prefix\":[1]}]}",
            "prefix is Ruler reserved fieldName which cannot be used inside $or."),
    ])
    func alternatives(_ refused: Refused) {
        #expect(refusal(refused.pattern)?.reason == refused.reason)
    }

    @Test("a reason comes with the field it is about, or with the place where the text stops being JSON")
    func places() {
        #expect(refusal(#"{"a":{"b":[{"foo":1}]}}"#)?.path == "a.b")
        #expect(refusal(#"{"a":[1,}"#)?.position == 8)
        #expect(refusal("{'a':[1]}")?.position == 1)
    }

    @Test("text behind the pattern is ignored")
    func trailingText() throws {
        #expect(try matches(#"{"a":[1]} and more"#, #"{"a":1}"#))
    }

    @Test("$or that cannot be the operator is a field like others, where that is a pattern")
    func alternativesAsField() throws {
        #expect(try matches(#"{"$or":{"a":[1]}}"#, #"{"$or":{"a":1}}"#))
        #expect(try !matches(#"{"$or":{"a":[1]}}"#, #"{"a":1}"#))
        #expect(try matches(#"{"$or":[{"prefix":"x"},{"prefix":"y"}]}"#, #"{"$or":"yes"}"#))
    }

    @Test("alternatives are multiplied out up to a limit")
    func patternBombs() throws {
        func pattern(_ choices: Int) -> String {
            let choice = (0..<choices).map { "\"f\($0)\":{\"$or\":[{\"x\":[1]},{\"y\":[2]}]}" }
            return "{\(choice.joined(separator: ","))}"
        }
        #expect(try matches(pattern(10), "{" + (0..<10).map { "\"f\($0)\":{\"y\":2}" }.joined(separator: ",") + "}"))
        #expect(try #require(refusal(pattern(11))).reason.contains("combinations"))
        #expect(try #require(refusal(pattern(40))).reason.contains("combinations"))
        let list = (0..<1_000).map(String.init).joined(separator: ",")
        let wide = "{\"$or\":[" + (0..<100).map { "{\"f\($0)\":[\(list)]}" }.joined(separator: ",") + "]}"
        #expect(try #require(refusal(wide)).reason.contains("tests"))
        let fields = "{" + (0...FilterPattern.fieldsMax).map { "\"f\($0)\":[1]" }.joined(separator: ",") + "}"
        #expect(try #require(refusal(fields)).reason.contains("fields"))
    }
}

/// The filters of a mapping (reference `event-filtering.md` 1).
@Suite struct FilterCriteriaTests {
    private static let pattern = Array(#"{"a":["x"]}"#.utf8)

    @Test func fiveFiltersUnlessTheQuotaIsRaisedToTen() throws {
        func count(_ filters: Int, _ max: Int = FilterCriteria.filtersDefaultMax) -> FilterCriteriaError? {
            do throws(FilterCriteriaError) {
                _ = try FilterCriteria(Array(repeating: Self.pattern, count: filters), filtersMax: max)
                return nil
            } catch {
                return error
            }
        }
        #expect(count(5) == nil)
        #expect(count(6) == .tooManyFilters(count: 6, max: 5))
        #expect(count(10, 10) == nil)
        #expect(count(11, 20) == .tooManyFilters(count: 11, max: 10))
    }

    @Test func patternsAreLimitedInCharacters() throws {
        func criteria(_ characters: Int) throws -> FilterCriteria {
            let padding = String(repeating: "é", count: characters - 10)
            return try FilterCriteria([Array(#"{"a":["\#(padding)"]}"#.utf8)])
        }
        #expect(try criteria(4_096).patterns.count == 1)
        #expect(throws: FilterCriteriaError.patternTooLong(index: 0, characters: 4_097)) { try criteria(4_097) }
    }

    @Test func aBadPatternIsNamed() {
        let error = PatternError("Filter is not an object")
        #expect(throws: FilterCriteriaError.invalidPattern(index: 1, error)) {
            try FilterCriteria([Self.pattern, Array("null".utf8)])
        }
    }
}
