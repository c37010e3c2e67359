import Glibc
public import Logging
import NIOCore
import NIOPosix

/// The HTTP/1.1 server of the AWS endpoint: NIO's decoder and as little as possible around it.
///
/// The handler gets complete requests on an event loop and answers through a `Responder`, then or later, from any
/// thread. Keep-alive, pipelining, `Expect: 100-continue`, HTTP/1.0 and half-closed clients are the server's business,
/// and so is every limit (`Limits`).
public final class HTTPServer: Sendable {
    /// Called on an event loop with each complete request. It must not block.
    public typealias Handler = @Sendable (HTTPRequest, Responder) -> Void

    /// An address to listen on.
    public struct Listener: Sendable {
        /// The name or address of a local interface, for instance `127.0.0.1`.
        public var host: String
        /// The port; 0 lets the system choose one.
        public var port: Int

        /// The address `host:port`.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// What a server is started with.
    public struct Configuration: Sendable {
        /// Where to listen; `HTTPRequest.listener` is an index in this list, so a listener can stand for a region.
        public var listeners: [Listener]
        /// How many event loops share the connections, at least one.
        public var eventLoops: Int
        /// What clients may do.
        public var limits: Limits

        /// A server on these addresses.
        public init(listeners: [Listener], eventLoops: Int, limits: Limits = Limits()) {
            self.listeners = listeners
            self.eventLoops = eventLoops
            self.limits = limits
        }
    }

    /// Why a server did not start.
    public enum StartError: Error, Hashable, Sendable {
        /// An address is in use, not ours, or not allowed. `reason` is the system's.
        case cannotListen(host: String, port: Int, reason: String)
    }

    /// The ports that the listeners have, in their order.
    public let ports: [Int]
    private let group: MultiThreadedEventLoopGroup
    private let loops: [ServerLoop]
    private let channels: [any Channel]

    private init(group: MultiThreadedEventLoopGroup, loops: [ServerLoop], channels: [any Channel]) {
        self.group = group
        self.loops = loops
        self.channels = channels
        ports = channels.map { $0.localAddress?.port ?? 0 }
    }

    /// Listens on all addresses and starts to serve.
    public static func start(
        _ configuration: Configuration, logger: Logger, handler: @escaping Handler
    ) async throws(StartError) -> HTTPServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.eventLoops))
        let connectionCount = ConnectionCount()
        let loops = group.makeIterator().map { eventLoop in
            ServerLoop(
                eventLoop: eventLoop, limits: configuration.limits, logger: logger, connectionCount: connectionCount,
                handler: handler)
        }
        for loop in loops {
            loop.eventLoop.execute { loop.startSweeping() }
        }
        var channels: [any Channel] = []
        for (index, listener) in configuration.listeners.enumerated() {
            do {
                channels.append(
                    try await bootstrap(group, loops, listener: index, backlog: configuration.limits.backlog)
                        .bind(host: listener.host, port: listener.port).get())
            } catch {
                await HTTPServer(group: group, loops: loops, channels: channels).shutdown()
                throw .cannotListen(host: listener.host, port: listener.port, reason: reason(for: error))
            }
        }
        return HTTPServer(group: group, loops: loops, channels: channels)
    }

    /// The system's words for an error of its calls.
    private static func reason(for error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return String(cString: strerror(error.errnoCode))
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup, _ loops: [ServerLoop], listener: Int, backlog: Int32
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // Together they bound how many pipelined requests one read can bring.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 2048, maximum: receivedBytesPerRead)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }) else {
                        throw ConnectionRefused()
                    }
                    try loop.adopt(channel, listener: listener)
                }
            }
    }

    private static let receivedBytesPerRead = 32 * 1024

    /// Stops to accept connections, lets requests that are under way finish within `Limits.shutdownMilliseconds`, closes
    /// all connections and ends the threads. Responders that are answered later do nothing.
    public func shutdown() async {
        for channel in channels {
            // A listener that fails to close is as closed as it gets.
            try? await channel.close().get()
        }
        for drained in loops.map({ loop in loop.eventLoop.flatSubmit { loop.drain() } }) {
            try? await drained.get()
        }
        try? await group.shutdownGracefully()
    }
}
