/// What the bytes of a body are, as the `Content-Type` header says it.
public struct ContentType: Sendable, Hashable {
    /// The header's value.
    public let text: String

    /// A content type with this header value.
    public init(_ text: String) {
        self.text = text
    }

    /// What DynamoDB speaks.
    public static var amazonJSON10: ContentType { ContentType("application/x-amz-json-1.0") }
    /// What newer AWS services speak; DynamoDB Local takes it too.
    public static var amazonJSON11: ContentType { ContentType("application/x-amz-json-1.1") }
    /// What DynamoDB takes as well and echoes.
    public static var json: ContentType { ContentType("application/json") }
    /// What the query protocol of AWS, and so STS, sends.
    public static var form: ContentType { ContentType("application/x-www-form-urlencoded") }

    /// The one of the four above that a request's header names. Parameters after `;`, spaces around and the case of
    /// letters do not matter.
    /// - Returns: `nil` for any other type.
    public static func ofRequest(_ header: String) -> ContentType? {
        if header.utf8.elementsEqual(amazonJSON10.text.utf8) { return .amazonJSON10 }
        var name = header.prefix { $0 != ";" }
        name = name.drop { $0 == " " }
        while name.last == " " { name.removeLast() }
        if isEqualIgnoringCase(name, "application/x-amz-json-1.0") { return .amazonJSON10 }
        if isEqualIgnoringCase(name, "application/json") { return .json }
        if isEqualIgnoringCase(name, "application/x-amz-json-1.1") { return .amazonJSON11 }
        if isEqualIgnoringCase(name, "application/x-www-form-urlencoded") { return .form }
        return nil
    }
}

/// Whether `text` is `literal`, which has no capital letters, but for the case of ASCII letters.
func isEqualIgnoringCase(_ text: some StringProtocol, _ literal: String) -> Bool {
    text.utf8.count == literal.utf8.count && text.utf8.lazy.map(lowercased).elementsEqual(literal.utf8)
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
