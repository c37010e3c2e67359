import Glibc
public import HandlerKit

/// Runs a Swift handler as a process of its own: what an executable calls that handler.yaml names as its `command`, or that is the
/// `bootstrap` of a Lambda function.
public enum HandlerRuntime {
    /// Answers invocations until the process ends. Ends it with status 1 when there is no Runtime API, or when that has gone.
    ///
    /// An error that the handler throws fails its invocation, never the process.
    public static func run(_ handler: Handler) async -> Never {
        await run { handler }
    }

    /// The same with a handler that is made first, in Lambda's init phase. An error is reported as an init error.
    public static func run(_ make: @Sendable () async throws -> Handler) async -> Never {
        do throws(HandlerRuntimeError) {
            try await serve(runtimeAPI: getenv(variable).map { String(cString: $0) }, complain: complain, make)
        } catch {
            complain("\(error)")
        }
        exit(1)
    }

    static let variable = "AWS_LAMBDA_RUNTIME_API"

    /// - Parameter runtimeAPI: the variable's value.
    static func serve(
        runtimeAPI: String?, delayMilliseconds: Int = RuntimeLoop.firstDelayMilliseconds,
        complain: @escaping @Sendable (String) -> Void,
        _ make: @Sendable () async throws -> Handler
    ) async throws(HandlerRuntimeError) {
        guard let runtimeAPI else { throw .noRuntimeAPI }
        guard let endpoint = RuntimeEndpoint(runtimeAPI) else { throw .invalidRuntimeAPI(runtimeAPI) }
        let loop = RuntimeLoop(
            connection: RuntimeConnection(endpoint), delayMilliseconds: delayMilliseconds, complain: complain)
        do throws(HandlerRuntimeError) {
            try await loop.serve(try await makeHandler(make, loop))
        } catch {
            await loop.connection.shutdown()
            throw error
        }
    }

    private static func makeHandler(
        _ make: @Sendable () async throws -> Handler, _ loop: RuntimeLoop
    ) async throws(HandlerRuntimeError) -> Handler {
        do {
            return try await make()
        } catch {
            let failure = HandlerFailure(error)
            await loop.reportInitError(failure)
            throw .initFailed(failure)
        }
    }

    /// To standard error, without a buffer, as a line of its own.
    private static func complain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Why a handler's process ends.
public enum HandlerRuntimeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nobody started the program as a handler.
    case noRuntimeAPI
    case invalidRuntimeAPI(String)
    /// The handler could not be made; the Runtime API was told.
    case initFailed(HandlerFailure)
    /// No invocation came although the program asked several times.
    case runtimeAPIGone(reason: String)

    public var description: String {
        switch self {
        case .noRuntimeAPI:
            "\(HandlerRuntime.variable) is not set. This program is an event handler: `tributary serve` starts it "
                + "as Handlers/<name>/handler.yaml says, and so does Lambda."
        case .invalidRuntimeAPI(let text): "\(HandlerRuntime.variable) must be HOST:PORT, but is \"\(text)\""
        case .initFailed(let failure): "the handler could not start: \(failure)"
        case .runtimeAPIGone(let reason): "the Runtime API has gone: \(reason)"
        }
    }
}
