public import NIOCore
public import NIOHTTP1

/// One complete request, body and all.
public struct HTTPRequest: Sendable {
    /// The request line and the headers.
    public let head: HTTPRequestHead
    /// The whole body, at most as long as `HTTPServer.Limits` allow; empty when there is none.
    public let body: ByteBuffer
    /// The ID that the response will carry as `x-amzn-RequestId`.
    public let id: RequestID
    /// On which of the server's listeners the request came in: the index in `HTTPServer.Configuration.listeners`.
    public let listener: Int
    /// Where the connection comes from; nil when the system does not say.
    public let client: ClientAddress?
}
