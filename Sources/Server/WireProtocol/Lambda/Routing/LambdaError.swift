import JSONBytes

/// An error of the Lambda API as clients see it (reference `event-source-mapping.md` 1): exception name, text, HTTP status.
public struct LambdaError: Error, Equatable, Sendable {
    /// The raw values are AWS's names.
    public enum Kind: String, Sendable, CaseIterable {
        case invalidParameterValue = "InvalidParameterValueException"
        /// What the front end says of members that break a constraint of the service model.
        case validation = "ValidationException"
        case serialization = "SerializationException"
        case invalidRequestContent = "InvalidRequestContentException"
        case resourceNotFound = "ResourceNotFoundException"
        case resourceConflict = "ResourceConflictException"
        case resourceInUse = "ResourceInUseException"
        case preconditionFailed = "PreconditionFailedException"
        case codeStorageExceeded = "CodeStorageExceededException"
        case requestTooLarge = "RequestTooLargeException"
        /// The front end's word for a deployment package that is too large to be sent.
        case requestEntityTooLarge = "RequestEntityTooLargeException"
        case tooManyRequests = "TooManyRequestsException"
        case unknownOperation = "UnknownOperationException"
        case accessDenied = "AccessDeniedException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case incompleteSignature = "IncompleteSignatureException"
        case invalidSignature = "InvalidSignatureException"
        case unrecognizedClient = "UnrecognizedClientException"
        case service = "ServiceException"
    }

    /// Why a request was throttled, in AWS's words.
    public enum ThrottleReason: String, Sendable {
        case concurrency = "ConcurrentInvocationLimitExceeded"
        case reservedConcurrency = "ReservedFunctionConcurrentInvocationLimitExceeded"
    }

    public let kind: Kind
    /// Nil where AWS sends none.
    public let message: String?
    public let reason: ThrottleReason?

    public init(_ kind: Kind, _ message: String?, reason: ThrottleReason? = nil) {
        self.kind = kind
        self.message = message
        self.reason = reason
    }

    public static func invalidParameter(_ message: String) -> LambdaError {
        LambdaError(.invalidParameterValue, message)
    }

    public static func validation(_ message: String) -> LambdaError { LambdaError(.validation, message) }

    /// The store failed, so whether the request took effect is unknown: clients retry.
    public static let internalError = LambdaError(
        .service, "The request processing has failed because of an unknown error.")

    /// An error of the signature check, which is made before anything is known of the operation.
    public init(authentication error: WireError) {
        self.init(Kind(rawValue: error.kind.rawValue) ?? .accessDenied, error.message)
    }

    public var status: Int {
        switch kind {
        case .resourceNotFound, .unknownOperation: 404
        case .resourceConflict: 409
        case .preconditionFailed: 412
        case .requestTooLarge, .requestEntityTooLarge: 413
        case .tooManyRequests: 429
        case .accessDenied, .missingAuthenticationToken, .incompleteSignature, .invalidSignature,
            .unrecognizedClient:
            403
        case .service: 500
        default: 400
        }
    }

    public var response: LambdaResponse {
        var fields = [LambdaResponse.Field("x-amzn-ErrorType", kind.rawValue)]
        if kind == .tooManyRequests { fields.append(LambdaResponse.Field("Retry-After", "1")) }
        var writer = JSONWriter()
        writer.beginObject()
        if let type = kind.faultType {
            writer.key("Type")
            writer.string(type)
        }
        if let message {
            writer.key(kind.messageMember)
            writer.string(message)
        }
        if let reason {
            writer.key("Reason")
            writer.string(reason.rawValue)
        }
        writer.endObject()
        return LambdaResponse(status: status, fields: fields, body: writer.bytes)
    }
}

extension LambdaError.Kind {
    /// Whose fault it is; errors of the front end, which Lambda's model does not know, do not say.
    fileprivate var faultType: String? {
        switch self {
        case .validation, .serialization, .requestEntityTooLarge, .unknownOperation, .accessDenied,
            .missingAuthenticationToken, .incompleteSignature, .invalidSignature, .unrecognizedClient:
            nil
        case .service: "Service"
        default: "User"
        }
    }

    /// Typed SDKs read the member's modelled spelling.
    fileprivate var messageMember: StaticString {
        switch self {
        case .resourceNotFound, .resourceInUse, .service: "Message"
        default: "message"
        }
    }
}
