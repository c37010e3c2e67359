import Glibc

/// One keep-alive connection of a load generator, as cheap as it can be.
struct Connection {
    static let receiveBytesMax = 1 << 16
    let descriptor: Int32

    init(port: Int) throws(BenchmarkFailure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw BenchmarkFailure("cannot connect to port \(port): errno \(errno)") }
    }

    func close() {
        _ = Glibc.close(descriptor)
    }

    func send(_ bytes: [UInt8]) throws(BenchmarkFailure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, 0)
            }
            if count <= 0 { throw BenchmarkFailure("the server closed the connection: errno \(errno)") }
            sent += count
        }
    }

    /// Reads one response; blocks until it is complete.
    func receive(into buffer: inout [UInt8]) throws(BenchmarkFailure) -> (status: Int, body: ArraySlice<UInt8>) {
        var filled = 0
        while true {
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, 0)
            }
            if count <= 0 { throw BenchmarkFailure("the server closed the connection: errno \(errno)") }
            filled += count
            if let response = Self.parse(buffer[..<filled]) { return response }
            if filled == buffer.count { throw BenchmarkFailure("a response is larger than \(buffer.count) bytes") }
        }
    }

    /// Sends a request and waits for its answer, which must be a 200.
    func perform(_ request: APIRequest) throws(BenchmarkFailure) -> String {
        try send(request.bytes)
        var buffer = [UInt8](repeating: 0, count: Self.receiveBytesMax)
        let (status, body) = try receive(into: &buffer)
        let text = String(decoding: body, as: UTF8.self)
        guard status == 200 else { throw BenchmarkFailure("the server answers \(status): \(text)") }
        return text
    }

    private static func parse(_ bytes: ArraySlice<UInt8>) -> (status: Int, body: ArraySlice<UInt8>)? {
        guard let headEnd = position(of: "\r\n\r\n", in: bytes),
            let lengthStart = position(of: "content-length: ", in: bytes[..<headEnd])
        else { return nil }
        var length = 0
        var index = lengthStart + 16
        while bytes[index] &- UInt8(ascii: "0") < 10 {
            length = length * 10 + Int(bytes[index] - UInt8(ascii: "0"))
            index += 1
        }
        guard bytes.endIndex >= headEnd + 4 + length else { return nil }
        let status = (9..<12).reduce(0) { $0 * 10 + Int(bytes[bytes.startIndex + $1] - UInt8(ascii: "0")) }
        return (status, bytes[(headEnd + 4)..<(headEnd + 4 + length)])
    }

    /// ASCII search that does not mind capitals in `bytes`; `pattern` is in small letters.
    private static func position(of pattern: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
        let count = pattern.utf8CodeUnitCount
        guard bytes.count >= count else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            let first = pattern.utf8Start[0]
            for start in 0...(buffer.count - count) where buffer[start] | 0x20 == first | 0x20 {
                var matched = 1
                while matched < count {
                    let byte = buffer[start + matched]
                    let lowered = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
                    if lowered != pattern.utf8Start[matched] { break }
                    matched += 1
                }
                if matched == count { return bytes.startIndex + start }
            }
            return nil
        }
    }
}
