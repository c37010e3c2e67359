import JSONBytes

/// An error of the CloudWatch API as clients see it: the shape's name, its code in the older query protocol, text and HTTP status.
public struct CloudWatchError: Error, Equatable, Sendable {
    /// The raw values are the names of AWS's shapes.
    public enum Kind: String, Sendable, CaseIterable {
        case validation = "ValidationError"
        case invalidParameterValue = "InvalidParameterValueException"
        case missingParameter = "MissingRequiredParameterException"
        case invalidParameterCombination = "InvalidParameterCombinationException"
        case resourceNotFound = "ResourceNotFound"
        case limitExceeded = "LimitExceededFault"
        case invalidFormat = "InvalidFormatFault"
        case serialization = "SerializationException"
        case unknownOperation = "UnknownOperationException"
        case accessDenied = "AccessDeniedException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case incompleteSignature = "IncompleteSignatureException"
        case invalidSignature = "InvalidSignatureException"
        case internalService = "InternalServiceFault"

        /// What clients show: they learned the codes of the query protocol before CloudWatch spoke JSON.
        public var code: String {
            switch self {
            case .invalidParameterValue: "InvalidParameterValue"
            case .missingParameter: "MissingParameter"
            case .invalidParameterCombination: "InvalidParameterCombination"
            case .limitExceeded: "LimitExceeded"
            case .invalidFormat: "InvalidFormat"
            case .internalService: "InternalServiceError"
            default: rawValue
            }
        }

        var status: Int {
            switch self {
            case .resourceNotFound: 404
            case .internalService: 500
            default: 400
            }
        }
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public static func validation(_ message: String) -> CloudWatchError { CloudWatchError(.validation, message) }

    /// The store failed, so whether the request took effect is unknown: clients retry.
    public static let internalError = CloudWatchError(
        .internalService, "The request processing has failed because of an unknown error.")

    /// An error of the signature check, which is made before anything is known of the operation.
    public init(authentication error: WireError) {
        self.init(Kind(rawValue: error.kind.rawValue) ?? .accessDenied, error.message ?? "")
    }

    /// What a client gets that may not do what it asks for.
    public static func forbidden(_ message: String) -> CloudWatchResponse {
        let response = CloudWatchError(.accessDenied, message).response
        return CloudWatchResponse(status: 403, body: response.body, queryError: response.queryError)
    }

    public var response: CloudWatchResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("__type")
        writer.string("com.amazonaws.cloudwatch.v2010_08_01#" + kind.rawValue)
        writer.key("message")
        writer.string(message)
        writer.endObject()
        let blamed = kind.status < 500 ? "Sender" : "Receiver"
        return CloudWatchResponse(status: kind.status, body: writer.bytes, queryError: "\(kind.code);\(blamed)")
    }
}

/// An answer of the CloudWatch API.
public struct CloudWatchResponse: Sendable, Equatable {
    /// Where clients that learned the query protocol look for the error's code.
    public static let queryErrorField = "x-amzn-query-error"

    public let status: Int
    public let body: [UInt8]
    /// The value of `queryErrorField`; nil for none.
    public let queryError: String?

    init(status: Int = 200, body: [UInt8], queryError: String? = nil) {
        self.status = status
        self.body = body
        self.queryError = queryError
    }

    /// Success of an operation that has nothing to tell.
    public static let empty = CloudWatchResponse(body: Array("{}".utf8))

    /// An object whose members `write` appends.
    init(_ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.beginObject()
        write(&writer)
        writer.endObject()
        self.init(body: writer.bytes)
    }
}
