import Partition

/// `GetCallerIdentity` of STS, so that tools that ask for their account before anything else learn the one in the tables' ARNs.
///
/// STS speaks AWS's query protocol: a form in, XML out (`text/xml`), also for errors.
public enum CallerIdentity {
    /// What the content type of the answers is.
    public static let contentType = "text/xml"
    /// Every caller is the root user of the one account.
    public static let arn = "arn:aws:iam::\(TableDefinition.account):root"
    private static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    /// - Parameters:
    ///   - form: the body, `application/x-www-form-urlencoded`.
    ///   - requestID: what the answer's `x-amzn-RequestId` says.
    public static func response(toForm form: [UInt8], requestID: String) -> WireResponse {
        let fields = FormFields(form)
        switch fields["Action"] {
        case "GetCallerIdentity":
            return xml(
                200,
                """
                <GetCallerIdentityResponse xmlns="\(namespace)">
                  <GetCallerIdentityResult>
                    <Arn>\(arn)</Arn>
                    <UserId>\(TableDefinition.account)</UserId>
                    <Account>\(TableDefinition.account)</Account>
                  </GetCallerIdentityResult>
                  <ResponseMetadata>
                    <RequestId>\(requestID)</RequestId>
                  </ResponseMetadata>
                </GetCallerIdentityResponse>

                """)
        case nil:
            return failure("MissingAction", "The request must contain the parameter Action", requestID)
        case let action?:
            let version = fields["Version"] ?? "2011-06-15"
            return failure("InvalidAction", "Could not find operation \(action) for version \(version)", requestID)
        }
    }

    private static func failure(_ code: String, _ message: String, _ requestID: String) -> WireResponse {
        xml(
            400,
            """
            <ErrorResponse xmlns="\(namespace)">
              <Error>
                <Type>Sender</Type>
                <Code>\(code)</Code>
                <Message>\(escaped(message))</Message>
              </Error>
              <RequestId>\(requestID)</RequestId>
            </ErrorResponse>

            """)
    }

    private static func xml(_ status: Int, _ text: String) -> WireResponse {
        WireResponse(status: status, body: Array(text.utf8))
    }

    /// Text as XML content: markup escaped, and characters that XML cannot hold replaced.
    private static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\t", "\n", "\r", "\u{20}"..."\u{FFFD}", "\u{10000}"...: output.unicodeScalars.append(scalar)
            default: output.unicodeScalars.append("\u{FFFD}")
            }
        }
        return output
    }
}

/// The fields of an `application/x-www-form-urlencoded` body. Of a field that stands there twice the first one counts.
private struct FormFields {
    /// How many fields are read; GetCallerIdentity has two.
    static let countMax = 16
    private var values: [String: String] = [:]

    init(_ form: [UInt8]) {
        for field in form.split(separator: UInt8(ascii: "&"), maxSplits: Self.countMax - 1) {
            let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(parts[0])
            if values[name] == nil { values[name] = parts.count == 2 ? Self.decoded(parts[1]) : "" }
        }
    }

    subscript(name: String) -> String? { values[name] }

    private static func decoded(_ text: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = text[index...].dropFirst().prefix(2)
                if digits.count == 2, let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                    bytes.append(byte)
                    index += 2
                } else {
                    bytes.append(UInt8(ascii: "%"))
                }
            case let byte: bytes.append(byte)
            }
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
