import Bytes

/// The AWS Signature Version 4 parameters in the query string of a request, percent-decoded.
struct SignedQuery {
    /// Of a parameter that stands there twice the first one counts.
    private(set) var values: [AuthenticationError.QueryPart: String] = [:]

    /// - Returns: `nil` when the query string does not have `X-Amz-Algorithm`, with or without a value: such a request
    ///   is not signed by its query string.
    init?(uri: String) {
        guard let mark = uri.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let query = uri.utf8[uri.utf8.index(after: mark)...].prefix { $0 != UInt8(ascii: "#") }
        for parameter in query.split(separator: UInt8(ascii: "&")) {
            let name = parameter.prefix { $0 != UInt8(ascii: "=") }
            let value = parameter.dropFirst(name.count + 1)
            guard let part = AuthenticationError.QueryPart(rawValue: PercentEncoding.decode(name, plusIsSpace: true)),
                values[part] == nil
            else {
                continue
            }
            values[part] = PercentEncoding.decode(value, plusIsSpace: true)
        }
        guard values[.algorithm] != nil else { return nil }
    }
}
