import JSONBytes
import TestSupport
import Testing

@testable import WireProtocol

@Suite("Lambda: requests that nobody means")
struct LambdaHostileTests {
    private static let lines: [(String, String)] =
        LambdaOperation.allCases.map { operation in
            let path = operation.template.parts.map { $0 ?? "{}" }.joined(separator: "/")
            return (operation.template.method, "/" + path)
        }
    private static let subjects = [
        "f", "f:$LATEST", "f:", ":", "::::::::", "arn:", "arn:aws:lambda:::event-source-mapping:\(LambdaFixture.uuid)",
        "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:\(LambdaFixture.uuid)", "arn:aws:lambda:a:b:c:d:e",
        "arn:aws:lambda:::function:f", "arn:aws:lambda:us-east-1:000000000000:function", "%00", "%", "%F0%9F", "é",
        "arn%3Aaws%3Alambda", String(repeating: "a", count: 5000), "arn:aws:lambda:us-east-1::function:f",
    ]
    private static let bodies = [
        createFunction(), createMapping(), #"{"Tags":{"a":"b"}}"#, #"{"ReservedConcurrentExecutions":1}"#, "",
        createMapping([
            "FilterCriteria": #"{"Filters":[{"Pattern":"{\"a\":[{\"numeric\":[\">\",1]}]}"}]}"#, "Topics": #"["t1"]"#,
            "DestinationConfig": #"{"OnFailure":{"Destination":"file:///x"}}"#,
            "SelfManagedEventSource": #"{"Endpoints":{"KAFKA_BOOTSTRAP_SERVERS":["h:1"]}}"#, "EventSourceArn": nil,
            "SourceAccessConfigurations": "[]",
        ]),
    ]
    private static let pieces = [
        "null", "[]", "{}", "\"\"", "-1", "1e999", "99999999999999999999", "true", "[null]", "{\"a\":{}}",
        "\"\\ud800\"",
        "[[]]", "0.5",
    ]

    /// Reading must end with a request or with an error of the API, whatever comes; this would trap otherwise.
    @Test("random request lines and bodies", arguments: 0..<40)
    func randomRequests(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var refused = 0
        for _ in 0..<100 {
            let (method, template) = Self.lines.randomElement(using: &random) ?? ("GET", "/")
            let subject = Self.subjects.randomElement(using: &random) ?? ""
            let query =
                ["", "?Qualifier=x", "?MaxItems=2&Marker=YQ==", "?tagKeys=", "?&=&%"].randomElement(using: &random)
                ?? ""
            let body = Self.mutated(Self.bodies.randomElement(using: &random) ?? "", &random)
            if let error = lambdaRefusal(method, template.replacing("{}", with: subject) + query, body) {
                refused += 1
                #expect(error.status >= 400 && error.status < 500)
                #expect((try? JSONDocument(parsing: error.response.body)) != nil)
            }
        }
        #expect(refused > 0)
    }

    /// One value replaced by another, or one byte.
    private static func mutated(_ body: String, _ random: inout SeededRandom) -> String {
        guard !body.isEmpty else { return body }
        if Bool.random(using: &random) {
            let parts = body.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count > 1 else { return body }
            var changed = parts
            let index = Int.random(in: 1..<parts.count, using: &random)
            let rest = parts[index].drop { $0 != "," && $0 != "}" }
            changed[index] = (pieces.randomElement(using: &random) ?? "") + rest
            return changed.joined(separator: ":")
        }
        var bytes = Array(body.utf8)
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("deep nesting is refused, not followed")
    func depth() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(lambdaRefusal("POST", functionsPath + "/f/invocations", deep)?.kind == .invalidRequestContent)
        #expect(lambdaRefusal("POST", mappingsPath, deep)?.kind == .invalidRequestContent)
    }
}
