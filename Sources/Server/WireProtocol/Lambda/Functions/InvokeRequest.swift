import Bytes
import JSONBytes

/// Invoke (reference `event-source-mapping.md` 6): what to call, with what, and how the caller waits.
public struct InvokeRequest: Sendable, Equatable {
    /// The raw values are the API's, in the order in which AWS lists them.
    public enum InvocationType: String, CaseIterable, Sendable {
        /// Asynchronous: answered before the function runs.
        case event = "Event"
        case requestResponse = "RequestResponse"
        /// Only checks that the function could be called.
        case dryRun = "DryRun"
    }

    /// The largest payload of a synchronous and of an asynchronous call, in bytes.
    public static let payloadBytesMax = 6 << 20
    public static let asynchronousPayloadBytesMax = 1 << 20
    /// The longest client context, in characters of its base64.
    static let clientContextLengthMax = 3583

    public let function: FunctionReference
    public let type: InvocationType
    /// Whether the answer carries the end of the log.
    public let wantsLogTail: Bool
    /// A JSON object in ASCII on one line, as a header of the Runtime API carries it; nil when the caller sent none.
    public let clientContext: String?
    /// JSON; an empty object when the caller sent nothing.
    public let payload: [UInt8]

    /// - Parameter header: the value of a header field, by its lower-case name.
    init(
        _ function: FunctionReference, body: [UInt8], header: (String) -> String?
    ) throws(LambdaError) {
        let type = header("x-amz-invocation-type")
        let logType = header("x-amz-log-type")
        var constraints = Constraints()
        constraints.checkEnum(type, at: "invocationType", InvocationType.allCases.map(\.rawValue))
        constraints.checkEnum(logType, at: "logType", ["None", "Tail"])
        try constraints.throwLambdaErrorIfViolated()
        self.function = function
        self.type = type.flatMap(InvocationType.init(rawValue:)) ?? .requestResponse
        wantsLogTail = logType == "Tail"
        clientContext = try header("x-amz-client-context").map { (text) throws(LambdaError) in
            try Self.clientContext(text)
        }
        payload = try Self.payload(body, self.type)
    }

    private static func payload(_ body: [UInt8], _ type: InvocationType) throws(LambdaError) -> [UInt8] {
        let bytesMax = type == .event ? asynchronousPayloadBytesMax : payloadBytesMax
        if body.count > bytesMax {
            throw LambdaError(
                .requestTooLarge, "Request must be smaller than \(bytesMax) bytes for the InvokeFunction operation")
        }
        if body.isEmpty { return Array("{}".utf8) }
        do throws(JSONError) {
            _ = try JSONDocument(parsing: body)
        } catch {
            throw LambdaError(
                .invalidRequestContent,
                "Could not parse request body into json: Could not parse payload into json: \(error.text(in: body))")
        }
        return body
    }

    private static func clientContext(_ text: String) throws(LambdaError) -> String {
        guard text.utf8.count <= clientContextLengthMax, let json = try? Base64.decode(Array(text.utf8)),
            let document = try? JSONDocument(parsing: json), document.kind(document.root) == .object
        else {
            throw LambdaError(
                .invalidRequestContent, "Client context must be a valid Base64-encoded JSON object.")
        }
        return headerText(json)
    }

    /// Line ends can only stand between the tokens of JSON, and other characters than ASCII only inside strings.
    private static func headerText(_ json: [UInt8]) -> String {
        var text = ""
        for unit in String(decoding: json, as: UTF8.self).utf16 {
            switch unit {
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            case 0x00..<0x20: text += " "
            default:
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return text
    }
}

/// What came of an invocation.
public enum InvokeAnswer: Sendable, Equatable {
    /// The function answered.
    case success(payload: [UInt8])
    /// The function ran and failed; the payload is the error object.
    case functionError(payload: [UInt8])
    /// The event is queued.
    case accepted
    case dryRun
}

extension InvokeRequest {
    /// How much of the log an answer carries, in bytes from its end.
    public static let logTailBytesMax = 4096

    /// - Parameter log: what the function wrote during the invocation, as far as it is known.
    public func response(_ answer: InvokeAnswer, log: [UInt8] = []) -> LambdaResponse {
        switch answer {
        case .accepted: return LambdaResponse(status: 202)
        case .dryRun: return .noContent
        case .success(let payload): return response(payload, functionError: nil, log: log)
        case .functionError(let payload): return response(payload, functionError: "Unhandled", log: log)
        }
    }

    private func response(_ payload: [UInt8], functionError: String?, log: [UInt8]) -> LambdaResponse {
        var fields = [LambdaResponse.Field("X-Amz-Executed-Version", FunctionReference.latest)]
        if let functionError { fields.append(LambdaResponse.Field("X-Amz-Function-Error", functionError)) }
        if wantsLogTail {
            let tail = Base64.encode(Array(log.suffix(Self.logTailBytesMax)))
            fields.append(LambdaResponse.Field("X-Amz-Log-Result", tail))
        }
        return LambdaResponse(status: 200, fields: fields, body: payload)
    }
}

/// Why a function was not run.
extension LambdaError {
    /// Too many invocations at a time.
    public static let throttled = LambdaError(.tooManyRequests, "Rate Exceeded.", reason: .concurrency)
    /// The function's own concurrency is used up, or set to nothing.
    public static let reservedConcurrencyExceeded = LambdaError(
        .tooManyRequests, "Rate Exceeded.", reason: .reservedConcurrency)

    /// - Parameter reason: a sentence.
    public static func notInvocable(_ reason: String) -> LambdaError { LambdaError(.service, reason) }
}
