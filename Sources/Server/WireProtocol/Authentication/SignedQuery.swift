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
            guard let part = AuthenticationError.QueryPart(rawValue: decoded(name)), values[part] == nil else {
                continue
            }
            values[part] = decoded(value)
        }
        guard values[.algorithm] != nil else { return nil }
    }
}

/// `%XX` and `+` resolved; a `%` that two hexadecimal digits do not follow stands for itself.
private func decoded(_ text: Substring.UTF8View) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "+"):
            bytes.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
            if let high = rest.first.flatMap(hexadecimalDigit),
                let low = rest.dropFirst().first.flatMap(hexadecimalDigit)
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        default:
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
