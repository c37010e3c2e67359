public import NIOHTTP1

/// The first of the front-end checks (data-plane.md sections 1 and 1.2): what the method and the content type decide
/// before anyone reads the body.
public enum Preflight: Sendable {
    /// The request is answered.
    case respond(HTTPResponse)
    /// The request goes on: it is a `POST` with a body of this type, or without a body. The headers are those of its
    /// response.
    case proceed(ContentType, AWSResponseHeaders)

    /// Decides about a request.
    /// - Parameters:
    ///   - head: the request line and the headers. The path matters for `GET` only, as it does not matter to DynamoDB.
    ///   - hasBody: whether the body has any bytes. Without any, the content type does not matter.
    ///   - region: the region that the health text names.
    public static func decide(_ head: HTTPRequestHead, hasBody: Bool, region: String) -> Preflight {
        let allowsAnyOrigin = head.headers.contains(name: "origin")
        switch head.method {
        case .POST:
            let contentType = head.headers.first(name: "content-type").flatMap(ContentType.ofRequest)
            if contentType == nil, hasBody {
                return .respond(unknownOperation(allowsAnyOrigin: allowsAnyOrigin))
            }
            let type = contentType ?? .json
            return .proceed(type, AWSResponseHeaders(contentType: type, allowsAnyOrigin: allowsAnyOrigin))
        case .OPTIONS where allowsAnyOrigin:
            return .respond(crossOriginPermission(head.headers))
        case .GET where head.uri.utf8.prefix(while: { $0 != UInt8(ascii: "?") }).elementsEqual("/".utf8):
            return .respond(
                HTTPResponse(
                    status: .ok, headers: AWSResponseHeaders(contentType: nil, allowsAnyOrigin: allowsAnyOrigin),
                    body: Array("healthy: dynamodb.\(region).amazonaws.com ".utf8)))
        default:
            return .respond(unknownOperation(allowsAnyOrigin: allowsAnyOrigin))
        }
    }

    /// The 404 of DynamoDB for requests that are not of its protocol.
    public static func unknownOperation(allowsAnyOrigin: Bool) -> HTTPResponse {
        HTTPResponse(
            status: .notFound, headers: AWSResponseHeaders(contentType: nil, allowsAnyOrigin: allowsAnyOrigin),
            body: Array("<UnknownOperationException/>\n".utf8))
    }
}

/// What a browser asks for before it sends the real request.
private func crossOriginPermission(_ headers: HTTPHeaders) -> HTTPResponse {
    var fields = HTTPHeaders()
    if let names = headers.first(name: "access-control-request-headers") {
        fields.add(name: "Access-Control-Allow-Headers", value: names)
    }
    if let method = headers.first(name: "access-control-request-method") {
        fields.add(name: "Access-Control-Allow-Methods", value: method)
    }
    fields.add(name: "Access-Control-Max-Age", value: "172800")
    return HTTPResponse(
        status: .ok, headers: AWSResponseHeaders(contentType: nil, hasChecksum: false, allowsAnyOrigin: true),
        fields: fields)
}
