import HandlerKit
import Testing

private func record(
    _ number: Int, seconds: Int = 1_767_225_600, name: String = "INSERT", region: String = "us-east-1",
    more: String = ""
) -> String {
    let images = name == "REMOVE" ? "" : #""NewImage":{"id":{"S":"a"},"n":{"N":"\#(number)"}},"#
    return #"{"eventID":"\#(region)-\#(number)","eventName":"\#(name)","awsRegion":"\#(region)","dynamodb":"#
        + #"{"ApproximateCreationDateTime":\#(seconds),"Keys":{"id":{"S":"a"}},\#(images)"#
        + #""SequenceNumber":"\#(number)","StreamViewType":"NEW_IMAGE"},"#
        + #""eventSourceARN":"arn:aws:dynamodb:\#(region):1:table/Orders/stream/2026"\#(more)}"#
}

private func read(_ lines: String...) throws -> Recording {
    try Recording(parsing: Array(lines.joined(separator: "\n").utf8), file: "orders.jsonl")
}

private func reason(_ lines: String...) -> String {
    do {
        _ = try Recording(parsing: Array(lines.joined(separator: "\n").utf8), file: "orders.jsonl")
        return "no error"
    } catch {
        return error.description
    }
}

/// Recorded changes as they are read from files.
@Suite struct RecordingTests {
    @Test func changesOfAStreamComeInTheOrderOfTheirNumbers() throws {
        let recording = try read(record(11), record(9), "", record(100))
        #expect(recording.changes.map(\.sequenceNumber) == ["9", "11", "100"])
    }

    @Test func streamsAreMergedByTime() throws {
        let recording = try read(
            record(1, seconds: 100), record(2, seconds: 300), record(1, seconds: 200, region: "eu-west-1"))
        #expect(recording.changes.map(\.region) == ["us-east-1", "eu-west-1", "us-east-1"])
    }

    @Test func clockThatWasPutBackDoesNotChangeTheOrder() throws {
        let recording = try read(record(1, seconds: 300), record(2, seconds: 100))
        #expect(recording.changes.map(\.sequenceNumber) == ["1", "2"])
    }

    @Test func repeatedLineCountsOnce() throws {
        let recording = try read(record(1), record(2), record(1))
        #expect(recording.changes.count == 2)
        #expect(recording.repeatedCount == 1)
    }

    @Test func membersAreRead() throws {
        let change = try #require(try read(record(7, more: #","tributary":{"replicated":true}"#)).changes.first)
        #expect(change.table == "Orders")
        #expect(change.milliseconds == 1_767_225_600_000)
        #expect(change.newImage == Item(["id": .string("a"), "n": .number(DecimalNumber(7))]))
        #expect(change.oldImage == nil)
    }

    @Test(
        "a bad line is named",
        arguments: [
            ("nonsense", "not JSON: reading stopped at byte 1"),
            ("{}", "neither a stream record"),
            (#"{"dynamodb":{}}"#, "eventName must be a string"),
            (record(1, name: "UPSERT"), "eventName must be INSERT, MODIFY or REMOVE"),
            (record(1).replacing(#""S":"a""#, with: #""S":5"#), "Keys is no item"),
            (record(1).replacing(#"{"id":{"S":"a"}},"N"#, with: #"{},"N"#), "Keys must have the key attributes"),
            (
                record(1).replacing(#""SequenceNumber":"1""#, with: #""SequenceNumber":"x1""#),
                "SequenceNumber must be digits"
            ),
            (record(1).replacing("1767225600", with: "-1"), "ApproximateCreationDateTime must be seconds since 1970"),
            (record(1).replacing("table/Orders/stream/2026", with: "table/Orders"), "eventSourceARN must be the ARN"),
            (record(1).replacing("NEW_IMAGE", with: "SOME"), "StreamViewType must be one of"),
        ])
    func badLine(line: String, expected: String) {
        #expect(reason(record(5), "", line).hasPrefix("orders.jsonl:3: \(expected)"), "\(reason(record(5), "", line))")
    }

    @Test func twoRecordsOfOneNumberAreNamed() {
        let other = record(1).replacing("us-east-1-1", with: "another")
        #expect(
            reason(record(1), record(2), other)
                == "orders.jsonl:3: has the sequence number of line 1, and is another record")
    }
}

/// Lines of the handler audit-log tell changes of attributes; items are put together from them.
@Suite struct AuditLogRecordingTests {
    private func line(_ number: Int, _ event: String, _ changes: String, more: String = "") -> String {
        #"{"time":"2026-11-21T13:24:0\#(number)Z","region":"us-east-1","table":"Orders","event":"\#(event)"\#(more),"keys":"#
            + #"{"id":{"S":"a"}},"changes":\#(changes),"sequenceNumber":"\#(number)","eventID":"e\#(number)"}"#
    }

    @Test func itemsArePutTogether() throws {
        let recording = try read(
            line(1, "INSERT", #"{"n":{"after":{"N":"1"}},"city":{"after":{"S":"Porto"}}}"#),
            line(2, "MODIFY", #"{"n":{"before":{"N":"1"}},"x":{"after":{"S":"y"}}}"#),
            line(3, "REMOVE", #"{"city":{"before":{"S":"Porto"}},"x":{"before":{"S":"y"}}}"#, more: #","expired":true"#)
        )
        let images = recording.changes.map { ($0.oldImage, $0.newImage) }
        let first: Item = Item(["id": .string("a"), "n": .number(DecimalNumber(1)), "city": .string("Porto")])
        let second: Item = Item(["id": .string("a"), "city": .string("Porto"), "x": .string("y")])
        #expect(images.map(\.0) == [nil, first, second])
        #expect(images.map(\.1) == [first, second, nil])
        #expect(recording.changes.map(\.milliseconds) == [1, 2, 3].map { 1_795_267_440_000 + $0 * 1000 })
        #expect(recording.changes[2].json.contains(#""type":"Service""#))
    }

    @Test func viewWithoutImagesIsRefused() {
        #expect(
            reason(line(1, "INSERT", "{}", more: #","view":"KEYS_ONLY""#))
                == "orders.jsonl:1: view must be absent: items can be told from streams with NEW_AND_OLD_IMAGES only")
    }
}
