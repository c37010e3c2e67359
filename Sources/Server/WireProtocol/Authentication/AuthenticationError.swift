/// Why a request's AWS Signature Version 4 parameters were refused, in the words of AWS.
///
/// Rules and texts: data-plane.md section 2, items 1 to 8. All of them are HTTP 400 and belong to the namespace
/// `com.amazon.coral.service#`.
public enum AuthenticationError: Error, Hashable, Sendable {
    /// The signature is in the `Authorization` header and in the query string.
    case foundInHeaderAndQuery
    /// Neither an `Authorization` header that starts with `AWS4-` nor `X-Amz-Algorithm` in the query string.
    case missing
    /// The `Authorization` header lacks parts. `authorization` is the whole header.
    case incompleteHeader(missing: [HeaderPart], authorization: String)
    /// The query string lacks parts.
    case incompleteQuery(missing: [QueryPart])
    /// The request's date is not `yyyymmddThhmmssZ`.
    case malformedDate(String)
    /// `host` is not among the signed headers.
    case unsignedHost
    /// The algorithm is not `AWS4-HMAC-SHA256`.
    case unsupportedAlgorithm(String)
    /// The credential has not five elements. The credential, as sent.
    case malformedScope(String)
    /// The credential's elements do not fit this endpoint or the request's date.
    case wrongScope(ScopeMismatch)

    /// What an `Authorization` header consists of, in the order in which AWS complains.
    public enum HeaderPart: Hashable, Sendable {
        case credential, signature, signedHeaders, date
    }

    /// What a signed query string consists of, in the order in which AWS complains.
    public enum QueryPart: String, CaseIterable, Sendable {
        case algorithm = "X-Amz-Algorithm"
        case credential = "X-Amz-Credential"
        case signature = "X-Amz-Signature"
        case signedHeaders = "X-Amz-SignedHeaders"
        case date = "X-Amz-Date"
    }

    /// The elements of a credential that are wrong, as sent; `nil` for those that are right.
    public struct ScopeMismatch: Hashable, Sendable {
        var region: String?
        /// The service that AWS would have expected.
        var expectedService: String?
        var terminator: String?
        var date: DateMismatch?
    }

    /// The day in the credential, which is not the day of the request's date.
    public struct DateMismatch: Hashable, Sendable {
        let scopeDate: String
        let requestDate: String
    }

    /// The name of the AWS error, without its namespace.
    public var typeName: String {
        switch self {
        case .missing:
            "MissingAuthenticationTokenException"
        case .incompleteHeader, .incompleteQuery, .malformedDate, .unsupportedAlgorithm, .malformedScope:
            "IncompleteSignatureException"
        case .foundInHeaderAndQuery, .unsignedHost, .wrongScope:
            "InvalidSignatureException"
        }
    }

    /// The text of the AWS error. It repeats parts of the request, so it can be as long as a header.
    public var message: String {
        switch self {
        case .foundInHeaderAndQuery:
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        case .missing:
            "Request is missing Authentication Token"
        case .incompleteHeader(let missing, let authorization):
            missing.map(\.complaint).joined() + "Authorization=" + authorization
        case .incompleteQuery(let missing):
            missing.map { "AWS query-string parameters must include '\($0.rawValue)'. " }.joined()
                + "Re-examine the query-string parameters."
        case .malformedDate(let date):
            "Date must be in ISO-8601 'basic format'. Got '\(date)'. See http://en.wikipedia.org/wiki/ISO_8601"
        case .unsignedHost:
            "'Host' must be a 'SignedHeader' in the AWS Authorization."
        case .unsupportedAlgorithm(let algorithm):
            "Unsupported AWS 'algorithm': '\(algorithm)' (only AWS4-HMAC-SHA256 for now). "
        case .malformedScope(let credential):
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                + "got '\(credential)'"
        case .wrongScope(let mismatch):
            mismatch.complaint
        }
    }
}

extension AuthenticationError.HeaderPart {
    fileprivate var complaint: String {
        switch self {
        case .credential: "Authorization header requires 'Credential' parameter. "
        case .signature: "Authorization header requires 'Signature' parameter. "
        case .signedHeaders: "Authorization header requires 'SignedHeaders' parameter. "
        case .date: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        }
    }
}

extension AuthenticationError.ScopeMismatch {
    fileprivate var complaint: String {
        var text = ""
        if let region {
            text += "Credential should be scoped to a valid region, not '\(region)'. "
        }
        if let expectedService {
            text += "Credential should be scoped to correct service: '\(expectedService)'. "
        }
        if let terminator {
            text += "Credential should be scoped with a valid terminator: 'aws4_request', not '\(terminator)'. "
        }
        if let date {
            text += "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            text += "'\(date.scopeDate)' != '\(date.requestDate.utf8Prefix(8))', from '\(date.requestDate)'."
        }
        return text
    }
}

extension String {
    fileprivate func utf8Prefix(_ count: Int) -> String {
        String(decoding: utf8.prefix(count), as: UTF8.self)
    }
}
