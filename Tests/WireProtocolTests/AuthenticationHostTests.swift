import Testing
import WireProtocol

@Suite("The region in the Host header")
struct AuthenticationHostTests {
    @Test(
        "hosts",
        arguments: [
            ("dynamodb.eu-west-1.localhost", "eu-west-1"), ("dynamodb.eu-west-1.localhost:8000", "eu-west-1"),
            ("streams.dynamodb.us-east-1.localhost:8000", "us-east-1"),
            ("dynamodb.ap-southeast-1.amazonaws.com", "ap-southeast-1"),
            ("streams.dynamodb.us-gov-west-1.amazonaws.com:443", "us-gov-west-1"),
            ("DynamoDB.EU-West-1.LocalHost", "eu-west-1"), ("localhost:8000", nil), ("127.0.0.1:8000", nil),
            ("[::1]:8000", nil), ("", nil), ("dynamodb", nil), ("dynamodb.localhost", nil),
            ("dynamodb..localhost", nil), ("dynamodb.eu-west-1", nil), ("dynamodb.eu-west-1.", nil),
            ("dynamodb.eu-west-1.example.com", nil), ("dynamodb.eu-west-1.localhost.com", nil),
            ("dynamodb.eu-west-1.amazonaws.com.evil.org", nil), ("streams.dynamodb.localhost", nil),
            ("streams.eu-west-1.localhost", nil), ("kinesis.eu-west-1.localhost", nil),
            ("xdynamodb.eu-west-1.localhost", nil), ("dynamodb.eu_west.localhost", nil),
            ("dynamodb.eu-wést-1.localhost", nil),
        ] as [(String, String?)])
    func region(host: String, expected: String?) {
        #expect(EndpointHost.region(fromHost: host) == expected)
    }
}
