import Testing
import WireProtocol

private let signedDate = "20240229T123456Z"
private let scope = "AKIAIOSFODNN7EXAMPLE/20240229/eu-west-1/dynamodb/aws4_request"
private let complete = "SignedHeaders=host, Signature=b"

struct Refusal: Sendable, CustomTestStringConvertible {
    var authorization: String?
    var amzDate: String? = signedDate
    var date: String?
    var uri = "/"
    var type: String
    var message: String

    var testDescription: String { "\(authorization ?? "-") \(amzDate ?? "-") \(uri)" }
}

@Suite("AWS Signature Version 4 parameters")
struct AuthenticationTests {
    private let authentication = Authentication(
        regions: ["us-east-1", "eu-west-1", "ap-southeast-1"], services: ["dynamodb", "sts"])

    private func parsed(
        _ authorization: String?, amzDate: String? = signedDate, date: String? = nil, uri: String = "/"
    ) throws(AuthenticationError) -> CredentialScope {
        try authentication.credentialScope(
            of: .init(authorization: authorization, amzDate: amzDate, date: date, uri: uri))
    }

    private func refusal(
        _ authorization: String?, amzDate: String? = signedDate, date: String? = nil, uri: String = "/"
    ) -> AuthenticationError? {
        do {
            _ = try parsed(authorization, amzDate: amzDate, date: date, uri: uri)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "the header, however its parts are separated and ordered",
        arguments: [
            // boto3 and the AWS CLI.
            "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=5d67",
            "AWS4-HMAC-SHA256 Credential=\(scope),SignedHeaders=host,Signature=5d67",
            "AWS4-HMAC-SHA256 Credential=\(scope) SignedHeaders=host Signature=5d67",
            "AWS4-HMAC-SHA256 Signature=5d67,   SignedHeaders=a;HOST,,Credential=\(scope)",
            "  AWS4-HMAC-SHA256  SignedHeaders=Host, Credential=\(scope), Unknown=part, nonsense, Signature=5d67 ",
            // Slashes at the end do not count; of a repeated part the last one does.
            "AWS4-HMAC-SHA256 Credential=\(scope)//, SignedHeaders=host, Signature=5d67",
            "AWS4-HMAC-SHA256 Credential=x, Credential=\(scope), SignedHeaders=host, Signature=5d67",
        ])
    func header(authorization: String) throws {
        let expected = CredentialScope(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", date: "20240229", region: "eu-west-1", service: "dynamodb")
        #expect(try parsed(authorization) == expected)
        #expect(try parsed(authorization, amzDate: nil, date: signedDate) == expected)
        #expect(try parsed(authorization, date: "Thu, 29 Feb 2024 12:34:56 GMT") == expected)
    }

    @Test("the query string, percent-encoded")
    func query() throws {
        let uri =
            "/?Action=x&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=te%73t%2F20240229%2fus-east-1/sts/aws4_request"
            + "&X-Amz-Date=20240229T123456Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx&X-Amz-Signature=00#fragment"
        #expect(
            try parsed(nil, amzDate: nil, uri: uri)
                == CredentialScope(accessKeyID: "test", date: "20240229", region: "us-east-1", service: "sts"))
    }

    @Test("any access key is good", arguments: ["test", "", "AKIA", "Ключ", "a b"])
    func accessKeys(key: String) throws {
        let uri =
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\(key)/20240229/us-east-1/dynamodb/aws4_request"
            + "&X-Amz-Date=20240229T123456Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
        #expect(try parsed(nil, amzDate: nil, uri: uri).accessKeyID == key)
    }

    static let refusals: [Refusal] = [
        // 1
        Refusal(
            authorization: "X", uri: "/?X-Amz-Algorithm", type: "InvalidSignatureException",
            message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
        Refusal(
            authorization: "AWS4-HMAC-SHA256 Credential=\(scope), \(complete)", uri: "/x?a=b&X-Amz-Algorithm=c",
            type: "InvalidSignatureException",
            message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
        // 2
        missing(nil), missing(""), missing("AWS4"), missing("Bearer AWS4-HMAC-SHA256"),
        missing("X", uri: "/?X-Amz-Algorith"), missing("aws4-hmac-sha256 Credential=\(scope), \(complete)"),
        missing(nil, uri: "/?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d"),
        missing(nil, uri: "/?x-amz-algorithm=AWS4-HMAC-SHA256"),
        // 3, header
        Refusal(
            authorization: "AWS4-", amzDate: nil, type: "IncompleteSignatureException",
            message: "Authorization header requires 'Credential' parameter. "
                + "Authorization header requires 'Signature' parameter. "
                + "Authorization header requires 'SignedHeaders' parameter. "
                + "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                + "Authorization=AWS4-"),
        Refusal(
            authorization: "AWS4- Signature=b Credential=a", amzDate: nil, date: "a",
            type: "IncompleteSignatureException",
            message: "Authorization header requires 'SignedHeaders' parameter. "
                + "Authorization=AWS4- Signature=b Credential=a"),
        Refusal(
            authorization: "AWS4- Signature=b, Credential=a", amzDate: nil, date: "a",
            type: "IncompleteSignatureException",
            message: "Authorization header requires 'SignedHeaders' parameter. "
                + "Authorization=AWS4- Signature=b, Credential=a"),
        Refusal(
            authorization: "AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=", amzDate: nil, date: "",
            type: "IncompleteSignatureException",
            message: "Authorization header requires 'Credential' parameter. "
                + "Authorization header requires 'Signature' parameter. "
                + "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                + "Authorization=AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature="),
        // 3, query string
        Refusal(
            uri: "/?X-Amz-Algorithm", type: "IncompleteSignatureException",
            message: "AWS query-string parameters must include 'X-Amz-Algorithm'. "
                + "AWS query-string parameters must include 'X-Amz-Credential'. "
                + "AWS query-string parameters must include 'X-Amz-Signature'. "
                + "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
                + "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."),
        Refusal(
            uri: "/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d",
            type: "IncompleteSignatureException",
            message: "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
                + "Re-examine the query-string parameters."),
        // 4: before 5, 6 and 7
        badDate("201", nil), badDate(nil, "Thu, 29 Feb 2024 12:34:56 GMT"), badDate("20240229T123456z", nil),
        badDate("20240229t123456Z", nil), badDate("2024022xT123456Z", nil), badDate("20240229T123456Z ", signedDate),
        Refusal(
            uri: "/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=%65+f",
            type: "IncompleteSignatureException",
            message: "Date must be in ISO-8601 'basic format'. Got 'e f'. See http://en.wikipedia.org/wiki/ISO_8601"),
        // 5: before 6 and 7
        unsigned(""), unsigned("hosts"), unsigned("ghost;x"), unsigned("x-host;hos;t"),
        // 6: before 7
        Refusal(
            authorization: "AWS4-HMAC-SHA25 Credential=a, \(complete)", type: "IncompleteSignatureException",
            message: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "),
        Refusal(
            authorization: "AWS4-ECDSA-P256-SHA256 Credential=a, \(complete)", type: "IncompleteSignatureException",
            message: "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "),
        // 7
        badShape("a/b/c/d"), badShape("a"), badShape("a/b/c/d/"), badShape("a/b/c/d/e/f"), badShape("////"),
        badShape("x/\(scope)"),
        // 8
        badScope(
            "a/b/c/d/e",
            "Credential should be scoped to a valid region, not 'c'. "
                + "Credential should be scoped to correct service: 'dynamodb'. "
                + "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. "
                + "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                + "'b' != '20240229', from '20240229T123456Z'."),
        badScope(
            "a/20240229/us-west-2/dynamodb/aws4_request",
            "Credential should be scoped to a valid region, not 'us-west-2'. "),
        badScope(
            "a/20240229/US-EAST-1/dynamodb/aws4_request",
            "Credential should be scoped to a valid region, not 'US-EAST-1'. "),
        badScope(
            "a/20240229/us-east-1/s3/aws4_request", "Credential should be scoped to correct service: 'dynamodb'. "),
        badScope(
            "a/20240229/us-east-1/dynamodb/aws4_requests",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4_requests'. "),
        badScope(
            "a/20240228/us-east-1/sts/aws4_request",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                + "'20240228' != '20240229', from '20240229T123456Z'."),
        badScope(
            "a/2024022/us-east-1/sts/aws4_request",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                + "'2024022' != '20240229', from '20240229T123456Z'."),
    ]

    @Test("what is refused, in the words of AWS and in its order", arguments: refusals)
    func refused(_ expected: Refusal) throws {
        let error = try #require(
            refusal(expected.authorization, amzDate: expected.amzDate, date: expected.date, uri: expected.uri))
        #expect(error.typeName == expected.type)
        #expect(error.message == expected.message)
    }

    @Test("no bytes of a header or a query string bring it down")
    func arbitraryInput() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "AWS4-HMAC-SHA256", "AWS4-", " ", ",", "=", "/", "%", "%2", "+", "&", "?", "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date", "Credential=", "Signature=", "SignedHeaders=", "host", ";", signedDate, scope, "é", "\u{0}",
        ]
        for _ in 0..<20_000 {
            let text = (0..<random(below: 12)).map { _ in pieces[random(below: pieces.count)] }.joined()
            for error in [refusal(text), refusal("AWS4-\(text)"), refusal(nil, uri: "/?X-Amz-Algorithm\(text)")] {
                #expect(error?.message.isEmpty != true, "seed \(seed), \(text)")
            }
        }
    }
}

private func missing(_ authorization: String?, uri: String = "/") -> Refusal {
    Refusal(
        authorization: authorization, uri: uri, type: "MissingAuthenticationTokenException",
        message: "Request is missing Authentication Token")
}

private func badDate(_ amzDate: String?, _ date: String?) -> Refusal {
    Refusal(
        authorization: "AWS4-X Credential=a, SignedHeaders=x, Signature=b", amzDate: amzDate, date: date,
        type: "IncompleteSignatureException",
        message: "Date must be in ISO-8601 'basic format'. Got '\(amzDate ?? date ?? "")'. "
            + "See http://en.wikipedia.org/wiki/ISO_8601")
}

private func unsigned(_ signedHeaders: String) -> Refusal {
    Refusal(
        authorization: "AWS4-X Credential=a, SignedHeaders=\(signedHeaders), Signature=b",
        type: "InvalidSignatureException", message: "'Host' must be a 'SignedHeader' in the AWS Authorization.")
}

private func badShape(_ credential: String) -> Refusal {
    Refusal(
        authorization: "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=host, Signature=b",
        type: "IncompleteSignatureException",
        message: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            + "got '\(credential)'")
}

private func badScope(_ credential: String, _ message: String) -> Refusal {
    Refusal(
        authorization: "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=host, Signature=b",
        type: "InvalidSignatureException", message: message)
}
