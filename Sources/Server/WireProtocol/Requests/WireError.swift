import JSONBytes

/// An error as AWS clients see it: exception name, text, HTTP status (reference `data-plane.md` 1.1).
public struct WireError: Error, Equatable, Sendable {
    public enum Kind: String, Sendable {
        case validation = "ValidationException"
        case serialization = "SerializationException"
        case unknownOperation = "UnknownOperationException"
        case missingAuthenticationToken = "MissingAuthenticationTokenException"
        case incompleteSignature = "IncompleteSignatureException"
        case invalidSignature = "InvalidSignatureException"
        case unrecognizedClient = "UnrecognizedClientException"
        case accessDenied = "AccessDeniedException"
        case resourceNotFound = "ResourceNotFoundException"
        /// What backup operations, and those on global tables of version 2017.11.29, say of missing tables.
        case tableNotFound = "TableNotFoundException"
        case globalTableNotFound = "GlobalTableNotFoundException"
        case globalTableAlreadyExists = "GlobalTableAlreadyExistsException"
        case replicaNotFound = "ReplicaNotFoundException"
        case replicaAlreadyExists = "ReplicaAlreadyExistsException"
        case indexNotFound = "IndexNotFoundException"
        /// What Application Auto Scaling says of missing targets and policies.
        case objectNotFound = "ObjectNotFoundException"
        case resourceInUse = "ResourceInUseException"
        case limitExceeded = "LimitExceededException"
        case conditionalCheckFailed = "ConditionalCheckFailedException"
        case provisionedThroughputExceeded = "ProvisionedThroughputExceededException"
        case transactionCanceled = "TransactionCanceledException"
        case idempotentParameterMismatch = "IdempotentParameterMismatchException"
        case expiredIterator = "ExpiredIteratorException"
        case trimmedDataAccess = "TrimmedDataAccessException"
        case internalServerError = "InternalServerError"
    }

    public let kind: Kind
    /// Nil where AWS sends none.
    public let message: String?
    /// Further members of the body, as JSON, such as `CancellationReasons`.
    public let members: [(name: String, json: [UInt8])]

    public init(_ kind: Kind, _ message: String?, members: [(name: String, json: [UInt8])] = []) {
        self.kind = kind
        self.message = message
        self.members = members
    }

    public static func validation(_ message: String) -> WireError { WireError(.validation, message) }

    /// With the prefix that most parameter errors carry.
    public static func invalidParameter(_ message: String) -> WireError {
        validation("One or more parameter values were invalid: " + message)
    }

    /// The store failed, so whether the request took effect is unknown: clients retry.
    public static let internalError = WireError(
        .internalServerError, "The request processing has failed because of an unknown error")

    /// What item operations answer for a table that is missing, being created or being deleted.
    public static let resourceNotFound = WireError(.resourceNotFound, "Requested resource not found")

    public var status: Int { kind == .internalServerError ? 500 : 400 }

    public var response: WireResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("__type")
        writer.string(kind.namespace + kind.rawValue)
        if let message {
            writer.key(kind.messageMember(hasItem: members.contains { $0.name == "Item" }))
            writer.string(message)
        }
        for member in members {
            writer.key(member.name)
            writer.raw(member.json)
        }
        writer.endObject()
        return WireResponse(status: status, body: writer.bytes)
    }

    public static func == (left: WireError, right: WireError) -> Bool {
        left.kind == right.kind && left.message == right.message
            && left.members.elementsEqual(right.members) { $0.name == $1.name && $0.json == $1.json }
    }
}

/// A complete answer: HTTP status and body bytes.
public struct WireResponse: Sendable, Equatable {
    public let status: Int
    public let body: [UInt8]

    public init(status: Int = 200, body: [UInt8]) {
        self.status = status
        self.body = body
    }

    /// `{}`: success of an operation that has nothing to tell.
    public static let emptyObject = WireResponse(body: Array("{}".utf8))
}

extension WireError.Kind {
    fileprivate var namespace: String {
        switch self {
        case .serialization, .unknownOperation, .missingAuthenticationToken, .incompleteSignature, .invalidSignature,
            .unrecognizedClient, .accessDenied:
            "com.amazon.coral.service#"
        case .validation: "com.amazon.coral.validate#"
        default: "com.amazonaws.dynamodb.v20120810#"
        }
    }

    /// Typed SDKs read the member's modelled spelling.
    fileprivate func messageMember(hasItem: Bool) -> StaticString {
        switch self {
        case .transactionCanceled, .idempotentParameterMismatch, .serialization, .accessDenied: "Message"
        case .conditionalCheckFailed where hasItem: "Message"
        default: "message"
        }
    }
}
