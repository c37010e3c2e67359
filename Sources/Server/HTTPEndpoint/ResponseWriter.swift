import Bytes
import NIOCore
import NIOHTTP1

/// Writes responses as the bytes of HTTP/1.1: head and body into one buffer, so that one `write` sends them.
///
/// NIO's own encoder takes a list of header strings and makes several writes of every response; the headers of this
/// server are few and known, so they are written directly.
struct ResponseWriter {
    /// What all responses of the same second share: the `Server` and `Date` lines.
    private var sharedLines: [UInt8] = []
    private var secondsSince1970 = -1

    /// Sets the time that `Date` says.
    mutating func setTime(secondsSince1970 seconds: Int) {
        guard seconds != secondsSince1970 else { return }
        secondsSince1970 = seconds
        sharedLines = Array("Server: Server\r\nDate: \(HTTPDate.text(secondsSince1970: seconds))\r\n".utf8)
    }

    /// Replaces what is in `buffer` by `response`.
    /// - Parameters:
    ///   - omitsBody: the request was a `HEAD`.
    ///   - keepsAlive: what the `Connection` header says.
    ///   - takesChunks: how a body without a length is sent.
    func write(
        _ response: HTTPResponse, id: RequestID, omitsBody: Bool, keepsAlive: Bool, takesChunks: Bool = true,
        into buffer: inout ByteBuffer
    ) {
        let capacity =
            Self.fixedBytes + sharedLines.count + (response.headers.contentType?.text.utf8.count ?? 0)
            + response.status.reasonPhrase.utf8.count + bytes(of: response.fields) + response.body.count
        // 204 and 304 have neither a body nor its length.
        let hasBody = response.status.mayHaveResponseBody
        buffer.clear(minimumCapacity: capacity)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { memory in
            var cursor = ByteCursor(memory)
            writeStatusLine(response.status, to: &cursor)
            cursor.append(sharedLines)
            if let contentType = response.headers.contentType {
                cursor.append("Content-Type: ")
                cursor.append(text: contentType.text)
                cursor.append("\r\n")
            }
            if hasBody { writeLength(of: response, takesChunks: takesChunks, to: &cursor) }
            cursor.append(keepsAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n")
            if response.headers.allowsAnyOrigin {
                cursor.append("Access-Control-Allow-Origin: *\r\n")
            }
            cursor.append("x-amzn-RequestId: ")
            cursor.append(id)
            if response.headers.hasChecksum {
                cursor.append("\r\nx-amz-crc32: ")
                cursor.append(decimal: Int(CRC32.checksum(response.body)))
            }
            for (name, value) in response.fields where isFieldSafe(name, value) {
                cursor.append("\r\n")
                cursor.append(text: name)
                cursor.append(": ")
                cursor.append(text: value)
            }
            cursor.append("\r\n\r\n")
            if hasBody, !omitsBody {
                cursor.append(response.body)
            }
            return cursor.count
        }
    }

    /// More than all constant parts and all numbers together.
    private static let fixedBytes = 384

    private func bytes(of fields: HTTPHeaders) -> Int {
        var count = 0
        for (name, value) in fields { count += name.utf8.count + value.utf8.count + 4 }
        return count
    }

    private func writeLength(of response: HTTPResponse, takesChunks: Bool, to cursor: inout ByteCursor) {
        if response.streamedBody == nil {
            cursor.append("Content-Length: ")
            cursor.append(decimal: response.body.count)
            cursor.append("\r\n")
        } else if takesChunks {
            cursor.append("Transfer-Encoding: chunked\r\n")
        }
    }

    /// A piece of a body that has no length.
    static func piece(_ bytes: [UInt8], isChunk: Bool) -> ByteBuffer {
        guard isChunk else { return ByteBuffer(bytes: bytes) }
        var buffer = ByteBufferAllocator().buffer(capacity: bytes.count + 24)
        buffer.writeString(String(bytes.count, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(bytes)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    private func writeStatusLine(_ status: HTTPResponseStatus, to cursor: inout ByteCursor) {
        switch status {
        case .ok:
            cursor.append("HTTP/1.1 200 OK\r\n")
        case .badRequest:
            cursor.append("HTTP/1.1 400 Bad Request\r\n")
        default:
            cursor.append("HTTP/1.1 ")
            cursor.append(decimal: Int(status.code))
            cursor.append(" ")
            cursor.append(text: status.reasonPhrase)
            cursor.append("\r\n")
        }
    }
}

/// No control characters: a value that came from a request must not start another header line.
private func isFieldSafe(_ name: String, _ value: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy(isPrintable) && value.utf8.allSatisfy(isPrintable)
}

private func isPrintable(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t")
}

/// Fills memory from the front. Writing past its end is a broken invariant and stops the program.
private struct ByteCursor {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    mutating func append(_ id: RequestID) {
        id.write(into: UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + RequestID.length]))
        count += RequestID.length
    }

    /// `number` is not negative.
    mutating func append(decimal number: Int) {
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = number
        for index in (count..<count + digits).reversed() {
            memory[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        count += digits
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(memory.count - count >= bytes.count)
        guard let source = bytes.baseAddress, let target = memory.baseAddress else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}
