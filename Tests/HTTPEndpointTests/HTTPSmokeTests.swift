import Bytes
import Dispatch
import HTTPEndpoint
import NIOCore
import Synchronization
import Testing

@Suite("The HTTP server under load")
struct HTTPSmokeTests {
    @Test("answers 10,000 requests of eight connections, each with its own body and checksum")
    func smoke() async throws {
        let connections = 8
        let requestsPerConnection = 1250
        let depth = 5
        let answers = DispatchQueue(label: "answers", attributes: .concurrent)
        let ids = Mutex<Set<String>>([])
        let problems = Mutex<[String]>([])
        try await withServer(
            limits: quickLimits(),
            handler: { request, responder in
                // A third at once, a third from other threads, a third encoded back on the loop.
                switch request.body.readableBytes % 3 {
                case 0: echo(request, responder)
                case 1: answers.async { echo(request, responder) }
                default:
                    answers.async {
                        responder.respond(deferred: { response(Array(request.body.readableBytesView)) })
                    }
                }
            }
        ) { server in
            DispatchQueue.concurrentPerform(iterations: connections) { connection in
                do {
                    let client = try RawClient(port: server.ports[0])
                    for round in 0..<requestsPerConnection / depth {
                        let bodies = (0..<depth).map { index in
                            String(repeating: "\(connection)/\(round)/\(index),", count: (round * 7 + index) % 90)
                        }
                        for body in bodies { try client.post(body) }
                        for body in bodies {
                            let response = try client.response()
                            let id = response["x-amzn-RequestId"] ?? ""
                            let isRight =
                                response.status == 200 && response.text == body
                                && response["x-amz-crc32"] == String(CRC32.checksum(Array(body.utf8)))
                                && ids.withLock { $0.insert(id).inserted }
                            if !isRight { problems.withLock { $0.append("\(connection)/\(round): \(response)") } }
                        }
                    }
                } catch {
                    problems.withLock { $0.append("\(connection): \(error)") }
                }
            }
        }
        #expect(problems.withLock { $0 } == [])
        #expect(ids.withLock { $0.count } == connections * requestsPerConnection)
    }
}
