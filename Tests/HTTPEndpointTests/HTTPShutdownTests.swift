import HTTPEndpoint
import Testing

@Suite("The shutdown of the HTTP server")
struct HTTPShutdownTests {
    @Test("closes idle connections at once and lets running requests finish")
    func graceful() async throws {
        let inbox = Inbox()
        var limits = HTTPServer.Limits()
        limits.shutdownMilliseconds = 60_000
        let server = try await start(limits, handler: inbox.add)
        let port = server.ports[0]
        let shutdown = try await onOwnThread {
            let busy = try RawClient(port: port)
            try busy.post("running")
            let running = try inbox.next()
            let receiving = try RawClient(port: port)
            try receiving.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            #expect(try receiving.response().status == 100)
            let idle = try RawClient(port: port)
            try idle.post("x")
            try inbox.next().responder.respond(response("y"))
            #expect(try idle.response().text == "y")

            let shutdown = Task { await server.shutdown() }
            #expect(idle.isClosed())
            // The listener is closed before any connection is.
            #expect(throws: RawClient.Disconnected.self) { try RawClient(port: port) }

            try receiving.send("late")
            let late = try inbox.next()
            #expect(late.request.text == "late")
            late.responder.respond(response("in time"))
            running.responder.respond(response("finished"))
            for (client, text) in [(receiving, "in time"), (busy, "finished")] {
                let response = try client.response()
                #expect(response.text == text)
                #expect(response["Connection"] == "close")
                client.finishSending()
                #expect(client.isClosed())
            }
            return shutdown
        }
        await shutdown.value
    }

    @Test("gives up on requests after the limit, and drops their answers")
    func limited() async throws {
        let inbox = Inbox()
        var limits = HTTPServer.Limits()
        limits.shutdownMilliseconds = 50
        let server = try await start(limits, handler: inbox.add)
        let port = server.ports[0]
        let client = try await onOwnThread {
            let client = try RawClient(port: port)
            try client.post("never")
            return client
        }
        let delivery = try await onOwnThread { try inbox.next() }
        await server.shutdown()
        try await onOwnThread { #expect(client.isClosed()) }
        delivery.responder.respond(response("too late"))
    }

    @Test("ends although nobody ever came, and although the handler forgets requests")
    func trivial() async throws {
        await (try await start(.init(), handler: echo)).shutdown()

        let inbox = Inbox()
        var limits = HTTPServer.Limits()
        limits.shutdownMilliseconds = 60_000
        let server = try await start(limits, handler: inbox.add)
        let port = server.ports[0]
        try await onOwnThread {
            let client = try RawClient(port: port)
            try client.post("forgotten")
            _ = try inbox.next()
            #expect(try client.response().status == 500)
        }
        await server.shutdown()
    }

    private func start(
        _ limits: HTTPServer.Limits, handler: @escaping HTTPServer.Handler
    ) async throws -> HTTPServer {
        try await HTTPServer.start(
            .init(listeners: [.init(host: "127.0.0.1", port: 0)], eventLoops: 2, limits: limits),
            logger: quietLogger, handler: handler)
    }
}
