public import NIOHTTP1

/// A response whose body is written while it is being sent: what happens, as it happens.
///
/// Use it from any thread. It is the last response of its connection: with chunks in HTTP/1.1, so that the client can tell the end from
/// a connection that broke; up to the end of the connection in HTTP/1.0. It ends
/// - with `finish`, or when nobody holds the stream any more;
/// - when the client goes, or takes nothing for `HTTPServer.Limits.stalledWriteMilliseconds` while the buffers are full;
/// - when more is written than `HTTPServer.Limits.streamUnsentBytes` allows: whoever reads slowly must not fill memory;
/// - at once when the server shuts down.
///
/// A client that waits for the next event looks like one that has gone, so the writer should send something now and then.
public final class ResponseStream: Sendable {
    private let body: StreamedBody

    init(_ body: StreamedBody) {
        self.body = body
    }

    deinit {
        body.finish()
    }

    /// Sends bytes, in the order of the calls.
    /// - Returns: `false` when the stream is closed, or closes because too much is unsent; the bytes are then dropped.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool { body.write(bytes) }

    /// Ends the body; what was written is still sent. Later writes are dropped.
    public func finish() { body.finish() }

    /// Breaks the body off: a client that knows chunks can tell that this is not its end.
    public func abort() { body.abort() }

    /// Whether nothing that is written reaches the client any more.
    public var isClosed: Bool { body.isClosed }

    /// Whether no more than `HTTPServer.Limits.streamRoomBytes` wait to be sent. A writer that stops without room stays far from the
    /// limit, and a slow reader only waits.
    public var hasRoom: Bool { body.hasRoom }

    /// Calls `action` each time that there is room again. It runs on the connection's event loop and must not block. The last action set
    /// counts.
    public func onRoom(_ action: @escaping @Sendable () -> Void) { body.onRoom(action) }

    /// Calls `action` once when the stream is closed, now if it is already. It may run on the connection's event loop and must not block.
    /// The last action set counts.
    public func onClose(_ action: @escaping @Sendable () -> Void) { body.onClose(action) }
}

extension Responder {
    /// Answers with a body that is written bit by bit.
    /// - Parameters:
    ///   - fields: further header fields, as in `HTTPResponse.fields`.
    ///   - hasEnd: whether the body comes to an end by itself. If not, a client that closes its side of the connection has gone.
    public func stream(
        status: HTTPResponseStatus = .ok, contentType: ContentType, fields: HTTPHeaders = [:], hasEnd: Bool = true
    ) -> ResponseStream {
        let body = streamedBody(hasEnd: hasEnd)
        var response = HTTPResponse(status: status, contentType: contentType)
        response.fields = fields
        response.streamedBody = body
        respond(response)
        return ResponseStream(body)
    }
}
