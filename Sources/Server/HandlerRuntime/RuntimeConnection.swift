import NIOCore
import NIOHTTP1
import NIOPosix

/// The one connection to the Runtime API, kept open from request to request and opened anew when it was closed.
actor RuntimeConnection {
    /// Room for the event and what else a reply may carry.
    private static let replyBytesMax = 8 * 1024 * 1024

    private let endpoint: RuntimeEndpoint
    private let group: MultiThreadedEventLoopGroup
    private var channel: (any Channel)?

    init(_ endpoint: RuntimeEndpoint) {
        self.endpoint = endpoint
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Sends a request and waits for its reply, however long that takes. The caller sends one at a time.
    ///
    /// A server may close a connection that is not in use just when the request is on its way: then it is sent once more, on a new one. An
    /// answer that arrives twice is refused by the server the second time.
    func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) async throws(RuntimeConnectionError) -> RuntimeReply {
        var headers = headers
        headers.add(name: "host", value: endpoint.text)
        if method != .GET { headers.add(name: "content-length", value: String(body.count)) }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        if let used = channel {
            do throws(RuntimeConnectionError) {
                return try await exchange(head, body, on: used)
            } catch {
                guard error == .closed else { throw error }
            }
        }
        return try await exchange(head, body, on: try await connect())
    }

    private func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8], on channel: any Channel
    ) async throws(RuntimeConnectionError) -> RuntimeReply {
        self.channel = nil
        let exchange = RuntimeExchange(
            head: head, body: ByteBuffer(bytes: body), reply: channel.eventLoop.makePromise())
        // A failure to write fails the reply as well.
        channel.writeAndFlush(exchange).cascadeFailure(to: exchange.reply)
        do {
            let reply = try await exchange.reply.futureResult.get()
            if !reply.isLast { self.channel = channel }
            return reply
        } catch {
            channel.close(promise: nil)
            switch error {
            case let error as RuntimeConnectionError: throw error
            case is ChannelError: throw .closed
            default: throw .failed(String(describing: error))
            }
        }
    }

    func shutdown() async {
        try? await channel?.close().get()
        try? await group.shutdownGracefully()
    }

    private func connect() async throws(RuntimeConnectionError) -> any Channel {
        do {
            return try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(
                            RuntimeExchangeHandler(bodyBytesMax: Self.replyBytesMax))
                    }
                }
                .connect(host: endpoint.host, port: endpoint.port).get()
        } catch {
            throw .cannotConnect(String(describing: error))
        }
    }
}

/// Where the Runtime API is: `AWS_LAMBDA_RUNTIME_API`, as in `127.0.0.1:9001`.
struct RuntimeEndpoint: Sendable, Equatable {
    let host: String
    let port: Int

    /// Nil when the text is no host and port.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        host = String(text[..<colon])
        self.port = port
    }

    var text: String { "\(host):\(port)" }
}
