import Glibc
import Testing

/// A client that says exactly the bytes that a test wants said, over a blocking socket.
///
/// Sendable although unchecked: a test may pass it on from thread to thread, but receives on one at a time; sending uses
/// nothing but the socket.
final class RawClient: @unchecked Sendable {
    /// A response as it came.
    struct Response {
        var status: Int
        var fields: [(name: String, value: String)]
        var body: [UInt8]

        /// The value of the field with this name in exactly this case.
        subscript(name: String) -> String? {
            fields.first { $0.name == name }?.value
        }

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The server closed the connection where more was expected.
    struct Disconnected: Error {}
    /// The server did nothing for far too long.
    struct TimedOut: Error {}

    private let socket: Int32
    private var received: [UInt8] = []

    /// Connects to the port on 127.0.0.1. Whatever waits longer than a minute fails: nothing here is that slow.
    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 {
            throw Disconnected()
        }
    }

    deinit {
        Glibc.close(socket)
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // A call with a time limit is interrupted when the process was stopped for a moment, as by a debugger.
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Disconnected() }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a POST with this body; further header lines end with CR LF.
    func post(_ body: String, headers: String = "") throws {
        try send("POST / HTTP/1.1\r\nHost: localhost\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        shutdown(socket, Int32(SHUT_WR))
    }

    /// Breaks the connection off, without the usual farewell.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // The descriptor stays ours until `deinit`; connecting to nowhere sends the reset now.
        var nowhere = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        connect(socket, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// The next response. `hasBody` is false for the response to a `HEAD`.
    func response(hasBody: Bool = true) throws -> Response {
        let head = try line(until: [13, 10, 13, 10])
        let lines = head.split(separator: "\r\n")
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: String(parts[0]), value: String(parts[1].drop { $0 == " " }))
        }
        var response = Response(status: status, fields: fields, body: [])
        let length = response["Content-Length"].flatMap { Int($0) } ?? 0
        if hasBody {
            while received.count < length { try receiveMore() }
            response.body = Array(received.prefix(length))
            received.removeFirst(length)
        }
        return response
    }

    /// The next chunk of a body in chunks; empty for the last.
    func chunk() throws -> [UInt8] {
        let count = try #require(Int(line(until: [13, 10]), radix: 16))
        while received.count < count + 2 { try receiveMore() }
        defer { received.removeFirst(count + 2) }
        #expect(received[count..<count + 2].elementsEqual([13, 10]))
        return Array(received.prefix(count))
    }

    /// The next bytes of a body in chunks, however they were cut.
    func chunked(_ count: Int) throws -> String {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += try chunk() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the server closes the connection, after nothing more than what was read.
    func isClosed() -> Bool {
        guard received.isEmpty else { return false }
        do {
            try receiveMore()
            return false
        } catch {
            return error is Disconnected
        }
    }

    /// Whether anything comes, or the end, within a time.
    func hasInput(withinMilliseconds milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return !received.isEmpty || poll(&descriptor, 1, milliseconds) == 1
    }

    /// How many bytes come before the server closes the connection.
    func countToEnd() -> Int {
        var count = received.count
        received = []
        while (try? receiveMore()) != nil {
            count += received.count
            received.removeAll(keepingCapacity: true)
        }
        return count
    }

    private func line(until end: [UInt8]) throws -> String {
        var searched = 0
        while true {
            while searched + end.count <= received.count {
                if received[searched..<searched + end.count].elementsEqual(end) {
                    let text = String(decoding: received[..<searched], as: UTF8.self)
                    received.removeFirst(searched + end.count)
                    return text
                }
                searched += 1
            }
            try receiveMore()
        }
    }

    private func receiveMore() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var count = recv(socket, &chunk, chunk.count, 0)
        while count < 0, errno == EINTR { count = recv(socket, &chunk, chunk.count, 0) }
        guard count > 0 else {
            if count < 0, errno == EAGAIN { throw TimedOut() }
            throw Disconnected()
        }
        received += chunk[..<count]
    }
}
