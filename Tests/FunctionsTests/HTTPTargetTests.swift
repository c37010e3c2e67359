import Foundation
import HTTPEndpoint
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Functions

/// Functions that run elsewhere.
@Suite struct HTTPTargetTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the body with a function at a server that answers so.
    private func withTarget(
        timeoutMilliseconds: Int = patienceMilliseconds, clock: FunctionClock = .system,
        _ answer: @escaping HTTPServer.Handler, _ body: (FunctionPool) async throws -> Void
    ) async throws {
        var limits = HTTPServer.Limits()
        limits.shutdownMilliseconds = 100
        let server = try await HTTPServer.start(
            .init(listeners: [.init(host: "127.0.0.1", port: 0)], eventLoops: 1, limits: limits), logger: Self.logger,
            handler: answer)
        let pool = Self.pool(
            "http://127.0.0.1:\(server.ports[0])/handler", timeoutMilliseconds: timeoutMilliseconds, clock: clock)
        do {
            try await body(pool)
        } catch {
            await pool.stop()
            await server.shutdown()
            throw error
        }
        await pool.stop()
        await server.shutdown()
    }

    private static func pool(
        _ url: String, timeoutMilliseconds: Int = patienceMilliseconds, clock: FunctionClock = .system
    ) -> FunctionPool {
        var definition = FunctionDefinition(name: "far", region: testRegion, target: .url(url))
        definition.timeoutMilliseconds = timeoutMilliseconds
        return FunctionPool(
            definition, settings: FunctionSettings(codeDirectory: "/nowhere", endpointURL: nil),
            log: LogCollector().log, logger: logger, clock: clock)
    }

    private static func respond(_ status: HTTPResponseStatus, _ body: String) -> HTTPServer.Handler {
        { _, responder in
            responder.respond(HTTPResponse(status: status, contentType: .json, body: Array(body.utf8)))
        }
    }

    @Test func thePayloadIsPostedAndTheBodyIsTheAnswer() async throws {
        let received = Mutex<[HTTPRequest]>([])
        let answer: HTTPServer.Handler = { request, responder in
            received.withLock { $0.append(request) }
            responder.respond(
                HTTPResponse(status: .ok, contentType: .json, body: Array(request.body.readableBytesView)))
        }
        try await withTarget(answer) { pool in
            let invocation = Invocation(requestID: "r-1", payload: Array(#"{"a":1}"#.utf8), clientContext: "e30=")
            #expect(await pool.invoke(invocation) == .success(#"{"a":1}"#))
            let request = try #require(received.withLock { $0.first })
            #expect(request.head.method == .POST)
            #expect(request.head.uri == "/handler")
            let headers = request.head.headers
            #expect(headers["content-type"] == ["application/json"])
            #expect(headers["lambda-runtime-aws-request-id"] == ["r-1"])
            #expect(headers["lambda-runtime-client-context"] == ["e30="])
            #expect(
                headers["lambda-runtime-invoked-function-arn"] == ["arn:aws:lambda:eu-west-1:000000000000:function:far"]
            )
            #expect(headers["lambda-runtime-deadline-ms"].first.flatMap { UInt64($0) } != nil)
        }
    }

    @Test(
        "an answer that is no success is the function's error",
        arguments: [HTTPResponseStatus.badRequest, .internalServerError, .notFound])
    func failure(status: HTTPResponseStatus) async throws {
        try await withTarget(Self.respond(status, "so \"sad\"")) { pool in
            let result = await pool.invoke(Invocation(requestID: "r-1", payload: []))
            #expect(result.text.hasPrefix(#"{"errorType":"Function.HTTPStatus","errorMessage":"http://127.0.0.1:"#))
            #expect(result.text.hasSuffix(#"/handler answered with status \#(status.code): so \"sad\""}"#))
        }
    }

    @Test func nobodyThere() async throws {
        let pool = Self.pool("http://127.0.0.1:1/handler")
        guard case .notStarted(.unreachable(let reason)) = await pool.invoke(Invocation(requestID: "r", payload: []))
        else {
            Issue.record("it cannot have been reached")
            return
        }
        #expect(reason.hasPrefix("nobody answers at http://127.0.0.1:1/handler: "))
        await pool.stop()
    }

    @Test func tooMuch() async throws {
        try await withTarget(Self.respond(.ok, String(repeating: "x", count: 7_000_000))) { pool in
            let result = await pool.invoke(Invocation(requestID: "r-1", payload: []))
            #expect(result.text.contains("Function.ResponseSizeTooLarge"))
        }
    }

    @Test func tooLong() async throws {
        let held = Mutex<[Responder]>([])
        let hold: HTTPServer.Handler = { _, responder in held.withLock { $0.append(responder) } }
        let time = TestClock()
        try await withTarget(timeoutMilliseconds: 3000, clock: time.clock, hold) { pool in
            async let result = pool.invoke(Invocation(requestID: "r-1", payload: []))
            try await eventually("it has arrived") { held.withLock { $0.count == 1 } }
            time.advance(milliseconds: 3000)
            #expect(
                await result
                    == .failure(
                        #"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 3.00 seconds"}"#
                    ))
            for responder in held.withLock({ $0 }) { responder.respond(HTTPResponse(status: .ok, contentType: nil)) }
        }
    }

    @Test func aRedirectionIsNotFollowed() async throws {
        let redirect: HTTPServer.Handler = { request, responder in
            var response = HTTPResponse(status: .temporaryRedirect, contentType: nil)
            response.fields = ["Location": "/elsewhere"]
            responder.respond(request.head.uri == "/handler" ? response : HTTPResponse(status: .ok, contentType: nil))
        }
        try await withTarget(redirect) { pool in
            let result = await pool.invoke(Invocation(requestID: "r-1", payload: []))
            #expect(result.text.contains("answered with status 307"))
        }
    }

    @Test func aConnectionThatBreaksOffIsTheFunctionsError() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Hangup()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let pool = Self.pool("http://127.0.0.1:\(listener.localAddress?.port ?? 0)/handler")
        let result = await pool.invoke(Invocation(requestID: "r-1", payload: []))
        #expect(result.text.hasPrefix(#"{"errorType":"Function.ConnectionLost","errorMessage":"http://127.0.0.1:"#))
        await pool.stop()
        try await listener.close().get()
    }
}

/// Closes the connection when a request comes.
private final class Hangup: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.close(promise: nil)
    }
}
