import EventSource
import JSONBytes
import Testing

@Suite struct InvocationPayloadTests {
    private func invocation(_ window: WindowInvocation? = nil) -> Invocation {
        Invocation(
            id: InvocationID(number: 1), lane: 0, shardID: "shardId-1", records: [], attempt: 1, window: window)
    }

    private func text(_ invocation: Invocation, _ records: [String]) -> String {
        let bytes = InvocationPayload.bytes(
            of: invocation, records: records.map { Array($0.utf8) }, eventSourceARN: "arn:stream")
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func recordsAreWrittenAsTheyAre() {
        #expect(text(invocation(), []) == #"{"Records":[]}"#)
        #expect(text(invocation(), [#"{"a": 1}"#, #"{"b":2}"#]) == #"{"Records":[{"a": 1},{"b":2}]}"#)
    }

    @Test("a window adds its members")
    func window() {
        let window = WindowInvocation(
            startMilliseconds: 1_596_128_400_000, endMilliseconds: 1_596_128_700_000, state: Array(#"{"n":1}"#.utf8),
            isFinal: false, isTerminatedEarly: false)
        #expect(
            text(invocation(window), [#"{"a":1}"#])
                == #"{"Records":[{"a":1}],"window":{"start":"2020-07-30T17:00:00Z","end":"2020-07-30T17:05:00Z"},"#
                + #""state":{"n":1},"shardId":"shardId-1","eventSourceARN":"arn:stream","#
                + #""isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false}"#)
    }

    @Test("the end of a window")
    func windowEnd() {
        let window = WindowInvocation(
            startMilliseconds: 0, endMilliseconds: 1000, state: Array("{}".utf8), isFinal: true,
            isTerminatedEarly: true)
        #expect(
            text(invocation(window), [])
                == #"{"Records":[],"window":{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:00:01Z"},"#
                + #""state":{},"shardId":"shardId-1","eventSourceARN":"arn:stream","#
                + #""isFinalInvokeForWindow":true,"isWindowTerminatedEarly":true}"#)
    }

    @Test("the envelope fits into the room that the engine keeps free for it")
    func envelope() {
        let window = WindowInvocation(
            startMilliseconds: 0, endMilliseconds: 1000, state: [], isFinal: true, isTerminatedEarly: true)
        let bytes = InvocationPayload.bytes(
            window: window, shardID: String(repeating: "s", count: 65),
            eventSourceARN: String(repeating: "a", count: 1024), bytesExpected: 0
        ) { _ in }
        #expect(bytes.count < EventSourceEngine.envelopeBytesMax)
    }
}

@Suite struct FailureRecordTests {
    private func record(
        _ condition: Discard.Condition, invokeCount: Int, failure: InvocationFailure?, times: [UInt64]
    ) -> FailureRecord {
        let records = times.enumerated().map { index, time in
            RecordReference(
                sequence: UInt64(index + 7), keyHash: 0, approximateMilliseconds: time, payloadBytes: 100)
        }
        let discard = Discard(
            id: DiscardID(number: 1), lane: 0, shardID: "shardId-1", records: records, condition: condition,
            invokeCount: invokeCount, failure: failure, lastInvocation: nil)
        return FailureRecord(
            discard: discard, requestID: "request-1", functionARN: "arn:function", streamARN: "arn:stream",
            timestampMilliseconds: 1_573_690_429_717)
    }

    private func text(_ record: FailureRecord, payload: String? = nil) -> String {
        let bytes = record.json(requestPayload: payload.map { Array($0.utf8) }) { "10\($0)" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("the record of the reference")
    func exhausted() {
        let record = record(
            .retryAttemptsExhausted, invokeCount: 2, failure: .unhandled, times: [1_573_690_399_123])
        #expect(
            text(record)
                == #"{"requestContext":{"requestId":"request-1","functionArn":"arn:function","#
                + #""condition":"RetryAttemptsExhausted","approximateInvokeCount":2},"#
                + #""responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"#
                + #""version":"1.0","timestamp":"2019-11-14T00:13:49.717Z","#
                + #""DDBStreamBatchInfo":{"shardId":"shardId-1","startSequenceNumber":"107","endSequenceNumber":"107","#
                + #""approximateArrivalOfFirstRecord":"2019-11-14T00:13:19Z","#
                + #""approximateArrivalOfLastRecord":"2019-11-14T00:13:19Z","batchSize":1,"streamArn":"arn:stream"}}"#)
    }

    @Test("reported items are no function error")
    func reported() throws {
        let text = text(record(.retryAttemptsExhausted, invokeCount: 4, failure: .itemsReported, times: [0]))
        #expect(text.contains(#""approximateInvokeCount":4"#))
        #expect(text.contains(#""executedVersion":"$LATEST","functionError":null}"#))
    }

    @Test("records that were never sent have no response")
    func neverSent() {
        let text = text(record(.recordAgeExceeded, invokeCount: 0, failure: nil, times: [0, 1000, 2000]))
        #expect(text.contains(#""condition":"RecordAgeExceeded","approximateInvokeCount":0},"responseContext":null,"#))
        #expect(text.contains(#""startSequenceNumber":"107","endSequenceNumber":"109""#))
        #expect(text.contains(#""approximateArrivalOfLastRecord":"1970-01-01T00:00:02Z","batchSize":3"#))
    }

    @Test("the request goes along as a text")
    func payload() throws {
        let request = #"{"Records":[{"a":"\"\u0000"}]}"#
        let text = text(
            record(.retryAttemptsExhausted, invokeCount: 1, failure: .exited, times: [0]), payload: request)
        let document = try JSONDocument(parsing: Array(text.utf8))
        let payload = try #require(document.member("payload", of: document.root))
        #expect(document.string(payload) == request)
    }

    @Test(
        "days of the calendar",
        arguments: [
            (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"), (1_704_067_199_999, "2023-12-31T23:59:59.999Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(UInt64, String)])
    func dates(milliseconds: UInt64, expected: String) {
        var record = record(.recordAgeExceeded, invokeCount: 0, failure: nil, times: [0])
        record.timestampMilliseconds = milliseconds
        #expect(text(record).contains("\"timestamp\":\"\(expected)\""))
    }

    @Test("every day from 1970 to 2110 follows the one before")
    func everyDay() {
        var record = record(.recordAgeExceeded, invokeCount: 0, failure: nil, times: [0])
        var day: UInt64 = 0
        for year in 1970...2110 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, days) in zip(1..., [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                // The ends of months, where a calendar goes wrong.
                for date in [1, days] {
                    record.timestampMilliseconds = (day + UInt64(date - 1)) * 86_400_000
                    let text = String(decoding: record.json { String($0) }, as: UTF8.self)
                    let pad = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
                    #expect(text.contains("\"timestamp\":\"\(year)-\(pad(month))-\(pad(date))T00:00:00.000Z\""))
                }
                day += UInt64(days)
            }
        }
    }
}
