import Dispatch
import HTTPEndpoint
import NIOHTTP1
import Synchronization
import Testing

@Suite("Responses that are written bit by bit")
struct HTTPStreamTests {
    static let text = ContentType("text/plain")

    @Test("arrive in chunks as they are written, and end with the last one")
    func chunks() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(
                contentType: Self.text, fields: ["Cache-Control": "no-store"])
            let head = try client.response()
            #expect(head.status == 200)
            #expect(
                head.fields.map(\.name) == [
                    "Server", "Date", "Content-Type", "Transfer-Encoding", "Connection", "x-amzn-RequestId",
                    "Cache-Control",
                ])
            #expect(head["Transfer-Encoding"] == "chunked")
            #expect(head["Connection"] == "close")
            for text in ["first", String(repeating: "second", count: 1000)] {
                #expect(stream.write(Array(text.utf8)))
                #expect(try client.chunked(text.utf8.count) == text)
            }
            let closed = Event()
            stream.onClose { closed.happen() }
            stream.finish()
            #expect(!stream.write([1]))
            #expect(try client.chunk() == [])
            #expect(client.isClosed())
            try closed.wait()
        }
    }

    @Test("go to the end of the connection in HTTP/1.0")
    func oldClient() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            let stream = try inbox.next().responder.stream(contentType: Self.text)
            stream.write(Array("old".utf8))
            stream.finish()
            let head = try client.response()
            #expect(head["Transfer-Encoding"] == nil && head["Content-Length"] == nil)
            #expect(client.countToEnd() == 3)
        }
    }

    @Test("have no body for HEAD")
    func head() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("HEAD / HTTP/1.1\r\n\r\n")
            let stream = try inbox.next().responder.stream(contentType: Self.text)
            stream.write([1])
            let closed = Event()
            stream.onClose { closed.happen() }
            #expect(try client.response(hasBody: false)["Transfer-Encoding"] == "chunked")
            #expect(client.isClosed())
            try closed.wait()
        }
    }

    @Test("wait for the answers to earlier requests, and are the last of their connection")
    func order() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            for text in ["earlier", "stream", "later"] { try client.post(text) }
            let (earlier, streamed, later) = (try inbox.next(), try inbox.next(), try inbox.next())
            let lateStream = later.responder.stream(contentType: Self.text)
            let stream = streamed.responder.stream(contentType: Self.text)
            stream.write(Array("early".utf8))
            stream.finish()
            let dropped = Event()
            lateStream.onClose { dropped.happen() }
            earlier.responder.respond(response("y"))
            #expect(try client.response().text == "y")
            #expect(try client.response().status == 200)
            #expect(try client.chunk() == Array("early".utf8))
            #expect(try client.chunk() == [])
            #expect(client.isClosed())
            try dropped.wait()
        }
    }

    @Test("go on when the client has said all that it will")
    func halfClosed() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(contentType: Self.text)
            client.finishSending()
            _ = try client.response()
            stream.write([65])
            #expect(try client.chunk() == [65])
            stream.finish()
            #expect(try client.chunk() == [])
            #expect(client.isClosed())
        }
    }

    @Test("without an end are over when the client has closed its side", arguments: [false, true])
    func halfClosedFollower(isClosedBefore: Bool) async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let responder = try inbox.next().responder
            if isClosedBefore { client.finishSending() }
            let stream = responder.stream(contentType: Self.text, hasEnd: false)
            let closed = Event()
            stream.onClose { closed.happen() }
            if !isClosedBefore {
                _ = try client.response()
                client.finishSending()
            }
            try closed.wait()
        }
    }

    @Test("can be broken off, and the client can tell")
    func abort() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(contentType: Self.text)
            stream.write([65])
            _ = try client.response()
            #expect(try client.chunk() == [65])
            stream.abort()
            #expect(stream.isClosed)
            #expect(throws: RawClient.Disconnected.self) { try client.chunk() }
        }
    }

    @Test("end when nobody holds them any more, and when the request was answered before")
    func forgotten() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let responder = try inbox.next().responder
            responder.stream(contentType: Self.text).write([65])
            _ = try client.response()
            #expect(try client.chunk() == [65])
            #expect(try client.chunk() == [])
            #expect(client.isClosed())

            let second = responder.stream(contentType: Self.text)
            #expect(second.isClosed)
            #expect(!second.write([66]))
        }
    }
}

