public import NIOHTTP1

/// One response. The server adds `Server`, `Date`, `Content-Length`, `Connection` and `x-amzn-RequestId`.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: HTTPResponseStatus
    /// What goes into `Content-Type`, `x-amz-crc32` and the CORS header.
    public var headers: AWSResponseHeaders
    /// Further header fields. A field whose name or value would break the header section is left out.
    public var fields: HTTPHeaders
    /// The whole body. A response to `HEAD` announces its length and leaves it out.
    public var body: [UInt8]
    /// Whether the connection is closed after this response, however the client wants it.
    public var closesConnection: Bool
    /// A body that is written later and has no length; `body` is then empty.
    var streamedBody: StreamedBody?

    /// A response of an AWS endpoint.
    public init(
        status: HTTPResponseStatus, headers: AWSResponseHeaders, fields: HTTPHeaders = [:], body: [UInt8] = [],
        closesConnection: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.fields = fields
        self.body = body
        self.closesConnection = closesConnection
    }

    /// A response that has nothing to do with AWS: a console page, a health check.
    public init(status: HTTPResponseStatus, contentType: ContentType?, body: [UInt8] = []) {
        self.init(
            status: status, headers: AWSResponseHeaders(contentType: contentType, hasChecksum: false), body: body)
    }

    /// The answer to a request that nobody answered. SDKs take it as a reason to try again.
    static var internalServerError: HTTPResponse {
        let body =
            #"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"Internal server error"}"#
        return HTTPResponse(
            status: .internalServerError, headers: AWSResponseHeaders(contentType: .amazonJSON10),
            body: Array(body.utf8))
    }
}
