import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import Testing

/// Patterns that ask in vain (reference `event-filtering.md` 5, rows 40 to 52).
@Suite struct LintTests {
    private static let stream = FilterLint.Stream(
        keySchema: KeySchema(
            partitionKeys: [KeyAttribute(name: "pk", type: .string)],
            sortKeys: [KeyAttribute(name: "sk", type: .number)]),
        viewType: .newImage)

    private static func kinds(_ pattern: String, _ stream: FilterLint.Stream = stream) throws -> [String] {
        FilterLint.warnings(for: try FilterPattern(pattern), stream: stream).map(\.kind.rawValue)
    }

    @Test(arguments: [
        #"{"dynamodb":{"NewImage":{"n":{"N":[{"numeric":[">",100]}]}}}}"#,
        #"{"dynamodb":{"NewImage":{"n":{"N":[101]}}}}"#, #"{"dynamodb":{"NewImage":{"n":{"N":["101.0"]}}}}"#,
        #"{"dynamodb":{"NewImage":{"n":{"N":["many"]}}}}"#, #"{"dynamodb":{"NewImage":{"n":[{"exists":true}]}}}"#,
        #"{"dynamodb":{"NewImage":{"x":["v"]}}}"#, #"{"dynamodb":{"NewImage":{"x":{"Q":["v"]}}}}"#,
        #"{"dynamodb":{"NewImage":{"x":{"M":[{"exists":true}]}}}}"#, #"{"dynamodb":{"NewImage":{"x":{"L":["v"]}}}}"#,
        #"{"dynamodb":{"NewImage":{"flag":{"BOOL":["true"]}}}}"#, #"{"dynamodb":{"NewImage":{"nul":{"NULL":[null]}}}}"#,
        #"{"dynamodb":{"NewImage":{"nul":{"S":[null]}}}}"#, #"{"dynamodb":{"NewImage":{"pk":{"N":["1"]}}}}"#,
        #"{"dynamodb":{"Keys":{"id":{"S":["1"]}}}}"#, #"{"dynamodb":{"Keys":{"sk":{"S":["1"]}}}}"#,
        #"{"dynamodb":{"OldImage":{"pk":{"S":["1"]}}}}"#, #"{"dynamodb":{"Images":["1"]}}"#, #"{"dynamodb":["1"]}"#,
        #"{"dynamodb":{"SizeBytes":["20"]}}"#, #"{"eventName":["UPDATE"]}"#, #"{"detail":{"x":["1"]}}"#,
        #"{"eventName":{"x":["INSERT"]}}"#, #"{"eventSourceARN":["arn"]}"#, #"{"tributary":{"replicated":["false"]}}"#,
        #"{"tributary":{"cause":["expired"]}}"#, #"{"tributary":{"region":["us-east-1"]}}"#,
        #"{"$or":{"eventName":["INSERT"]}}"#,
        #"{"dynamodb":{"NewImage":{"aws:rep:updateregion":{"S":["us-east-1"]}}}}"#,
    ])
    func neverMatches(_ pattern: String) throws {
        #expect(try Self.kinds(pattern) == ["never-matches"])
    }

    @Test(arguments: [
        #"{"dynamodb":{"NewImage":{"n":[{"exists":false}]}}}"#, #"{"dynamodb":{"NewImage":[{"exists":false}]}}"#,
        #"{"detail":[{"exists":false}]}"#,
    ])
    func alwaysMatches(_ pattern: String) throws {
        #expect(try Self.kinds(pattern) == ["always-matches"])
    }

    @Test(arguments: [
        #"{"dynamodb":{"NewImage":{"n":{"N":[{"numeric":[">",100]},"101"]}}}}"#,
        #"{"dynamodb":{"NewImage":{"flag":{"BOOL":["true",true]}}}}"#, #"{"eventName":["INSERT","UPDATE"]}"#,
    ])
    func oneValueNeverMatches(_ pattern: String) throws {
        #expect(try Self.kinds(pattern) == ["value-never-matches"])
    }

    @Test func oldReplicationAttributesLetEverythingThrough() throws {
        let pattern = try FilterPattern(#"{"dynamodb":{"NewImage":{"aws:rep:updateregion":{"S":[{"exists":false}]}}}}"#)
        let warnings = FilterLint.warnings(for: pattern)
        #expect(warnings.map(\.kind) == [.matchesInEveryRegion])
        #expect(warnings[0].message.contains(#"{"tributary":{"originRegion":"#))
    }

    @Test(arguments: [
        #"{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"status":{"S":["PAID"]},"n":{"N":["101"]}}}}"#,
        #"{"dynamodb":{"NewImage":{"m":{"M":{"k":{"S":["v"]}}},"l":{"L":{"S":["x"]}},"ss":{"SS":["r"]}}}}"#,
        #"{"dynamodb":{"NewImage":{"l":{"L":{"M":{"k":{"L":{"BOOL":[true]}}}}},"nul":{"NULL":[true]}}}}"#,
        #"{"dynamodb":{"NewImage":{"first.name":{"S":["Ada"]},"S":{"N":[{"anything-but":"5"}]}}}}"#,
        #"{"dynamodb":{"Keys":{"pk":{"S":["1"]},"sk":{"N":["5"]}},"SizeBytes":[{"numeric":["<",100]}]}}"#,
        #"{"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]}}"#,
        #"{"userIdentity":{"type":[{"exists":false}]},"awsRegion":[{"prefix":"us-"}]}"#,
        #"{"tributary":{"originRegion":["us-east-1"],"replicated":[false],"cause":["user"],"transactionId":[{"exists":true}]}}"#,
        #"{"$or":[{"eventName":["REMOVE"]},{"dynamodb":{"StreamViewType":["NEW_IMAGE"]}}]}"#,
    ])
    func soundPatterns(_ pattern: String) throws {
        #expect(try Self.kinds(pattern) == [])
    }

    @Test("what is not known of the stream is not held against a pattern")
    func unknownStream() throws {
        let unknown = FilterLint.Stream()
        #expect(
            try Self.kinds(#"{"dynamodb":{"OldImage":{"pk":{"N":["1"]}},"Keys":{"id":{"S":["1"]}}}}"#, unknown) == [])
        let delivered = FilterLint.Stream(hasEventSourceARN: true)
        #expect(try Self.kinds(#"{"eventSourceARN":[{"prefix":"arn"}]}"#, delivered) == [])
    }
}
