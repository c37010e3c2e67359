import NIOCore
import NIOHTTP1

/// One request of the Runtime API and the way back of its reply.
struct RuntimeExchange: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer
    let reply: EventLoopPromise<RuntimeReply>
}

/// A complete reply.
struct RuntimeReply: Sendable {
    let status: HTTPResponseStatus
    let headers: HTTPHeaders
    let body: ByteBuffer
    /// Whether the server closes the connection after it.
    let isLast: Bool
}

/// Sends one request at a time and puts its reply together.
final class RuntimeExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = RuntimeExchange
    typealias OutboundOut = HTTPClientRequestPart

    private let bodyBytesMax: Int
    private var awaited: EventLoopPromise<RuntimeReply>?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(bodyBytesMax: Int) {
        self.bodyBytesMax = bodyBytesMax
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = Self.unwrapOutboundIn(data)
        guard awaited == nil, context.channel.isActive else {
            exchange.reply.fail(RuntimeConnectionError.closed)
            promise?.fail(RuntimeConnectionError.closed)
            return
        }
        awaited = exchange.reply
        context.write(Self.wrapOutboundOut(.head(exchange.head)), promise: nil)
        if exchange.body.readableBytes > 0 {
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(exchange.body))), promise: nil)
        }
        context.write(Self.wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= bodyBytesMax else {
                return fail(.replyTooLarge, context)
            }
            body.writeBuffer(&part)
        case .end:
            guard let head, let awaited else { return fail(.closed, context) }
            self.awaited = nil
            self.head = nil
            let isLast = !head.isKeepAlive
            awaited.succeed(RuntimeReply(status: head.status, headers: head.headers, body: body, isLast: isLast))
            body = ByteBuffer()
            if isLast { context.close(promise: nil) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.closed, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.failed(String(describing: error)), context)
    }

    private func fail(_ error: RuntimeConnectionError, _ context: ChannelHandlerContext) {
        awaited?.fail(error)
        awaited = nil
        context.close(promise: nil)
    }
}

/// Why there was no reply.
enum RuntimeConnectionError: Error, Equatable, Sendable, CustomStringConvertible {
    case cannotConnect(String)
    case closed
    case replyTooLarge
    case failed(String)

    var description: String {
        switch self {
        case .cannotConnect(let reason): "no connection: \(reason)"
        case .closed: "the connection was closed"
        case .replyTooLarge: "the reply is too large"
        case .failed(let reason): reason
        }
    }
}
