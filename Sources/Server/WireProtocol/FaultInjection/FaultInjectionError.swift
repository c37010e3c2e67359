import JSONBytes

/// An error of the FIS API as clients see it: exception name, text, HTTP status.
public struct FaultInjectionError: Error, Equatable, Sendable {
    /// The raw values are AWS's names.
    public enum Kind: String, Sendable, CaseIterable {
        case validation = "ValidationException"
        case resourceNotFound = "ResourceNotFoundException"
        case conflict = "ConflictException"
        case quotaExceeded = "ServiceQuotaExceededException"
        case accessDenied = "AccessDeniedException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case incompleteSignature = "IncompleteSignatureException"
        case unrecognizedClient = "UnrecognizedClientException"
        case unknownOperation = "UnknownOperationException"
        case internalFailure = "InternalFailure"

        var status: Int {
            switch self {
            case .validation: 400
            case .resourceNotFound, .unknownOperation: 404
            case .conflict: 409
            case .quotaExceeded: 402
            case .accessDenied, .missingAuthenticationToken, .incompleteSignature, .unrecognizedClient: 403
            case .internalFailure: 500
            }
        }
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public static func validation(_ message: String) -> FaultInjectionError { .init(.validation, message) }

    /// The store failed, so whether the request took effect is unknown: clients retry.
    public static let internalError = FaultInjectionError(
        .internalFailure, "The request processing has failed because of an unknown error.")

    /// An error of the signature check, which is made before anything is known of the operation.
    public init(authentication error: WireError) {
        self.init(Kind(rawValue: error.kind.rawValue) ?? .accessDenied, error.message ?? "")
    }

    public var response: FaultInjectionResponse {
        FaultInjectionResponse(status: kind.status, errorType: kind.rawValue) { writer in
            writer.key("message")
            writer.string(message)
        }
    }
}

/// An answer of the FIS API: JSON.
public struct FaultInjectionResponse: Sendable, Equatable {
    /// Where clients look for the error's name.
    public static let errorField = "x-amzn-ErrorType"

    public let status: Int
    /// The value of `errorField`; nil for none.
    public let errorType: String?
    public let body: [UInt8]

    /// An object whose members `write` appends.
    init(status: Int = 200, errorType: String? = nil, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.beginObject()
        write(&writer)
        writer.endObject()
        self.status = status
        self.errorType = errorType
        body = writer.bytes
    }
}
