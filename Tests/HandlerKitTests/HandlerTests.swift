import HandlerKit
import Testing

private struct Unhappy: Error, CustomStringConvertible {
    let description = "no luck"
}

private let context = HandlerContext(requestID: "r-1", deadlineMilliseconds: 5_000, functionARN: "arn:f")
private let oneRecord = #"{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"7"}}]}"#
private let inWindow = #"""
    {"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"7"}}],"window":{"start":"a","end":"b"},
    "state":{"n":{"N":"1"}},"shardId":"s"}
    """#

@Suite struct HandlerTests {
    private func answer(_ payload: String, _ response: HandlerResponse) async throws -> String {
        let handler = Handler(name: "test") { _, _ in response }
        return String(decoding: try await handler.respond(to: Array(payload.utf8), context).get(), as: UTF8.self)
    }

    @Test func responsesAreThoseOfALambdaFunction() async throws {
        #expect(try await answer(oneRecord, .done) == #"{"batchItemFailures":[]}"#)
        #expect(try await answer(oneRecord, .failed(["7"])) == #"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#)
        #expect(
            try await answer(inWindow, .window(WindowState(["n": .number(DecimalNumber(2))]), failed: ["7"]))
                == #"{"state":{"n":{"N":"2"}},"batchItemFailures":[{"itemIdentifier":"7"}]}"#)
    }

    @Test func stateStaysWhenTheHandlerDoesNotNameIt() async throws {
        #expect(try await answer(inWindow, .done) == #"{"state":{"n":{"N":"1"}},"batchItemFailures":[]}"#)
    }

    @Test func errorIsAResult() async {
        let handler = Handler(name: "test") { _, _ in throw Unhappy() }
        let result = await handler.respond(to: Array(oneRecord.utf8), context)
        #expect(result == .failure(HandlerFailure(errorType: "Unhappy", errorMessage: "no luck")))
    }

    @Test func messageOfAnErrorHasALimit() {
        let failure = HandlerFailure(errorType: "E", errorMessage: String(repeating: "x", count: 10_000))
        #expect(failure.errorMessage.count == HandlerFailure.messageCharactersMax)
    }

    @Test func remainingTimeEndsAtZero() {
        #expect(context.remainingMilliseconds(nowMilliseconds: 4_000) == 1_000)
        #expect(context.remainingMilliseconds(nowMilliseconds: 6_000) == 0)
    }

    @Test func handlerSaysWhatIsWrongWithIt() throws {
        let filters = try Array(repeating: FilterPattern.pattern(#"{"eventName":["INSERT"]}"#), count: 11)
        let handler = Handler(
            name: "a b", filters: filters, settings: MappingSettings(batchSize: 0), timeoutMilliseconds: 1
        ) { _, _ in .done }
        #expect(
            handler.violations == [
                "name must be 1 to 64 letters, digits, hyphens and underscores, but is \"a b\"",
                "filters must be at most 10, but are 11", "timeoutMilliseconds must be 1000 to 900000, but is 1",
                "batchSize must be 1 to 10000, but is 0",
            ])
        #expect(throws: HandlerDriverError.invalidHandler(handler.violations)) { try HandlerDriver(handler) }
        #expect(throws: PatternError.self) { try FilterPattern.pattern("{}") }
    }
}
