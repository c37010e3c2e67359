extension HTTPServer {
    /// Everything that a client could otherwise make large, slow or many. The times are upper bounds: the server looks
    /// at its connections several times within the shortest of them and acts at the last look before the limit.
    public struct Limits: Sendable {
        /// Longest request body; DynamoDB's limit. A longer one is answered with 413 and an empty body, and the
        /// connection is closed: before any of it is read when `Content-Length` announces it, else while it is counted.
        public var bodyBytes = 16 * 1024 * 1024
        /// Paths below which bodies may be longer; nil for none.
        public var largeBodies: LargeBodies?
        /// All bodies together that have begun and not ended to arrive, per event loop. Beyond it a body is refused
        /// with 503, which SDKs repeat later.
        public var incompleteBodyBytesPerLoop = 512 * 1024 * 1024
        /// Longest single header field, or request target: the default of NIO's decoder, 80 KiB. Beyond it: 431.
        public var headerFieldBytes = 80 * 1024
        /// All header fields of a request together, names and values. NIO's decoder would take 2 MiB. Beyond it: 431.
        public var headerBytes = 128 * 1024
        /// How many header fields a request may have: the default of NIO's decoder. Beyond it: 431.
        public var headerFields = 256
        /// Open connections of the whole server. A further one is closed at once.
        public var connections = 4096
        /// Requests of one connection (pipelining) that may wait for their answer at the same time before the server
        /// stops to read from the connection.
        public var unansweredRequestsPerConnection = 16
        /// Requests of one connection that were already read when the limit above was reached and wait for their turn.
        /// One read holds fewer, unless they are shorter than 32 bytes. Beyond it: 503 and the connection is closed.
        public var queuedRequestsPerConnection = 1024
        /// From the connection being opened to the first request's head being complete, and from the first byte of a
        /// later request's head to its last. Beyond it the connection is closed, after a 408 if a head had begun.
        public var headMilliseconds = 10_000
        /// How long a connection may stay open without a request.
        public var idleMilliseconds = 60_000
        /// A body must bring at least `bodyProgressBytes` in each span of this length, or end. Else: 408.
        public var bodyProgressMilliseconds = 10_000
        /// See `bodyProgressMilliseconds`.
        public var bodyProgressBytes = 4096
        /// How long a client may take to read what the server wants to send, counted from the moment when the buffers
        /// are full. Beyond it the connection is closed.
        public var stalledWriteMilliseconds = 30_000
        /// After the last response of a connection that the server closes, how long it waits for the client to close
        /// its side. Without the wait a client that is still sending would lose the response.
        public var lingerMilliseconds = 5_000
        /// What may have been written to a stream (`ResponseStream`) and not yet been taken by the client. Beyond it the stream is
        /// closed. Not less than a piece that is written while there is room, and `streamRoomBytes`.
        public var streamUnsentBytes = 8 * 1024 * 1024
        /// A stream has room while no more than this is unsent.
        public var streamRoomBytes = 256 * 1024
        /// How long a shutdown waits for requests that are under way. Streams are closed at once.
        public var shutdownMilliseconds = 10_000
        /// Connections that the kernel keeps ready to be accepted, per listener.
        public var backlog: Int32 = 1024

        /// The limits of a server that others can reach.
        public init() {}

        /// Longer bodies for the requests of some paths.
        public struct LargeBodies: Sendable {
            public var pathPrefix: String
            public var bytes: Int

            public init(pathPrefix: String, bytes: Int) {
                self.pathPrefix = pathPrefix
                self.bytes = bytes
            }
        }

        /// The longest body of a request for `uri`.
        func bodyBytes(of uri: String) -> Int {
            guard let largeBodies, uri.utf8.starts(with: largeBodies.pathPrefix.utf8) else { return bodyBytes }
            return largeBodies.bytes
        }

        /// How often the server looks at its connections.
        var sweepMilliseconds: Int {
            let shortest = [
                headMilliseconds, idleMilliseconds, bodyProgressMilliseconds, stalledWriteMilliseconds,
                lingerMilliseconds,
            ].reduce(2000, min)
            return max(1, shortest / 4)
        }
    }
}
