import Dispatch
import HTTPEndpoint
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@Suite("The HTTP server, by its sockets")
struct HTTPServerTests {
    @Test("keeps a connection alive over several requests")
    func keepAlive() async throws {
        try await withServer(limits: quickLimits(), handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            for text in ["one", "", "three"] {
                try client.post(text)
                let response = try client.response()
                #expect(response.status == 200)
                #expect(response.text == text)
                #expect(response["Connection"] == "keep-alive")
            }
        }
    }

    @Test("sends the headers of AWS")
    func headers() async throws {
        try await withServer(limits: quickLimits(), handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("{}")
            let response = try client.response()
            #expect(
                response.fields.map(\.name) == [
                    "Server", "Date", "Content-Type", "Content-Length", "Connection", "x-amzn-RequestId", "x-amz-crc32",
                ])
            #expect(response["Server"] == "Server")
            #expect(response["Content-Type"] == "application/x-amz-json-1.0")
            #expect(response["Content-Length"] == "2")
            // boto3 reports this checksum for every empty success.
            #expect(response["x-amz-crc32"] == "2745614147")
            let id = try #require(response["x-amzn-RequestId"])
            #expect(id.count == 52 && id.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) })
            #expect(try #require(response["Date"]).wholeMatch(of: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
        }
    }

    @Test("answers pipelined requests in their order, whatever the order of the answers")
    func pipelining() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send((0..<5).map { "POST /\($0) HTTP/1.1\r\nContent-Length: 0\r\n\r\n" }.joined())
            let requests = try (0..<5).map { _ in try inbox.next() }
            for index in [3, 1, 4, 0, 2] {
                requests[index].responder.respond(response(requests[index].request.head.uri))
            }
            for index in 0..<5 {
                let response = try client.response()
                #expect(response.text == "/\(index)")
                #expect(response["x-amzn-RequestId"] == requests[index].request.id.description)
            }
        }
    }

    @Test("hands over no more pipelined requests than the limit, and loses none")
    func pipeliningLimit() async throws {
        let inbox = Inbox()
        try await withServer(
            limits: quickLimits { $0.unansweredRequestsPerConnection = 4 }, handler: inbox.add
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send((0..<500).map { "GET /\($0) HTTP/1.1\r\n\r\n" }.joined())
            let first = try (0..<4).map { _ in try inbox.next() }
            #expect(inbox.count == 0)
            for delivery in first.reversed() { delivery.responder.respond(response(delivery.request.head.uri)) }
            for _ in 4..<500 {
                let delivery = try inbox.next()
                #expect(inbox.count < 4)
                delivery.responder.respond(response(delivery.request.head.uri))
            }
            for index in 0..<500 { #expect(try client.response().text == "/\(index)") }
        }
    }

    @Test("stops to read from a client whose requests are not answered, and loses nothing")
    func readingLimit() async throws {
        let inbox = Inbox()
        let requests = 1000
        let filling = String(repeating: "x", count: 4000)
        let limits = quickLimits {
            $0.unansweredRequestsPerConnection = 4
            // One read brings eight of these requests at most: a server that stops in time never has more to queue.
            $0.queuedRequestsPerConnection = 16
        }
        try await withServer(limits: limits, handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            let problem = Mutex<(any Error)?>(nil)
            let sender = DispatchQueue(label: "sender")
            sender.async {
                do {
                    for index in 0..<requests { try client.post("\(index) \(filling)") }
                } catch {
                    problem.withLock { $0 = error }
                }
            }
            for index in 0..<requests {
                let delivery = try inbox.next()
                #expect(delivery.request.text == "\(index) \(filling)")
                delivery.responder.respond(response("\(index)"))
                #expect(try client.response().text == "\(index)")
            }
            sender.sync {}
            #expect(problem.withLock { $0 } == nil)
        }
    }

    @Test("stops to read from a client that does not read, and loses nothing")
    func backpressure() async throws {
        let big = [UInt8](repeating: 7, count: 200_000)
        let handled = Atomic(0)
        try await withServer(
            limits: quickLimits(),
            handler: { _, responder in
                handled.wrappingAdd(1, ordering: .relaxed)
                responder.respond(response(big))
            }
        ) { server in
            let client = try RawClient(port: server.ports[0])
            // 300 responses are 60 MB, more than all the buffers on the way.
            for _ in 0..<300 { try client.post("x") }
            #expect(try client.response().body == big)
            #expect(handled.load(ordering: .relaxed) < 300)
            for _ in 1..<300 { #expect(try client.response().body == big) }
        }
    }

    @Test("runs deferred answers on an event loop")
    func deferred() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            #expect(MultiThreadedEventLoopGroup.currentEventLoop == nil)
            try inbox.next().responder.respond(deferred: {
                response(MultiThreadedEventLoopGroup.currentEventLoop == nil ? "elsewhere" : "on a loop")
            })
            #expect(try client.response().text == "on a loop")
        }
    }

    @Test("answers 500 when the handler forgets a request, logs it, and goes on")
    func forgotten() async throws {
        let log = RecordedLog()
        try await withServer(
            limits: quickLimits(), logger: log.logger,
            handler: { request, responder in if request.text != "forget" { echo(request, responder) } }
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("forget")
            let failure = try client.response()
            #expect(failure.status == 500)
            #expect(failure.text.contains("#InternalServerError"))
            #expect(log.lines == ["error a request was not answered \(failure["x-amzn-RequestId"] ?? "")"])
            try client.post("keep")
            #expect(try client.response().text == "keep")
        }
    }

    @Test("takes the first answer when there are two, and logs the second")
    func answeredTwice() async throws {
        let inbox = Inbox()
        let log = RecordedLog()
        try await withServer(limits: quickLimits(), logger: log.logger, handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let responder = try inbox.next().responder
            responder.respond(response("first"))
            responder.respond(response("second"))
            #expect(try client.response().text == "first")
            #expect(log.lines == ["error a request was answered twice \(responder.requestID)"])
            try client.post("y")
            try inbox.next().responder.respond(response("third"))
            #expect(try client.response().text == "third")
        }
    }

    @Test("forgets a client that goes while its answer is outstanding", arguments: [false, true])
    func clientLeaves(byReset: Bool) async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits { $0.connections = 1 }, handler: inbox.add) { server in
            for round in 0..<3 {
                // There is room for one connection: this one only comes in when the last one has gone for good.
                let client = try firstServed(port: server.ports[0], body: "\(round)")
                let delivery = try inbox.next()
                #expect(delivery.request.text == "\(round)")
                if byReset { client.reset() } else { client.finishSending() }
                delivery.responder.respond(response([UInt8](repeating: 1, count: 100_000)))
                if !byReset { #expect(try client.response().body.count == 100_000) }
                #expect(client.isClosed())
            }
        }
    }

    @Test("tells the handler which listener a request came through")
    func listeners() async throws {
        try await withServer(
            limits: quickLimits(), listeners: 3,
            handler: { request, responder in responder.respond(response("\(request.listener)")) }
        ) { server in
            for (index, port) in server.ports.enumerated() {
                let client = try RawClient(port: port)
                try client.post("x")
                #expect(try client.response().text == "\(index)")
            }
        }
    }

    @Test("says which address it cannot listen on")
    func addressInUse() async throws {
        let first = try await HTTPServer.start(
            .init(listeners: [.init(host: "127.0.0.1", port: 0)], eventLoops: 1), logger: quietLogger, handler: echo)
        let port = first.ports[0]
        do {
            let second = try await HTTPServer.start(
                .init(
                    listeners: [.init(host: "127.0.0.1", port: 0), .init(host: "127.0.0.1", port: port)], eventLoops: 1),
                logger: quietLogger, handler: echo)
            Issue.record("two servers listen on port \(port)")
            await second.shutdown()
        } catch HTTPServer.StartError.cannotListen(let host, let refused, let reason) {
            #expect(host == "127.0.0.1")
            #expect(refused == port)
            #expect(reason.contains("Address already in use"))
        }
        await first.shutdown()
    }
}

/// A connection on which a POST was accepted. A server that is full closes connections without a word; then the next
/// one is tried, since the server learns of the end of the last one at its own time.
func firstServed(port: Int, body: String) throws -> RawClient {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        let client = try RawClient(port: port)
        // Asking for a `100 Continue` shows whether anyone is there before the request is.
        try? client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
        if let answer = try? client.response() {
            #expect(answer.status == 100)
            try client.send(body)
            return client
        }
    }
    throw RawClient.Disconnected()
}
