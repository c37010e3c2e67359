import HTTPEndpoint
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// The server's side of the Runtime API, with the invocations of a test.
final class FakeRuntimeAPI: Sendable {
    /// An invocation that is handed out.
    struct Event {
        var id: String
        var payload: String
        var headers: [(String, String)] = []
    }

    /// What a runtime has sent.
    struct Post: Equatable {
        var path: String
        var body: String
        var errorType: String? = nil
        var invocationID: String? = nil
    }

    private struct State {
        var events: [Event]
        var posts: [Post] = []
        /// Statuses for the next questions, before the events.
        var refusals: [HTTPResponseStatus] = []
        var closesAfterEachAnswer = false
        var questions = 0
    }

    private let state: Mutex<State>

    init(_ events: [Event] = [], refusals: [HTTPResponseStatus] = [], closesAfterEachAnswer: Bool = false) {
        state = Mutex(State(events: events, refusals: refusals, closesAfterEachAnswer: closesAfterEachAnswer))
    }

    var posts: [Post] { state.withLock { $0.posts } }
    /// How often an invocation was asked for.
    var questions: Int { state.withLock { $0.questions } }

    /// Answers like the real one; when there are no more events, the runtime is told that the server ends.
    func handle(_ request: HTTPRequest, _ responder: Responder) {
        if request.head.method == .GET {
            responder.respond(next())
        } else {
            let headers = request.head.headers
            let post = Post(
                path: request.head.uri, body: String(buffer: request.body),
                errorType: headers.first(name: "lambda-runtime-function-error-type"),
                invocationID: headers.first(name: "lambda-runtime-invocation-id"))
            let closes = state.withLock { state in
                state.posts.append(post)
                return state.closesAfterEachAnswer
            }
            responder.respond(answer(.accepted, #"{"status":"OK"}"#, closes: closes))
        }
    }

    private func next() -> HTTPResponse {
        state.withLock { state in
            state.questions += 1
            if !state.refusals.isEmpty { return answer(state.refusals.removeFirst(), "{}") }
            guard !state.events.isEmpty else { return answer(.gone, "{}") }
            let event = state.events.removeFirst()
            var response = answer(.ok, event.payload, closes: state.closesAfterEachAnswer)
            response.fields.add(name: "Lambda-Runtime-Aws-Request-Id", value: event.id)
            response.fields.add(name: "Lambda-Runtime-Deadline-Ms", value: "1700000000000")
            response.fields.add(name: "Lambda-Runtime-Invoked-Function-Arn", value: "arn:aws:lambda:r:0:function:f")
            for (name, value) in event.headers { response.fields.add(name: name, value: value) }
            return response
        }
    }

    private func answer(_ status: HTTPResponseStatus, _ body: String, closes: Bool = false) -> HTTPResponse {
        var response = HTTPResponse(status: status, contentType: .json, body: Array(body.utf8))
        response.closesConnection = closes
        return response
    }
}

/// Lines that a runtime complains with.
final class Complaints: Sendable {
    private let recorded = Mutex<[String]>([])
    var lines: [String] { recorded.withLock { $0 } }
    func add(_ line: String) { recorded.withLock { $0.append(line) } }
}

/// Runs `body` with the address of a server that answers for `api`, then shuts the server down.
func withRuntimeAPI(_ api: FakeRuntimeAPI, _ body: (String) async throws -> Void) async throws {
    var limits = HTTPServer.Limits()
    limits.shutdownMilliseconds = 200
    // The runtime shares its threads with all other tests and may be silent for minutes; like the real server, this one does not mind.
    let hour = 3_600_000
    (limits.headMilliseconds, limits.idleMilliseconds, limits.bodyProgressMilliseconds) = (hour, hour, hour)
    let server = try await HTTPServer.start(
        .init(listeners: [.init(host: "127.0.0.1", port: 0)], eventLoops: 1, limits: limits),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { request, responder in api.handle(request, responder) }
    do {
        try await body("127.0.0.1:\(server.ports[0])")
    } catch {
        await server.shutdown()
        throw error
    }
    await server.shutdown()
}
