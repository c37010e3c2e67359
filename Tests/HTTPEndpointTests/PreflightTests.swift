import HTTPEndpoint
import NIOCore
import NIOHTTP1
import Testing

@Suite("The first look at a request")
struct PreflightTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var method: HTTPMethod
        var uri = "/"
        var contentType: String?
        var hasBody = true
        /// The content type of the response if the request goes on; `nil` for the 404.
        var goesOn: String?

        var testDescription: String { "\(method) \(uri) \(contentType ?? "-") body: \(hasBody)" }
    }

    static let cases = [
        Case(method: .POST, contentType: "application/x-amz-json-1.0", goesOn: "application/x-amz-json-1.0"),
        Case(method: .POST, contentType: "application/x-amz-json-1.1", goesOn: "application/x-amz-json-1.1"),
        Case(method: .POST, contentType: "application/json", goesOn: "application/json"),
        Case(method: .POST, contentType: "application/json;charset=asfdsaf", goesOn: "application/json"),
        Case(method: .POST, contentType: "  application/json  ;   asfd", goesOn: "application/json"),
        Case(method: .POST, contentType: "application/json;", goesOn: "application/json"),
        Case(method: .POST, contentType: "Application/X-AMZ-JSON-1.0;x", goesOn: "application/x-amz-json-1.0"),
        Case(
            method: .POST, contentType: "application/x-www-form-urlencoded; charset=utf-8",
            goesOn: "application/x-www-form-urlencoded"),
        Case(method: .POST, uri: "/any/path?and=query", contentType: "application/json", goesOn: "application/json"),
        // Without a body the content type does not matter.
        Case(method: .POST, hasBody: false, goesOn: "application/json"),
        Case(method: .POST, contentType: "whatever", hasBody: false, goesOn: "application/json"),
        Case(
            method: .POST, contentType: "application/x-amz-json-1.0", hasBody: false,
            goesOn: "application/x-amz-json-1.0"),
        Case(method: .POST),
        Case(method: .POST, contentType: "whatever"),
        Case(method: .POST, contentType: ""),
        Case(method: .POST, contentType: "application/jsonasdf"),
        Case(method: .POST, contentType: "application/x-amz-json-1.00"),
        Case(method: .POST, contentType: ";application/json"),
        Case(method: .PUT, contentType: "application/json"),
        Case(method: .DELETE, hasBody: false),
        Case(method: .HEAD, hasBody: false),
        Case(method: .OPTIONS, hasBody: false),
        Case(method: .GET, uri: "/favicon.ico", hasBody: false),
    ]

    @Test("method and content type", arguments: cases, ["", "https://example.com"])
    func decide(_ testCase: Case, origin: String) throws {
        // With an origin, OPTIONS has its own answer and its own test.
        guard origin.isEmpty || testCase.method != .OPTIONS else { return }
        var head = HTTPRequestHead(version: .http1_1, method: testCase.method, uri: testCase.uri)
        if let contentType = testCase.contentType { head.headers.add(name: "content-TYPE", value: contentType) }
        if !origin.isEmpty { head.headers.add(name: "Origin", value: origin) }
        switch Preflight.decide(head, hasBody: testCase.hasBody, region: "us-east-1") {
        case .proceed(let contentType, let headers):
            #expect(contentType.text == testCase.goesOn)
            #expect(headers.contentType == contentType)
            #expect(headers.hasChecksum)
            #expect(headers.allowsAnyOrigin == !origin.isEmpty)
        case .respond(let response):
            #expect(testCase.goesOn == nil)
            #expect(response.status == .notFound)
            #expect(response.body == Array("<UnknownOperationException/>\n".utf8))
            #expect(response.headers.contentType == nil)
            #expect(response.headers.hasChecksum)
            #expect(response.headers.allowsAnyOrigin == !origin.isEmpty)
        }
    }

    @Test("health of a region", arguments: ["/", "/?x=y"])
    func health(uri: String) throws {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: uri)
        guard case .respond(let response) = Preflight.decide(head, hasBody: false, region: "eu-west-1") else {
            Issue.record("GET goes on")
            return
        }
        #expect(response.status == .ok)
        #expect(response.body == Array("healthy: dynamodb.eu-west-1.amazonaws.com ".utf8))
    }

    @Test("permission for other origins")
    func crossOrigin() throws {
        let head = HTTPRequestHead(
            version: .http1_1, method: .OPTIONS, uri: "/",
            headers: [
                "Origin": "https://example.com", "Access-Control-Request-Headers": "a, b, c",
                "Access-Control-Request-Method": "POST",
            ])
        guard case .respond(let response) = Preflight.decide(head, hasBody: false, region: "us-east-1") else {
            Issue.record("OPTIONS goes on")
            return
        }
        #expect(response.status == .ok)
        #expect(response.body.isEmpty)
        #expect(response.headers.allowsAnyOrigin)
        #expect(response.fields["Access-Control-Allow-Headers"] == ["a, b, c"])
        #expect(response.fields["Access-Control-Allow-Methods"] == ["POST"])
        #expect(response.fields["Access-Control-Max-Age"] == ["172800"])
    }

    @Test("over the wire, as the reference has it")
    func wire() async throws {
        try await withServer(
            limits: quickLimits(),
            handler: { request, responder in
                let hasBody = request.body.readableBytes > 0
                if case .respond(let response) = Preflight.decide(request.head, hasBody: hasBody, region: "us-east-1") {
                    responder.respond(response)
                }
            }
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("PUT / HTTP/1.1\r\n\r\n")
            let unknown = try client.response()
            #expect(unknown.status == 404)
            #expect(unknown["Content-Length"] == "29")
            #expect(unknown["x-amz-crc32"] == "3552371480")
            #expect(unknown["Access-Control-Allow-Origin"] == nil)

            try client.send("GET / HTTP/1.1\r\nOrigin: x\r\n\r\n")
            let health = try client.response()
            #expect(health.text == "healthy: dynamodb.us-east-1.amazonaws.com ")
            #expect(health["x-amz-crc32"] == "3128867991")
            #expect(health["Access-Control-Allow-Origin"] == "*")

            try client.send("OPTIONS / HTTP/1.1\r\nOrigin: x\r\nAccess-Control-Request-Headers: a, b\r\n\r\n")
            let permission = try client.response()
            #expect(permission.status == 200)
            #expect(permission["Access-Control-Allow-Headers"] == "a, b")
            #expect(permission["Access-Control-Max-Age"] == "172800")
            #expect(permission["Content-Length"] == "0")
        }
    }
}