@Suite("Responses that are written bit by bit, and clients that do not read them")
struct HTTPStreamPressureTests {
    @Test("are closed when more is written than may wait")
    func tooMuch() async throws {
        let inbox = Inbox()
        try await withServer(
            limits: quickLimits {
                $0.streamUnsentBytes = 1_000_000
                $0.streamRoomBytes = 100_000
            }, handler: inbox.add
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(contentType: HTTPStreamTests.text)
            let closed = Event()
            stream.onClose { closed.happen() }
            #expect(stream.hasRoom)
            let piece = [UInt8](repeating: 1, count: 99_000)
            var written = 0
            // Socket buffers take some megabytes before anything waits here.
            while written < 100_000_000, stream.write(piece) { written += piece.count }
            #expect(written < 100_000_000)
            try closed.wait()
            #expect(stream.isClosed)
            #expect(client.countToEnd() < written + 10_000)
        }
    }

    @Test("lose nothing when the writer stops without room")
    func paced() async throws {
        let inbox = Inbox()
        let total = 8_000_000
        try await withServer(
            limits: quickLimits {
                $0.streamUnsentBytes = 300_000
                $0.streamRoomBytes = 100_000
            }, handler: inbox.add
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(contentType: HTTPStreamTests.text)
            let waits = Mutex(0)
            DispatchQueue(label: "writer").async {
                let room = DispatchSemaphore(value: 0)
                stream.onRoom { room.signal() }
                stream.onClose { room.signal() }
                for number in 0..<total / 100_000 {
                    while !stream.hasRoom, !stream.isClosed {
                        waits.withLock { $0 += 1 }
                        room.wait()
                    }
                    stream.write([UInt8](repeating: UInt8(number % 251), count: 100_000))
                }
                stream.finish()
            }
            _ = try client.response()
            var received: [UInt8] = []
            while case let chunk = try client.chunk(), !chunk.isEmpty { received += chunk }
            let expected = (0..<total / 100_000).flatMap { [UInt8](repeating: UInt8($0 % 251), count: 100_000) }
            #expect(received == expected)
            #expect(waits.withLock { $0 } > 0)
        }
    }

    @Test("are closed when the client takes nothing for too long")
    func stalled() async throws {
        let inbox = Inbox()
        try await withServer(
            limits: quickLimits {
                $0.stalledWriteMilliseconds = 100
                $0.streamUnsentBytes = 100_000_000
            }, handler: inbox.add
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(contentType: HTTPStreamTests.text)
            let closed = Event()
            stream.onClose { closed.happen() }
            stream.write([UInt8](repeating: 1, count: 50_000_000))
            try closed.wait()
            #expect(client.countToEnd() < 50_000_000)
        }
    }

    @Test("tell the writer that the client has gone")
    func gone() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x")
            let stream = try inbox.next().responder.stream(contentType: HTTPStreamTests.text)
            _ = try client.response()
            let closed = Event()
            stream.onClose { closed.happen() }
            client.reset()
            try closed.wait()
            #expect(!stream.write([1]))
            let again = Event()
            stream.onClose { again.happen() }
            try again.wait()
        }
    }

    @Test("do not hold up the shutdown")
    func shutdown() async throws {
        let inbox = Inbox()
        var limits = HTTPServer.Limits()
        limits.shutdownMilliseconds = 600_000
        let server = try await HTTPServer.start(
            .init(listeners: [.init(host: "127.0.0.1", port: 0)], eventLoops: 2, limits: limits),
            logger: quietLogger, handler: inbox.add)
        let port = server.ports[0]
        let (clients, streams) = try await onOwnThread {
            var clients: [RawClient] = []
            var streams: [ResponseStream] = []
            for _ in 0..<5 {
                let client = try RawClient(port: port)
                try client.post("x")
                streams.append(try inbox.next().responder.stream(contentType: HTTPStreamTests.text))
                _ = try client.response()
                clients.append(client)
            }
            return (clients, streams)
        }
        await server.shutdown()
        try await onOwnThread {
            for (client, stream) in zip(clients, streams) {
                // Without the last chunk: the client can tell that this was not the end.
                #expect(throws: RawClient.Disconnected.self) { try client.chunk() }
                #expect(stream.isClosed)
                #expect(!stream.write([1]))
            }
        }
    }
}

/// Something that another thread waits for, though not for ever.
private final class Event: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func happen() { semaphore.signal() }

    func wait() throws {
        try #require(semaphore.wait(timeout: .now() + 60) == .success, "it did not happen")
    }
}
