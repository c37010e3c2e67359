import HandlerKit
import NIOHTTP1
import Testing

@testable import HandlerRuntime

private struct Unhappy: Error, CustomStringConvertible {
    let description: String
}

private let emptyBatch = #"{"Records":[]}"#

private func batch(_ sequence: String) -> String {
    #"{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"\#(sequence)"}}]}"#
}

/// A runtime against a server: what it sends, and why it ends when the server does.
@Suite struct HandlerRuntimeTests {
    /// Serves until the fake server says that it has gone.
    private func serve(
        _ api: FakeRuntimeAPI, _ handler: Handler, complaints: Complaints = Complaints()
    ) async throws -> HandlerRuntimeError? {
        var end: HandlerRuntimeError?
        try await withRuntimeAPI(api) { address in
            end = await ending(runtimeAPI: address, complaints) { handler }
        }
        return end
    }

    private func ending(
        runtimeAPI: String?, _ complaints: Complaints = Complaints(),
        _ make: @Sendable () async throws -> Handler
    ) async -> HandlerRuntimeError? {
        do throws(HandlerRuntimeError) {
            try await HandlerRuntime.serve(
                runtimeAPI: runtimeAPI, delayMilliseconds: 1, complain: { complaints.add($0) }, make)
            return nil
        } catch {
            return error
        }
    }

    @Test func answersEachInvocationWithItsIdentifier() async throws {
        let api = FakeRuntimeAPI([
            .init(id: "id-1", payload: batch("7")), .init(id: "id-2", payload: emptyBatch),
        ])
        let handler = Handler(name: "test") { batch, context in
            #expect(context.deadlineMilliseconds == 1_700_000_000_000)
            #expect(context.functionARN == "arn:aws:lambda:r:0:function:f")
            return context.requestID == "id-1" ? .failed(records: batch.records) : .done
        }
        let end = try await serve(api, handler)
        #expect(
            api.posts == [
                .init(
                    path: "/2018-06-01/runtime/invocation/id-1/response",
                    body: #"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#),
                .init(path: "/2018-06-01/runtime/invocation/id-2/response", body: #"{"batchItemFailures":[]}"#),
            ])
        #expect(end == .runtimeAPIGone(reason: "it answered 410"))
    }

    @Test func failingHandlerFailsItsInvocationAndTheNextOneRuns() async throws {
        let api = FakeRuntimeAPI([
            .init(id: "id-1", payload: emptyBatch), .init(id: "id-2", payload: "rubbish"),
            .init(id: "id-3", payload: emptyBatch),
        ])
        let complaints = Complaints()
        let handler = Handler(name: "test") { _, context in
            if context.requestID == "id-1" { throw Unhappy(description: "no \"luck\"") }
            return .done
        }
        _ = try await serve(api, handler, complaints: complaints)
        #expect(
            api.posts == [
                .init(
                    path: "/2018-06-01/runtime/invocation/id-1/error",
                    body: #"{"errorMessage":"no \"luck\"","errorType":"Unhappy","requestId":"id-1","stackTrace":[]}"#,
                    errorType: "Function.Unhappy"),
                .init(
                    path: "/2018-06-01/runtime/invocation/id-2/error",
                    body: #"{"errorMessage":"the event is not JSON: reading stopped at byte 0","#
                        + #""errorType":"HandlerPayloadError","requestId":"id-2","stackTrace":[]}"#,
                    errorType: "Function.HandlerPayloadError"),
                .init(path: "/2018-06-01/runtime/invocation/id-3/response", body: #"{"batchItemFailures":[]}"#),
            ])
        #expect(complaints.lines.first == "id-1 Unhappy: no \"luck\"")
    }

    @Test func connectionThatIsClosedIsOpenedAgain() async throws {
        let events = (1...20).map { FakeRuntimeAPI.Event(id: "id-\($0)", payload: emptyBatch) }
        let api = FakeRuntimeAPI(events, closesAfterEachAnswer: true)
        let complaints = Complaints()
        _ = try await serve(api, Handler(name: "test") { _, _ in .done }, complaints: complaints)
        #expect(api.posts.count == 20)
        #expect(complaints.lines == [])
    }

    @Test func questionThatFailsIsAskedAgain() async throws {
        let api = FakeRuntimeAPI(
            [.init(id: "id-1", payload: emptyBatch)],
            refusals: [.internalServerError, .serviceUnavailable, .internalServerError])
        _ = try await serve(api, Handler(name: "test") { _, _ in .done })
        #expect(api.posts.map(\.path) == ["/2018-06-01/runtime/invocation/id-1/response"])
        // Three refusals, the event, and five times the news that the server has gone.
        #expect(api.questions == 3 + 1 + 5)
    }

    @Test func identifierOfTheInvocationIsEchoed() async throws {
        let api = FakeRuntimeAPI([
            .init(id: "id-1", payload: emptyBatch, headers: [("Lambda-Runtime-Invocation-Id", "inner-1")])
        ])
        _ = try await serve(api, Handler(name: "test") { _, _ in .done })
        #expect(api.posts.map(\.invocationID) == ["inner-1"])
    }

    @Test func eventOfSixMegabytesIsRead() async throws {
        let filler = String(repeating: "x", count: 6 * 1024 * 1024 - 200)
        let api = FakeRuntimeAPI([.init(id: "id-1", payload: #"{"Records":[],"filler":"\#(filler)"}"#)])
        _ = try await serve(api, Handler(name: "test") { _, _ in .done })
        #expect(api.posts.map(\.body) == [#"{"batchItemFailures":[]}"#])
    }

    @Test func handlerThatCannotBeMadeIsAnInitError() async throws {
        let api = FakeRuntimeAPI()
        var end: HandlerRuntimeError?
        try await withRuntimeAPI(api) { address in
            end = await ending(runtimeAPI: address) { throw Unhappy(description: "no file") }
        }
        #expect(
            api.posts == [
                .init(
                    path: "/2018-06-01/runtime/init/error",
                    body: #"{"errorMessage":"no file","errorType":"Unhappy","requestId":"","stackTrace":[]}"#,
                    errorType: "Function.Unhappy")
            ])
        #expect(end == .initFailed(HandlerFailure(errorType: "Unhappy", errorMessage: "no file")))
        #expect(api.questions == 0)
    }

    @Test func programStartedByHandSaysHowItIsStarted() async {
        let end = await ending(runtimeAPI: nil) { Handler(name: "test") { _, _ in .done } }
        #expect(end == .noRuntimeAPI)
        #expect(end?.description.hasPrefix("AWS_LAMBDA_RUNTIME_API is not set.") == true)
    }

    @Test("addresses that are none", arguments: ["", "localhost", ":80", "h:0", "h:65536", "h:x"])
    func invalidAddress(text: String) async {
        let end = await ending(runtimeAPI: text) { Handler(name: "test") { _, _ in .done } }
        #expect(end == .invalidRuntimeAPI(text))
    }

    @Test func serverThatIsNotThereEndsTheProgram() async throws {
        let end = await ending(runtimeAPI: "127.0.0.1:1") { Handler(name: "test") { _, _ in .done } }
        guard case .runtimeAPIGone(let reason) = end else {
            Issue.record("ended with \(String(describing: end))")
            return
        }
        #expect(reason.hasPrefix("no connection: "))
    }
}
