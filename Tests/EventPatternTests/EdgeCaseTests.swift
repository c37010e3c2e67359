import EventPattern
import Testing

/// The edge cases of reference `event-filtering.md` 5: T matches, F does not.
@Suite struct EdgeCaseTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let pattern: String
        /// Events and the expected letters, in the same order.
        let events: [String]
        let expected: String
        var testDescription: String { pattern }

        init(_ pattern: String, _ events: [String], _ expected: String) {
            self.pattern = pattern
            self.events = events
            self.expected = expected
        }

        /// A matcher of field `a` on values of field `a`; nil leaves the field out.
        static func field(_ matchers: String, _ values: [String?], _ expected: String) -> Example {
            Example("{\"a\":[\(matchers)]}", values.map { $0.map { "{\"a\":\($0)}" } ?? "{}" }, expected)
        }
    }

    @Test(
        arguments: [
            .field(#""x""#, [#""x""#, #""X""#, nil, "null"], "TFFF"),
            .field("1", ["1", "1.0", #""1""#], "TTF"),
            .field(#""1""#, ["1"], "F"),
            .field("300", ["3.0e2"], "T"),
            .field("true", ["true", #""true""#], "TF"),
            .field("null", ["null", nil, #""""#, "[]", "[null,1]"], "TFFFT"),
            .field(#""""#, [#""""#, nil], "TF"),
            .field(#"{"exists":true}"#, ["null", #""""#, "[]", "{}", #"{"b":1}"#, #"[{"b":1}]"#, "[[]]"], "TTFFFFF"),
            .field(#"{"exists":false}"#, [nil, "null", "[]", #"{"b":1}"#], "TFTT"),
            .field(#"{"exists":false},"x""#, [#""x""#, nil, #""y""#], "TTF"),
            .field(#""x""#, [#"["y","x"]"#, #"[["x"]]"#, "[]", #"{"b":"x"}"#], "TTFF"),
            .field(
                #"{"anything-but":"x"}"#,
                [
                    #""x""#, #""y""#, "1", "null", "true", nil, #""""#, #"{"b":1}"#, #"["x","y"]"#, #"["x"]"#, "[]",
                ], "FTTTTFTFTFF"),
            .field(#"{"anything-but":1}"#, [#""x""#, "1", "1.0", "2", "null", nil], "TFFTTF"),
            .field(#"{"anything-but":["x"]},"x""#, [#""x""#], "T"),
            .field(#"{"anything-but":{"prefix":"ab"}}"#, [#""abc""#, #""xab""#, "5", nil], "FTTF"),
            .field(
                #"{"anything-but":{"prefix":"a"}},{"anything-but":{"suffix":"z"}}"#, [#""abz""#, #""ab""#], "FT"),
            .field(#"{"prefix":"ab"}"#, [#""abc""#, #""ABc""#], "TF"),
            .field(#"{"prefix":""}"#, [#""z""#, "1"], "TF"),
            .field(#"{"prefix":"1"}"#, ["12"], "F"),
            .field(
                #"{"numeric":[">",0,"<",10]}"#, ["5", #""5""#, "5.0", "0", "10", nil, "null", "[1,7]"], "TFTFFFFT"),
            .field(#"{"numeric":["=",300]}"#, ["3.0e2"], "T"),
            .field(#"{"numeric":[">",0]}"#, ["1e400"], "F"),
            .field(#"{"numeric":["=",-0.0]}"#, ["0", "-0", "0e999999999999"], "TTT"),
            .field("9007199254740993", ["9007199254740993", "9007199254740992", "9007199254740993.0"], "TFF"),
            .field(#"{"wildcard":"*"}"#, [#""""#, "1", nil], "TFF"),
            .field(#"{"wildcard":"a\\*b*"}"#, [#""a*bc""#, #""axbc""#], "TF"),
            .field(#"{"cidr":"10.0.0.0/24"}"#, [#""10.0.0.33""#, #""10.0.1.33""#], "TF"),
            .field(#""::1""#, [#""0:0:0:0:0:0:0:1""#, #""::2""#], "TF"),
            .field(#"{"equals-ignore-case":"straße"}"#, [#""STRASSE""#, #""strasse""#, #""Straße""#], "TFT"),
        ] as [Example])
    func oneField(_ example: Example) throws {
        try check(example)
    }

    @Test(arguments: [
        Example(
            #"{"a":{"b":[{"exists":false}]}}"#,
            ["{}", #"{"a":1}"#, #"{"a":[{"b":1},{"c":1}]}"#, #"{"a":[{"c":1}]}"#], "TTFT"),
        Example(
            #"{"a":{"b":["x"],"c":["y"]}}"#,
            [#"{"a":[{"b":"x"},{"c":"y"}]}"#, #"{"a":[{"b":"x","c":"y"},{"c":"z"}]}"#], "FT"),
        Example(
            #"{"a":{"b":["x"],"c":[{"exists":false}]}}"#,
            [#"{"a":[{"b":"x"},{"c":1}]}"#, #"{"a":[{"b":"x","c":1}]}"#], "TF"),
        // The field before b in the order of paths is absent only where there is none anywhere.
        Example(#"{"a":{"b":[{"exists":false}],"c":["x"]}}"#, [#"{"a":[{"c":"x"},{"b":1}]}"#], "F"),
        Example(
            #"{"c":["1"],"$or":[{"a":["x"]},{"b":["y"]}]}"#, [#"{"a":"x","c":"1"}"#, #"{"a":"x"}"#], "TF"),
        Example(
            #"{"$or":[{"a":["x"],"b":["y"]},{"c":["z"]}]}"#,
            [#"{"a":"x","b":"n","c":"q"}"#, #"{"a":"x","b":"y"}"#], "FT"),
        Example(
            #"{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}"#,
            [#"{"a":"y"}"#, #"{"a":"q","b":"z"}"#, #"{"a":"x","b":"z"}"#], "TFT"),
        Example(
            #"{"d":{"n":{"a":["p"]}},"d":{"o":{"a":["t"]}}}"#,
            [#"{"d":{"n":{"a":"p"},"o":{"a":"t"}}}"#, #"{"d":{"n":{"a":"p"}}}"#], "TF"),
        Example(#"{"a":["x"],"a":["y"]}"#, [#"{"a":"y"}"#, #"{"a":"x"}"#], "TF"),
        Example(
            #"{"a.b":["x"]}"#, [#"{"a":{"b":"x"}}"#, #"{"a.b":"x"}"#, #"{"a":[{"b":"x"}]}"#, #"{"b":"x"}"#], "TTTF"),
        Example(#"{"a":["x"]}"#, [#"{"a":"y","a":"x"}"#, #"{"\u0061":"\u0078"}"#], "TT"),
    ])
    func severalFields(_ example: Example) throws {
        try check(example)
    }

    private static let record =
        #"{"eventName":"INSERT","dynamodb":{"SizeBytes":40,"ApproximateCreationDateTime":1700000000.0,"#
        + #""Keys":{"id":{"S":"1"}},"NewImage":{"n":{"N":"101"},"flag":{"BOOL":true},"nul":{"NULL":true},"#
        + #""l":{"L":[{"S":"Sales"},{"N":"5"}]},"m":{"M":{"k":{"S":"v"}}},"ss":{"SS":["r","g"]},"e":{"S":""},"el":{"L":[]}}}}"#

    @Test(
        "stream records",
        arguments: [
            (#"{"n":{"N":["101"]}}"#, true), (#"{"n":{"N":[101]}}"#, false),
            (#"{"n":{"N":[{"numeric":[">",100]}]}}"#, false), (#"{"n":{"N":["101.0"]}}"#, false),
            (#"{"n":{"N":[{"prefix":"1"}]}}"#, true),
            (#"{"n":{"N":[{"numeric":[">",100]},{"anything-but":"101"}]}}"#, false),
            (#"{"flag":{"BOOL":[true]}}"#, true), (#"{"flag":{"BOOL":["true"]}}"#, false),
            (#"{"nul":{"NULL":[true]}}"#, true), (#"{"nul":[null]}"#, false),
            (#"{"l":[{"exists":true}]}"#, false), (#"{"l":{"L":{"S":[{"exists":true}]}}}"#, true),
            (#"{"l":{"L":{"S":["Sales"]}}}"#, true), (#"{"m":{"M":{"k":{"S":["v"]}}}}"#, true),
            (#"{"ss":{"SS":["g"]}}"#, true), (#"{"e":{"S":[""]}}"#, true), (#"{"el":{"L":[{"exists":true}]}}"#, false),
            (#"{"missing":[{"exists":false}]}"#, true), (#"{"missing":{"S":[{"exists":false}]}}"#, true),
            (#"{"n":[{"exists":false}]}"#, true), (#"{"n":["101"]}"#, false),
            (#"{"missing":{"S":[{"anything-but":"x"}]}}"#, false),
        ])
    func newImage(pattern: String, expected: Bool) throws {
        #expect(try matches(#"{"dynamodb":{"NewImage":\#(pattern)}}"#, Self.record) == expected)
    }

    @Test(
        "members of stream records",
        arguments: [
            #"{"dynamodb":{"SizeBytes":[{"numeric":[">",20]}]}}"#,
            #"{"dynamodb":{"ApproximateCreationDateTime":[{"numeric":[">",0]}]}}"#,
            #"{"dynamodb":{"NewImage":[{"exists":false}]}}"#, #"{"userIdentity":{"type":[{"exists":false}]}}"#,
            #"{"eventName":["INSERT"]}"#,
        ])
    func recordMembers(pattern: String) throws {
        #expect(try matches(pattern, Self.record))
    }

    private func check(_ example: Example) throws {
        let actual = try example.events.map { try matches(example.pattern, $0) ? "T" : "F" }.joined()
        #expect(actual == example.expected)
    }
}
