import Dispatch
import HTTPEndpoint
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// The requests that a server has handed over and that the test answers when it likes.
final class Inbox: Sendable {
    typealias Delivery = (request: HTTPRequest, responder: Responder)

    private let deliveries = Mutex<[Delivery]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func add(_ request: HTTPRequest, _ responder: Responder) {
        deliveries.withLock { $0.append((request, responder)) }
        arrivals.signal()
    }

    /// The next request. Waits for it, but not for ever.
    func next() throws -> Delivery {
        try #require(arrivals.wait(timeout: .now() + 60) == .success, "no request arrived")
        return try #require(deliveries.withLock { $0.isEmpty ? nil : $0.removeFirst() })
    }

    /// How many requests wait to be taken.
    var count: Int { deliveries.withLock { $0.count } }
}

/// Answers every request at once with its own body.
@Sendable func echo(_ request: HTTPRequest, _ responder: Responder) {
    responder.respond(response(Array(request.body.readableBytesView)))
}

func response(_ body: [UInt8], status: HTTPResponseStatus = .ok) -> HTTPResponse {
    HTTPResponse(status: status, headers: AWSResponseHeaders(contentType: .amazonJSON10), body: body)
}

func response(_ text: String) -> HTTPResponse {
    response(Array(text.utf8))
}

extension HTTPRequest {
    var text: String { String(buffer: body) }
}

/// Runs `body` with a server on 127.0.0.1 and its ports, then shuts the server down.
func withServer(
    limits: HTTPServer.Limits = .init(), listeners: Int = 1, eventLoops: Int = 2, logger: Logger = quietLogger,
    handler: @escaping HTTPServer.Handler, _ body: @escaping @Sendable (HTTPServer) throws -> Void
) async throws {
    let server = try await HTTPServer.start(
        .init(
            listeners: Array(repeating: .init(host: "127.0.0.1", port: 0), count: listeners), eventLoops: eventLoops,
            limits: limits),
        logger: logger, handler: handler)
    do {
        try await onOwnThread { try body(server) }
    } catch {
        await server.shutdown()
        throw error
    }
    await server.shutdown()
}

/// Runs what blocks outside the few threads that all asynchronous code shares; else tests that wait for a server could
/// keep one another's servers from starting or stopping.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// A shutdown need not be patient in tests: a client that stays connected only costs time.
func quickLimits(_ change: (inout HTTPServer.Limits) -> Void = { _ in }) -> HTTPServer.Limits {
    var limits = HTTPServer.Limits()
    limits.shutdownMilliseconds = 200
    change(&limits)
    return limits
}

/// The errors that tests provoke do not belong into their output.
let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Keeps what a server logs, as `<level> <message> <request ID>`.
final class RecordedLog: Sendable {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let request = event.metadata?["request"].map { " \($0)" } ?? ""
            log.recorded.withLock { $0.append("\(event.level) \(event.message)\(request)") }
        }
    }
}
