import HTTPEndpoint
import NIOHTTP1
import Testing

/// Named, because some are longer than a name should be.
private let malformedRequests: [String: (text: String, status: Int)] = [
    "garbage": ("garbage\r\n\r\n", 400),
    "header without a colon": ("GET / HTTP/1.1\r\nbroken header\r\n\r\n", 400),
    "length that is no number": ("POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
    "two lengths": ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "length and chunks": ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "chunk without a size": ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/3": ("GET / HTTP/3.0\r\n\r\n", 505),
    "impossible expectation": ("POST / HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417),
    "long header": ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 81_921))\r\n\r\n", 431),
    "long target": ("GET /\(String(repeating: "x", count: 81_921)) HTTP/1.1\r\n\r\n", 431),
    "many headers": ("GET / HTTP/1.1\r\n\(String(repeating: "X: 1\r\n", count: 257))\r\n", 431),
    "much in headers": (
        "GET / HTTP/1.1\r\n\(String(repeating: "X: \(String(repeating: "x", count: 1000))\r\n", count: 132))\r\n",
        431
    ),
]

@Suite("The HTTP server and the rules of HTTP/1")
struct HTTPSemanticsTests {
    @Test(
        "closes or keeps the connection as the client wants",
        arguments: [
            ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
            ("HTTP/1.1", "Connection: keep-alive\r\n", true), ("HTTP/1.0", "", false),
            ("HTTP/1.0", "Connection: keep-alive\r\n", true), ("HTTP/1.0", "Connection: close\r\n", false),
            // The decoder stops at such a request, so the next one must come on another connection.
            ("HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n", false),
        ])
    func keepAlive(version: String, header: String, staysOpen: Bool) async throws {
        try await withServer(limits: quickLimits(), handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("POST / \(version)\r\n\(header)Content-Length: 1\r\n\r\nx")
            let response = try client.response()
            #expect(response.text == "x")
            #expect(response["Connection"] == (staysOpen ? "keep-alive" : "close"))
            if staysOpen {
                try client.post("again")
                #expect(try client.response().text == "again")
            } else {
                #expect(client.isClosed())
            }
        }
    }

    @Test("ignores what comes after the last request of a connection")
    func afterClose() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("last", headers: "Connection: close\r\n")
            let delivery = try inbox.next()
            try client.post("too late")
            try client.send("\u{1}\u{2} garbage\r\n\r\n")
            delivery.responder.respond(response("answer"))
            #expect(try client.response().text == "answer")
            #expect(client.isClosed())
            #expect(inbox.count == 0)
        }
    }

    @Test("answers a client that has finished sending, then closes")
    func halfClosed() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("one")
            try client.post("two")
            client.finishSending()
            let deliveries = [try inbox.next(), try inbox.next()]
            for delivery in deliveries { delivery.responder.respond(response(delivery.request.text)) }
            #expect(try client.response()["Connection"] == "keep-alive")
            let last = try client.response()
            #expect(last.text == "two")
            #expect(last["Connection"] == "close")
            #expect(client.isClosed())
        }
    }

    @Test("asks for the body of a client that waits to be asked")
    func expectContinue() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("first")
            let first = try inbox.next()
            try client.send("POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 6\r\n\r\n")
            first.responder.respond(response("answer"))
            #expect(try client.response().text == "answer")
            #expect(try client.response().status == 100)
            try client.send("second")
            let second = try inbox.next()
            #expect(second.request.text == "second")
            second.responder.respond(response("done"))
            #expect(try client.response().text == "done")
        }
    }

    @Test("reads chunked bodies")
    func chunked() async throws {
        try await withServer(limits: quickLimits(), handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            try client.send("7;extension=1\r\n, world\r\n0\r\nTrailer: ignored\r\n\r\n")
            #expect(try client.response().text == "hello, world")
            try client.post("next")
            #expect(try client.response().text == "next")
        }
    }

    @Test("reads large bodies in many pieces", arguments: [40_000, 3_000_000])
    func largeBody(bytes: Int) async throws {
        let body = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 3) }
        try await withServer(limits: quickLimits(), handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("POST / HTTP/1.1\r\nContent-Length: \(bytes)\r\n\r\n")
            try client.send(body)
            #expect(try client.response().body == body)
        }
    }

    @Test("announces the body of the response to a HEAD and leaves it out")
    func head() async throws {
        try await withServer(
            limits: quickLimits(), handler: { _, responder in responder.respond(response("12345")) }
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("HEAD / HTTP/1.1\r\n\r\n")
            #expect(try client.response(hasBody: false)["Content-Length"] == "5")
            try client.send("GET / HTTP/1.1\r\n\r\n")
            #expect(try client.response().text == "12345")
        }
    }

    @Test(
        "answers what is not HTTP with an error and closes the connection", arguments: malformedRequests.keys.sorted())
    func malformed(name: String) async throws {
        let (text, status) = try #require(malformedRequests[name])
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            // What came before is answered first, and only then the error.
            try client.post("good")
            let good = try inbox.next()
            try client.send(text)
            good.responder.respond(response("answer"))
            #expect(try client.response().text == "answer")
            let refusal = try client.response()
            #expect(refusal.status == status)
            #expect(refusal.body.isEmpty)
            #expect(refusal["Connection"] == "close")
            #expect(client.isClosed())
            #expect(inbox.count == 0)
        }
    }

    @Test(
        "answers half a request with an error",
        arguments: ["POST / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"])
    func truncated(text: String) async throws {
        try await withServer(limits: quickLimits(), handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send(text)
            client.finishSending()
            #expect(try client.response().status == 400)
            #expect(client.isClosed())
        }
    }
}
