/// The header fields of an AWS response that depend on the request (data-plane.md section 1).
public struct AWSResponseHeaders: Sendable, Hashable {
    /// The `Content-Type`, that of the request; `nil` for none.
    public var contentType: ContentType?
    /// Whether `x-amz-crc32` says the CRC-32 of the body as sent.
    public var hasChecksum: Bool
    /// Whether `Access-Control-Allow-Origin: *` is sent; it is when the request has an `Origin`.
    public var allowsAnyOrigin: Bool

    /// These headers.
    public init(contentType: ContentType?, hasChecksum: Bool = true, allowsAnyOrigin: Bool = false) {
        self.contentType = contentType
        self.hasChecksum = hasChecksum
        self.allowsAnyOrigin = allowsAnyOrigin
    }
}
