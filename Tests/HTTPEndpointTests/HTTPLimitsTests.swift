import HTTPEndpoint
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite("The HTTP server and clients that want too much")
struct HTTPLimitsTests {
    @Test(
        "refuses a body that is announced as too long before reading it", arguments: ["", "Expect: 100-continue\r\n"])
    func announcedBody(header: String) async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits(), handler: inbox.add) { server in
            let client = try RawClient(port: server.ports[0])
            for length in ["16777217", "99999999999", "18446744073709551615"] {
                let client = try RawClient(port: server.ports[0])
                try client.send("POST / HTTP/1.1\r\n\(header)Content-Length: \(length)\r\n\r\n")
                try expectTooLarge(client)
            }
            // The largest body that is allowed is asked for.
            try client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 16777216\r\n\r\n")
            #expect(try client.response().status == 100)
            #expect(inbox.count == 0)
        }
    }

    @Test("refuses a body that turns out too long while it is counted")
    func countedBody() async throws {
        try await withServer(limits: quickLimits { $0.bodyBytes = 1000 }, handler: echo) { server in
            let chunk = "fa\r\n" + String(repeating: "x", count: 250) + "\r\n"
            let fitting = try RawClient(port: server.ports[0])
            try fitting.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            try fitting.send(String(repeating: chunk, count: 4) + "0\r\n\r\n")
            #expect(try fitting.response().body.count == 1000)

            let exceeding = try RawClient(port: server.ports[0])
            try exceeding.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            try exceeding.send(String(repeating: chunk, count: 4) + "1\r\nx\r\n")
            try expectTooLarge(exceeding)
        }
    }

    @Test("lets bodies below some paths be longer")
    func largeBodies() async throws {
        let limits = quickLimits {
            $0.bodyBytes = 1000
            $0.largeBodies = .init(pathPrefix: "/large", bytes: 2000)
        }
        try await withServer(limits: limits, handler: echo) { server in
            for (path, length, isTaken) in [
                ("/large/x", 2000, true), ("/large", 2001, false), ("/larg", 1000, true), ("/larg", 1001, false),
            ] {
                let client = try RawClient(port: server.ports[0])
                try client.send("POST \(path) HTTP/1.1\r\nContent-Length: \(length)\r\n\r\n")
                guard isTaken else {
                    try expectTooLarge(client)
                    continue
                }
                try client.send([UInt8](repeating: 0x78, count: length))
                #expect(try client.response().body.count == length)
            }
        }
    }

    @Test("tells a client that sends all of a body that is too long before it reads anything")
    func eagerClient() async throws {
        try await withServer(limits: quickLimits { $0.bodyBytes = 1000 }, handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            // More than socket buffers hold: the server must read on to be heard.
            try client.send("POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n")
            try client.send([UInt8](repeating: 0, count: 20_000_000))
            try expectTooLarge(client)
        }
    }

    @Test("refuses with 503 what all bodies together make too much")
    func incompleteBodies() async throws {
        let inbox = Inbox()
        try await withServer(
            limits: quickLimits { $0.incompleteBodyBytesPerLoop = 1000 }, eventLoops: 1, handler: inbox.add
        ) { server in
            let head = "POST / HTTP/1.1\r\nContent-Length: 800\r\n\r\n"
            let first = try RawClient(port: server.ports[0])
            try first.send(head + String(repeating: "1", count: 799))
            // Only when the request before it was handled is this part of a body certain to have been counted.
            let second = try RawClient(port: server.ports[0])
            try second.post("x")
            try inbox.next().responder.respond(response("y"))
            #expect(try second.response().text == "y")
            try second.send(head + String(repeating: "2", count: 799))
            #expect(try second.response().status == 503)
            #expect(second.isClosed())

            try first.send("1")
            #expect(try inbox.next().request.body.readableBytes == 800)
            // What was counted is given back.
            let third = try RawClient(port: server.ports[0])
            try third.send(head + String(repeating: "3", count: 800))
            try inbox.next().responder.respond(response("z"))
            #expect(try third.response().text == "z")
        }
    }

    @Test("cuts off a head that does not come to its end")
    func slowHead() async throws {
        // Long beside the moment between connecting and sending, which must not be cut off.
        try await withServer(limits: quickLimits { $0.headMilliseconds = 1000 }, handler: echo) { server in
            let silent = try RawClient(port: server.ports[0])
            let slow = try RawClient(port: server.ports[0])
            try slow.send("POST / HTTP/1.1\r\nX: ")
            let slowLater = try RawClient(port: server.ports[0])
            try slowLater.post("first")
            #expect(try slowLater.response().text == "first")
            try slowLater.send("POS")

            #expect(try slow.response().status == 408)
            #expect(slow.isClosed())
            #expect(try slowLater.response().status == 408)
            #expect(slowLater.isClosed())
            #expect(silent.isClosed())
        }
    }

    @Test("cuts off a head that always goes on and never ends")
    func tricklingHead() async throws {
        try await withServer(limits: quickLimits { $0.headMilliseconds = 200 }, handler: echo) { server in
            let client = try RawClient(port: server.ports[0])
            try client.send("GET / HTTP/1.1\r\nX: ")
            while !client.hasInput(withinMilliseconds: 5) { try client.send("x") }
            #expect(try client.response().status == 408)
        }
    }

    @Test("cuts off a body that makes no progress")
    func slowBody() async throws {
        try await withServer(limits: quickLimits { $0.bodyProgressMilliseconds = 100 }, handler: echo) { server in
            for beginning in ["Content-Length: 10000\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n4"] {
                let client = try RawClient(port: server.ports[0])
                try client.send("POST / HTTP/1.1\r\n\(beginning)")
                #expect(try client.response().status == 408)
                #expect(client.isClosed())
            }
        }
    }

    @Test("closes idle connections, but none that waits for an answer")
    func idle() async throws {
        let inbox = Inbox()
        try await withServer(limits: quickLimits { $0.idleMilliseconds = 100 }, handler: inbox.add) { server in
            let waiting = try RawClient(port: server.ports[0])
            try waiting.post("wait")
            let delivery = try inbox.next()
            // Three connections that idle one after the other show that the time has passed for the waiting one too.
            for _ in 0..<3 {
                let idle = try RawClient(port: server.ports[0])
                try idle.post("x")
                try inbox.next().responder.respond(response("y"))
                #expect(try idle.response().text == "y")
                #expect(idle.isClosed())
            }
            delivery.responder.respond(response("patience"))
            #expect(try waiting.response().text == "patience")
            #expect(waiting.isClosed())
        }
    }

    @Test("closes the connection of a client that does not read")
    func stalledReader() async throws {
        let bytes = 50_000_000
        try await withServer(
            limits: quickLimits {
                $0.connections = 1
                $0.stalledWriteMilliseconds = 100
            },
            handler: { request, responder in
                responder.respond(response([UInt8](repeating: 1, count: request.text == "much" ? bytes : 1)))
            }
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("much")
            // There is room for one connection: this one only comes in when the first was given up.
            let next = try firstServed(port: server.ports[0], body: "little")
            #expect(try next.response().body.count == 1)
            #expect(client.countToEnd() < bytes)
        }
    }

    @Test("does not wait for ever for a client to close its side")
    func linger() async throws {
        try await withServer(
            limits: quickLimits {
                $0.connections = 1
                $0.lingerMilliseconds = 100
            }, handler: echo
        ) { server in
            let client = try RawClient(port: server.ports[0])
            try client.post("x", headers: "Connection: close\r\n")
            #expect(try client.response().text == "x")
            #expect(client.isClosed())
            // Our side stays open; the server makes room all the same.
            let next = try firstServed(port: server.ports[0], body: "y")
            #expect(try next.response().text == "y")
        }
    }

    @Test("closes connections beyond the limit and serves those within it")
    func connections() async throws {
        try await withServer(limits: quickLimits { $0.connections = 3 }, handler: echo) { server in
            var clients: [RawClient] = []
            for index in 0..<3 {
                let client = try RawClient(port: server.ports[0])
                try client.post("\(index)")
                #expect(try client.response().text == "\(index)")
                clients.append(client)
            }
            #expect(try RawClient(port: server.ports[0]).isClosed())
            for client in clients {
                try client.post("still here")
                #expect(try client.response().text == "still here")
            }
            clients.removeFirst()
            let next = try firstServed(port: server.ports[0], body: "new")
            #expect(try next.response().text == "new")
        }
    }

    private func expectTooLarge(_ client: RawClient) throws {
        let response = try client.response()
        #expect(response.status == 413)
        #expect(response.body.isEmpty)
        #expect(response["Connection"] == "close")
        client.finishSending()
        #expect(client.isClosed())
    }
}
