import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPEndpoint

@Suite("The parts of the HTTP server")
struct HTTPPartsTests {
    @Test(
        "dates",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ])
    func date(seconds: Int, text: String) {
        #expect(HTTPDate.text(secondsSince1970: seconds) == text)
    }

    @Test("request IDs have 52 letters and digits and do not repeat")
    func requestIDs() {
        var generator = RequestIDGenerator()
        var seen: Set<String> = []
        for _ in 0..<10_000 {
            let id = generator.next().description
            #expect(id.wholeMatch(of: /[0-9A-V]{52}/) != nil)
            #expect(seen.insert(id).inserted)
        }
        #expect(RequestIDGenerator().nextIsUnlike(RequestIDGenerator()))
    }

    @Test("a value that would start another header line is left out")
    func headerInjection() {
        var writer = ResponseWriter()
        writer.setTime(secondsSince1970: 0)
        var generator = RequestIDGenerator()
        var buffer = ByteBuffer()
        writer.write(
            HTTPResponse(
                status: .custom(code: 299, reasonPhrase: "Odd"),
                headers: AWSResponseHeaders(contentType: nil, hasChecksum: false),
                fields: ["A": "1", "B": "2\r\nX: y", "C\n": "3", "": "4", "D": "5\u{7f}", "E": "6\t7"], body: [65]),
            id: generator.next(), omitsBody: false, keepsAlive: true, into: &buffer)
        let lines = String(buffer: buffer).split(separator: "\r\n")
        #expect(lines.first == "HTTP/1.1 299 Odd")
        #expect(
            lines.filter { $0.contains(":") }.map { $0.prefix { $0 != ":" } }
                == ["Server", "Date", "Content-Length", "Connection", "x-amzn-RequestId", "A", "E"])
        #expect(lines.last == "A")
    }

    @Test(
        "statuses without a body have neither a body nor a length",
        arguments: [HTTPResponseStatus.noContent, .notModified])
    func noBody(status: HTTPResponseStatus) {
        var writer = ResponseWriter()
        writer.setTime(secondsSince1970: 0)
        var generator = RequestIDGenerator()
        var buffer = ByteBuffer()
        writer.write(
            HTTPResponse(status: status, contentType: nil, body: [65]), id: generator.next(), omitsBody: false,
            keepsAlive: true, into: &buffer)
        let text = String(buffer: buffer)
        #expect(!text.contains("Content-Length"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("answers leave in the order of the requests, in every order of arrival")
    func answerOrder() {
        for order in permutations(of: Array(0..<5)) {
            var queue = AnswerQueue()
            var generator = RequestIDGenerator()
            let slots = (0..<5).map { _ in
                AnswerSlot(sequence: queue.takePlace(), id: generator.next(), keepsAlive: true, omitsBody: false)
            }
            var sent: [String] = []
            for (count, index) in order.enumerated() {
                #expect(queue.outstanding + sent.count == 5)
                if queue.settle(slots[index], response("\(index)")) {
                    sent.append("\(index)")
                    while let next = queue.nextInTurn() {
                        sent.append(String(decoding: next.response.body, as: UTF8.self))
                    }
                }
                let firstMissing = (0..<5).first { !order[...count].contains($0) } ?? 5
                #expect(sent == (0..<firstMissing).map { "\($0)" }, "\(order)")
            }
        }
    }

    private func permutations(of elements: [Int]) -> [[Int]] {
        guard !elements.isEmpty else { return [[]] }
        return elements.flatMap { first in
            permutations(of: elements.filter { $0 != first }).map { [first] + $0 }
        }
    }
}

extension RequestIDGenerator {
    fileprivate func nextIsUnlike(_ other: RequestIDGenerator) -> Bool {
        var (left, right) = (self, other)
        return left.next() != right.next()
    }
}

@Suite("The deadlines of a connection")
struct ConnectionDeadlinesTests {
    typealias Waiting = ConnectionDeadlines.Waiting
    typealias Verdict = ConnectionDeadlines.Verdict

    /// All limits 1000 ms, so that the sweeps are 250 ms apart.
    private var limits: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.headMilliseconds = 1000
        limits.idleMilliseconds = 1000
        limits.bodyProgressMilliseconds = 1000
        limits.bodyProgressBytes = 100
        limits.stalledWriteMilliseconds = 1000
        limits.lingerMilliseconds = 1000
        return limits
    }

    @Test(
        "a wait is over at the last sweep before its limit",
        arguments: [
            (.firstRequest, .close), (.nextRequest(after: 1), .close), (.restOfHead(request: 1), .refuse),
            (.restOfBody(request: 1), .refuse), (.reading(episode: 1), .close), (.endOfInput, .close),
        ] as [(Waiting, Verdict)])
    func limit(waiting: Waiting, verdict: Verdict) {
        #expect(limits.sweepMilliseconds == 250)
        var deadlines = ConnectionDeadlines()
        // The wait may have begun up to 250 ms before sweep 10, so at sweep 13 it may be 1000 ms old.
        for sweep in 10..<13 {
            #expect(deadlines.check(waiting, bodyBytes: 5, sweep: sweep, limits: limits) == .keep)
        }
        #expect(deadlines.check(waiting, bodyBytes: 5, sweep: 13, limits: limits) == verdict)
    }

    @Test("another wait of the same kind starts anew; the server's own work takes as long as it takes")
    func renewal() {
        var deadlines = ConnectionDeadlines()
        for sweep in 0..<100 {
            #expect(
                deadlines.check(.nextRequest(after: sweep / 2), bodyBytes: 0, sweep: sweep, limits: limits) == .keep)
        }
        for sweep in 100..<200 {
            #expect(deadlines.check(.nothing, bodyBytes: 0, sweep: sweep, limits: limits) == .keep)
        }
    }

    @Test("a body must bring its share in every span", arguments: [(24, false), (25, false), (34, true), (1000, true)])
    func bodyProgress(bytesPerSweep: Int, isEnough: Bool) {
        var deadlines = ConnectionDeadlines()
        let verdicts = (0..<50).map { sweep in
            deadlines.check(.restOfBody(request: 1), bodyBytes: sweep * bytesPerSweep, sweep: sweep, limits: limits)
        }
        // A span has three sweeps after its first one, hence 34 bytes each.
        #expect(verdicts.contains(.refuse) == !isEnough)
    }

    @Test("the shipped limits are those of the reliability page, sweeps included")
    func shipped() {
        let limits = HTTPServer.Limits()
        #expect(limits.bodyBytes == 16 << 20)
        #expect(limits.headMilliseconds <= 10_000)
        #expect(limits.idleMilliseconds <= 60_000)
        #expect(limits.sweepMilliseconds <= 1000)
    }
}
