import Bytes

/// Where a request of the Lambda REST API goes: the operation and what the request line says (reference `event-source-mapping.md` 1, 6).
public struct LambdaRoute: Sendable, Equatable {
    public let operation: LambdaOperation
    /// The path's parameter, decoded: a function as the client names it, a mapping's UUID, or an ARN. Empty where the path has none.
    let subject: String
    let query: QueryFields

    /// Nil when the path is none of the Lambda API's.
    ///
    /// Throws for operations that AWS has and this server has not, and for those that nobody has.
    /// - Parameters:
    ///   - path: as the request line has it, without the query.
    ///   - query: as the request line has it; empty when there is none.
    public init?(method: String, path: Substring, query: Substring = "") throws(LambdaError) {
        guard Self.isOfLambda(path) else { return nil }
        let parts = path.split(separator: "/")
        for operation in LambdaOperation.allCases {
            let template = Self.templates[operation]
            guard let template, template.method == method, let parameters = template.parameters(of: parts) else {
                continue
            }
            self.operation = operation
            subject = parameters.first.map { PercentEncoding.decode($0.utf8, plusIsSpace: false) } ?? ""
            self.query = QueryFields(query)
            return
        }
        throw UnsupportedLambdaOperations.error(method: method, path: parts) ?? LambdaError(.unknownOperation, nil)
    }

    /// - Parameter uri: path and query, as the request line has them.
    public init?(method: String, uri: String) throws(LambdaError) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        try self.init(method: method, path: parts[0], query: parts.count == 2 ? parts[1] : "")
    }

    /// Every path of the Lambda API begins with a date, and none of this server's other paths does.
    public static func isOfLambda(_ path: Substring) -> Bool {
        let bytes = Array(path.utf8.prefix(datePattern.count))
        return bytes.count == datePattern.count
            && zip(bytes, datePattern).allSatisfy { byte, expected in
                expected == UInt8(ascii: "0") ? byte.isDigit : byte == expected
            }
    }

    /// Zeros stand for digits.
    private static let datePattern = Array("/0000-00-00/".utf8)
    private static let templates = Dictionary(
        uniqueKeysWithValues: LambdaOperation.allCases.map { ($0, $0.template) })
}
