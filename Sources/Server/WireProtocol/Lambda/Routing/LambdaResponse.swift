public import JSONBytes

/// A complete answer of the Lambda API: HTTP status, header fields beyond the usual ones, and body. The content type is `contentType`.
public struct LambdaResponse: Sendable, Equatable {
    public static let contentType = "application/json"

    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public let status: Int
    public let fields: [Field]
    /// Empty where the operation answers nothing.
    public let body: [UInt8]

    public init(status: Int, fields: [Field] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// An object whose members the closure writes.
    public static func object(status: Int = 200, _ write: (inout JSONWriter) -> Void) -> LambdaResponse {
        var writer = JSONWriter()
        writer.beginObject()
        write(&writer)
        writer.endObject()
        return LambdaResponse(status: status, body: writer.bytes)
    }

    /// Success of an operation that has nothing to tell.
    public static let noContent = LambdaResponse(status: 204)
}
