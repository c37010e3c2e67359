import EventSource
import Testing

/// The table of `ReportBatchItemFailures` (reference `event-source-mapping.md` 3), and the state of windows.
@Suite struct FunctionResponseTests {
    /// A batch of 11, 12 and 15; identifiers are decimal numbers.
    private func outcome(
        _ payload: String, settings: MappingSettings = MappingSettings(reportsBatchItemFailures: true),
        window: WindowInvocation? = nil
    ) -> InvocationOutcome {
        let records = [11, 12, 15].map {
            RecordReference(sequence: $0, keyHash: 0, approximateMilliseconds: 0, payloadBytes: 100)
        }
        let invocation = Invocation(
            id: InvocationID(number: 1), lane: 0, shardID: "shard-a", records: records, attempt: 1, window: window)
        return FunctionResponse.outcome(of: Array(payload.utf8), to: invocation, settings: settings) { UInt64($0) }
    }

    @Test(
        "complete success",
        arguments: [
            "null", #""""#, "", "  \n", "{}", "[]", #"{"batchItemFailures":[]}"#, #"{"batchItemFailures":null}"#,
            #"{"statusCode":200}"#, #""done""#, "17", "true", #"{"batchItemFailures":[1],"batchItemFailures":[]}"#,
        ])
    func success(payload: String) {
        #expect(outcome(payload) == .success(state: nil))
    }

    @Test(
        "the lowest number of those reported",
        arguments: [
            (#"{"batchItemFailures":[{"itemIdentifier":"12"}]}"#, 12),
            (#"{"batchItemFailures":[{"itemIdentifier":"15"},{"itemIdentifier":"12"}]}"#, 12),
            (#"{"batchItemFailures":[{"itemIdentifier":"15"},{"itemIdentifier":"15"}]}"#, 15),
            (#"{"batchItemFailures":[{"itemIdentifier":"11","reason":"later"}],"more":{}}"#, 11),
            (#"{"batchItemFailures":[{"itemIdentifier":"\u00315"}]}"#, 15),
        ] as [(String, UInt64)])
    func lowest(payload: String, lowest: UInt64) {
        #expect(outcome(payload) == .partialFailure(lowest: lowest, state: nil))
    }

    @Test(
        "complete failure",
        arguments: [
            #"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            #"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            #"{"batchItemFailures":[{"foo":"12"}]}"#,
            #"{"batchItemFailures":[{"itemIdentifier":"13"}]}"#,
            #"{"batchItemFailures":[{"itemIdentifier":"12"},{"itemIdentifier":"16"}]}"#,
            #"{"batchItemFailures":[{"itemIdentifier":12}]}"#,
            #"{"batchItemFailures":["12"]}"#,
            #"{"batchItemFailures":[null]}"#,
            #"{"batchItemFailures":"12"}"#,
            #"{"batchItemFailures":{"itemIdentifier":"12"}}"#,
            #"{"batchItemFailures":["#,
            "not JSON",
        ])
    func failure(payload: String) {
        #expect(outcome(payload) == .failure(.responseInvalid))
    }

    @Test("a mapping without ReportBatchItemFailures ignores all of it")
    func ignored() {
        for payload in [#"{"batchItemFailures":[{"itemIdentifier":"12"}]}"#, "not JSON", ""] {
            #expect(outcome(payload, settings: MappingSettings()) == .success(state: nil))
        }
    }

    private static func window(isFinal: Bool = false) -> WindowInvocation {
        WindowInvocation(
            startMilliseconds: 0, endMilliseconds: 1000, state: Array("{}".utf8), isFinal: isFinal,
            isTerminatedEarly: false)
    }

    @Test(
        "the state of a window is the text of the object",
        arguments: [
            (#"{"state":{"n": 1}}"#, .success(state: Array(#"{"n": 1}"#.utf8))),
            (#"{"state":{},"batchItemFailures":[]}"#, .success(state: Array("{}".utf8))),
            (
                #"{"batchItemFailures":[{"itemIdentifier":"12"}],"state":{"n":1}}"#,
                .partialFailure(lowest: 12, state: Array(#"{"n":1}"#.utf8))
            ),
            (#"{"state":{},"batchItemFailures":[{"itemIdentifier":"13"}]}"#, .failure(.responseInvalid)),
            (#"{"batchItemFailures":[{"itemIdentifier":"12"}]}"#, .failure(.windowStateMissing)),
            (#"{"state":null}"#, .failure(.windowStateMissing)),
            (#"{"state":"n"}"#, .failure(.windowStateMissing)),
            ("{}", .failure(.windowStateMissing)),
            ("null", .failure(.windowStateMissing)),
            ("", .failure(.windowStateMissing)),
        ] as [(String, InvocationOutcome)])
    func windowState(payload: String, expected: InvocationOutcome) {
        let settings = MappingSettings(reportsBatchItemFailures: true, tumblingWindowMilliseconds: 1000)
        #expect(outcome(payload, settings: settings, window: Self.window()) == expected)
    }

    @Test("the final invocation needs no state; item failures count only when the mapping reports them")
    func finalInvocation() {
        let settings = MappingSettings(tumblingWindowMilliseconds: 1000)
        let final = Self.window(isFinal: true)
        #expect(outcome("", settings: settings, window: final) == .success(state: nil))
        #expect(outcome("null", settings: settings, window: final) == .success(state: nil))
        #expect(
            outcome(
                #"{"state":{},"batchItemFailures":[{"itemIdentifier":"12"}]}"#, settings: settings,
                window: Self.window()) == .success(state: Array("{}".utf8)))
    }
}
