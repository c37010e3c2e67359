import HTTPEndpoint
import JSONBytes
import NIOHTTP1

/// The calls of the Runtime API and its answers (reference 7).
enum RuntimeCall: Equatable {
    case next
    case response(requestID: String)
    case error(requestID: String)
    case initError
    case ping

    private static let version = "2018-06-01"

    /// Nil for what is no call of this API.
    init?(_ method: HTTPMethod, _ target: String) {
        let path = target.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let parts = path.map(String.init)
        switch (method, parts.count) {
        case (.GET, 1) where parts == ["ping"]:
            self = .ping
        case (.GET, 4) where parts == [Self.version, "runtime", "invocation", "next"]:
            self = .next
        case (.POST, 4) where parts == [Self.version, "runtime", "init", "error"]:
            self = .initError
        case (.POST, 5) where Array(parts[..<3]) == [Self.version, "runtime", "invocation"] && parts[4] == "response":
            self = .response(requestID: parts[3])
        case (.POST, 5) where Array(parts[..<3]) == [Self.version, "runtime", "invocation"] && parts[4] == "error":
            self = .error(requestID: parts[3])
        default:
            return nil
        }
    }
}

/// The answers.
enum RuntimeAnswer {
    static let accepted = json(.accepted, Array(#"{"status":"OK"}"#.utf8))
    static let pong = HTTPResponse(status: .ok, contentType: ContentType("text/plain"), body: Array("pong".utf8))
    static let notFound = HTTPResponse(
        status: .notFound, contentType: ContentType("text/plain"), body: Array("404 page not found\n".utf8))
    /// To a process that is being ended.
    static var gone: HTTPResponse {
        var response = json(.gone, [])
        response.closesConnection = true
        return response
    }

    static func refusal(_ refusal: RuntimeSession.Refusal) -> HTTPResponse {
        switch refusal {
        case .requestID:
            error(.badRequest, "Invalid request ID", "InvalidRequestID")
        case .transition(let from, let to):
            error(
                .forbidden,
                "State transition from \(from.rawValue) to \(to.rawValue) failed for runtime. "
                    + "Error: State transition is not allowed",
                "InvalidStateTransition")
        }
    }

    static func tooLarge(maximum: Int) -> HTTPResponse {
        error(
            .payloadTooLarge, "Exceeded maximum allowed payload size (\(maximum) bytes).", "RequestEntityTooLarge")
    }

    /// The event, with the headers that are not empty.
    static func invocation(
        _ invocation: Invocation, deadlineMilliseconds: UInt64, functionARN: String, traceID: String
    ) -> HTTPResponse {
        var response = json(.ok, invocation.payload)
        response.fields = [
            "Lambda-Runtime-Aws-Request-Id": invocation.requestID,
            "Lambda-Runtime-Deadline-Ms": String(deadlineMilliseconds),
            "Lambda-Runtime-Invoked-Function-Arn": functionARN,
            "Lambda-Runtime-Trace-Id": traceID,
        ]
        if let context = invocation.clientContext, !context.isEmpty {
            response.fields.add(name: "Lambda-Runtime-Client-Context", value: context)
        }
        return response
    }

    private static func error(_ status: HTTPResponseStatus, _ message: String, _ type: String) -> HTTPResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("errorMessage")
        writer.string(message)
        writer.key("errorType")
        writer.string(type)
        writer.endObject()
        return json(status, writer.bytes)
    }

    private static func json(_ status: HTTPResponseStatus, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, contentType: .json, body: body)
    }
}
