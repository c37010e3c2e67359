import Bytes
import EventPattern
import Testing

@Suite struct ExplanationTests {
    private static func explain(_ pattern: String, _ event: String) throws -> FilterExplanation {
        try FilterExplanation(of: try FilterPattern(pattern), on: Array(event.utf8))
    }

    @Test func theValueThatDecidedIsNamed() throws {
        let found = try Self.explain(
            #"{"a":["x",{"prefix":"y"}],"n":[{"numeric":[">",1,"<=",5]}]}"#, #"{"a":["q","yes"],"n":3.0}"#)
        #expect(found.matches)
        let fields = found.combinations[0].fields
        #expect(fields.map(\.path) == ["a", "n"])
        #expect(fields.map(\.accepted?.value) == [#""yes""#, "3.0"])
        #expect(fields.map(\.accepted?.matcher) == [#"{"prefix":"y"}"#, #"{"numeric":[">",1,"<=",5]}"#])
    }

    @Test func soAreTheValuesThatWereRefused() throws {
        let found = try Self.explain(
            #"{"a":[{"anything-but":["p","q"]}],"b":[1],"c":[{"exists":false}]}"#, #"{"a":["p","q"],"c":null}"#)
        #expect(!found.matches)
        let fields = found.combinations[0].fields
        #expect(fields.map(\.isMet) == [false, false, false])
        #expect(fields[0].values == [#""p""#, #""q""#])
        #expect(fields[0].wanted == [#"{"anything-but":["p","q"]}"#])
        #expect(fields[1].values == [])
        #expect(fields[2].values == ["null"])
    }

    @Test func eachAlternativeIsExplained() throws {
        let found = try Self.explain(#"{"$or":[{"a":["x"]},{"b":["y"]}]}"#, #"{"b":"y"}"#)
        #expect(found.matches)
        #expect(found.combinations.map(\.holds) == [false, true])
    }

    @Test func fieldsMetInDifferentElements() throws {
        let pattern = #"{"a":{"b":["x"],"c":["y"]}}"#
        #expect(try Self.explain(pattern, #"{"a":[{"b":"x"},{"c":"y"}]}"#).combinations[0].isInconsistent)
        #expect(try !Self.explain(pattern, #"{"a":[{"b":"x","c":"y"}]}"#).combinations[0].isInconsistent)
    }

    @Test(
        "matchers are shown as they were written",
        arguments: [
            #""x""#, #"{"suffix":"x"}"#, #"{"equals-ignore-case":"Xé"}"#, #"{"prefix":{"equals-ignore-case":"X"}}"#,
            #"{"suffix":{"equals-ignore-case":"X"}}"#, #"{"wildcard":"a\\*b*\\\\"}"#, #"{"cidr":"10.0.0.0/8"}"#,
            #""::1""#, #"{"exists":true}"#, #"{"anything-but":{"prefix":["a","b"]}}"#, "3e2", "true", "null",
            #"{"numeric":["=",5]}"#, #"{"numeric":["<",5]}"#,
        ])
    func writtenForm(_ matcher: String) throws {
        let shown = try Self.explain(#"{"a":[\#(matcher)]}"#, "{}").combinations[0].fields[0].wanted
        #expect(shown == [matcher])
    }

    @Test func longListsOfValuesAreCut() throws {
        let event = "{\"a\":[" + (0..<100).map(String.init).joined(separator: ",") + "]}"
        let field = try Self.explain(#"{"a":["x"]}"#, event).combinations[0].fields[0]
        #expect(field.valueCount == 100)
        #expect(field.values.count == FilterExplanation.valuesMax)
    }
}
