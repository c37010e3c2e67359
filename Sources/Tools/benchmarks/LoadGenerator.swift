import Glibc

/// Many connections on one thread, each with one request under way at a time.
struct LoadGenerator {
    let port: Int
    let connections: Int

    struct Result {
        var latencies = Latencies()
        var seconds = 0.0
        var perSecond: Double { Double(latencies.count) / seconds }
    }

    /// Sends `template` with numbers from `number` until the time is over.
    func run(
        _ template: APIRequest, seconds: Double, number: (inout UInt64) -> UInt64
    ) throws(BenchmarkFailure) -> Result {
        var sockets: [Connection] = []
        defer { for socket in sockets { socket.close() } }
        for _ in 0..<connections { sockets.append(try Connection(port: port)) }
        var waiting = sockets.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        var request = template
        var counter: UInt64 = 0
        var started = [UInt64](repeating: 0, count: connections)
        for index in sockets.indices {
            request.setNumber(number(&counter))
            started[index] = monotonicNanoseconds()
            try sockets[index].send(request.bytes)
        }
        var result = Result()
        var buffer = [UInt8](repeating: 0, count: Connection.receiveBytesMax)
        let begin = monotonicNanoseconds()
        let end = begin + UInt64(seconds * 1e9)
        while monotonicNanoseconds() < end {
            _ = poll(&waiting, nfds_t(waiting.count), 1000)
            for index in waiting.indices where waiting[index].revents != 0 {
                let (status, body) = try sockets[index].receive(into: &buffer)
                guard status == 200 else {
                    throw BenchmarkFailure("the server answers \(status): \(String(decoding: body, as: UTF8.self))")
                }
                let now = monotonicNanoseconds()
                result.latencies.add(now - started[index])
                request.setNumber(number(&counter))
                started[index] = now
                try sockets[index].send(request.bytes)
            }
        }
        result.seconds = Double(monotonicNanoseconds() - begin) / 1e9
        return result
    }
}
