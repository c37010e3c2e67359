import Logging
import NIOCore
import NIOHTTP1

/// One client connection: puts requests together, hands them to the handler, sends the responses in order, and decides
/// when to read, to wait and to close.
///
/// Sendable although unchecked: responders on other threads hold on to it and use nothing of it but `loop`, which is
/// constant; all else is touched on the event loop of its channel only.
final class HTTPConnection: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Requests come and responses go.
        case open
        /// The last response is being written bit by bit; what the client still sends is thrown away.
        case streaming
        /// The last response is on its way.
        case closing
        /// The last response is sent and our side closed; what the client still sends is thrown away.
        case lingering
        case closed
    }

    let loop: ServerLoop
    /// Its place in the list of the loop, which sets it.
    var index = 0
    private let listener: Int
    private var client: ClientAddress?
    private var context: ChannelHandlerContext?
    private var phase = Phase.open

    // What comes in.
    private var incoming: IncomingRequest?
    private var hasBegunHead = false
    private var requestsReceived = 0
    /// False after the last request that this connection will have.
    private var acceptsRequests = true
    private var isInputClosed = false
    private var owesContinue = false
    /// Requests that were read along with others when there were enough unanswered.
    private var queued = CircularBuffer<(request: HTTPRequest, slot: AnswerSlot)>(initialCapacity: 1)
    private var isHandingOver = false
    private var isReadHeldBack = false
    private var isInReadCycle = false
    private var hasSeenPartInCycle = false

    // What goes out.
    private var answers = AnswerQueue()
    /// The body of the last response while it is written bit by bit.
    private var streamedBody: StreamedBody?
    private var sendsChunks = false
    private var isWritable = true
    private var writabilityChanges = 0
    private var needsFlush = false
    private var deadlines = ConnectionDeadlines()

    init(loop: ServerLoop, listener: Int) {
        self.loop = loop
        self.listener = listener
    }

    /// Builds the pipeline of an accepted channel.
    func install(on channel: any Channel) throws {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = loop.limits.headerFieldBytes
        decoderLimits.maxHeaderListSize = loop.limits.headerBytes
        decoderLimits.maxHeaderFieldCount = loop.limits.headerFields
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(decoder), self)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        client = ClientAddress(context.remoteAddress)
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        phase = .closed
        self.context = nil
        endStream()
        dropIncoming()
        queued.removeAll()
        loop.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInReadCycle = true
        hasSeenPartInCycle = true
        guard acceptsRequests, phase == .open else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let part): add(part)
        case .end: complete()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes that made no part of a request are the beginning of a head, or the middle of a chunk's size.
        if !hasSeenPartInCycle, incoming == nil { hasBegunHead = true }
        isInReadCycle = false
        hasSeenPartInCycle = false
        flush()
    }

    /// Holds back the read that NIO starts after each one, while there is enough to do.
    func read(context: ChannelHandlerContext) {
        if isBusy {
            isReadHeldBack = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        writabilityChanges += 1
        proceed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isInputClosed = true
        acceptsRequests = false
        dropIncoming()
        if phase == .lingering || answers.outstanding == 0 && phase == .open || hasLostStreamClient { close() }
    }

    /// A client that has closed its side of a stream without an end has gone: nothing else would tell before the next write fails.
    private var hasLostStreamClient: Bool { isInputClosed && streamedBody?.hasEnd == false }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow: refuse(.requestHeaderFieldsTooLarge)
        case HTTPParserError.invalidVersion: refuse(.httpVersionNotSupported)
        case is HTTPParserError: refuse(.badRequest)
        // More input after one of the errors above.
        case is ByteToMessageDecoderError: break
        default: close()
        }
    }

    // MARK: Requests

    private func begin(_ head: HTTPRequestHead) {
        hasBegunHead = false
        // A length that does not fit an integer is over the limit too; the decoder has seen that it is a number.
        let announced = head.headers.first(name: "content-length").map { Int($0) ?? Int.max } ?? 0
        let bodyBytesMax = loop.limits.bodyBytes(of: head.uri)
        if announced > bodyBytesMax {
            return refuse(.payloadTooLarge)
        }
        incoming = IncomingRequest(head: head, announcedBodyBytes: announced, bodyBytesMax: bodyBytesMax)
        if let expect = head.headers.first(name: "expect") {
            guard isEqualIgnoringCase(expect, "100-continue") else { return refuse(.expectationFailed) }
            owesContinue = head.version != .http1_0
            sendContinueIfDue()
        }
    }

    private func add(_ part: ByteBuffer) {
        owesContinue = false
        // No copy of the body may be around when the part is added to it.
        guard let room = incoming.map({ $0.bodyBytesMax - $0.body.readableBytes }) else { return }
        if part.readableBytes > room {
            return refuse(.payloadTooLarge)
        }
        loop.incompleteBodyBytes += part.readableBytes
        incoming?.add(part)
        if loop.incompleteBodyBytes > loop.limits.incompleteBodyBytesPerLoop {
            refuse(.serviceUnavailable)
        }
    }

    private func complete() {
        guard let incoming else { return }
        dropIncoming()
        requestsReceived += 1
        let request = HTTPRequest(
            head: incoming.head, body: incoming.body, id: loop.nextRequestID(), listener: listener, client: client)
        // NIO's decoder stops for good after a request that asks for another protocol.
        let asksForUpgrade = incoming.head.method == .CONNECT || incoming.head.headers.contains(name: "upgrade")
        let keepsAlive = incoming.head.isKeepAlive && !asksForUpgrade
        acceptsRequests = keepsAlive
        let mayHandOver = hasRoom && queued.isEmpty
        let slot = AnswerSlot(
            sequence: answers.takePlace(), id: request.id, keepsAlive: keepsAlive,
            omitsBody: incoming.head.method == .HEAD, takesChunks: incoming.head.version != .http1_0)
        if mayHandOver {
            loop.handler(request, Responder(connection: self, slot: slot))
        } else if queued.count < loop.limits.queuedRequestsPerConnection {
            queued.append((request, slot))
        } else {
            acceptsRequests = false
            receive(.ready(Self.refusal(.serviceUnavailable)), for: slot)
        }
    }

    /// Whether one more request may be handed to the handler.
    private var hasRoom: Bool {
        isWritable && answers.outstanding - queued.count < loop.limits.unansweredRequestsPerConnection
    }

    /// Whether more input would only have to be queued. What is thrown away anyway never has to wait.
    private var isBusy: Bool {
        phase == .open && acceptsRequests
            && (!isWritable || answers.outstanding >= loop.limits.unansweredRequestsPerConnection)
    }

    /// Does what has become possible: hands over queued requests, reads on.
    private func proceed() {
        // A handler that answers at once brings us back here; the loop below then goes on.
        guard !isHandingOver else { return }
        isHandingOver = true
        while phase == .open, hasRoom, let (request, slot) = queued.popFirst() {
            loop.handler(request, Responder(connection: self, slot: slot))
        }
        isHandingOver = false
        sendContinueIfDue()
        flushUnlessLater()
        if isReadHeldBack, !isBusy {
            isReadHeldBack = false
            context?.read()
        }
    }

    /// The client waits for a word before it sends a body; responses to earlier requests must leave first.
    private func sendContinueIfDue() {
        guard owesContinue, phase == .open, answers.outstanding == 0, let context else { return }
        owesContinue = false
        context.write(Self.wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
        needsFlush = true
        flushUnlessLater()
    }

    private func dropIncoming() {
        guard let incoming else { return }
        loop.incompleteBodyBytes -= incoming.body.readableBytes
        self.incoming = nil
        owesContinue = false
    }

    /// Answers what is arriving with an error, after the responses to all earlier requests, and closes the connection.
    private func refuse(_ status: HTTPResponseStatus) {
        guard phase == .open, acceptsRequests else { return }
        acceptsRequests = false
        dropIncoming()
        let slot = AnswerSlot(
            sequence: answers.takePlace(), id: loop.nextRequestID(), keepsAlive: false, omitsBody: false)
        receive(.ready(Self.refusal(status)), for: slot)
    }

    private static func refusal(_ status: HTTPResponseStatus) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: AWSResponseHeaders(contentType: nil, hasChecksum: false), closesConnection: true)
    }

    // MARK: Responses

    /// Takes the answer to the request of `slot`, on the event loop.
    func receive(_ answer: Answer, for slot: AnswerSlot) {
        if case .piece(let body) = answer { return sendPieces(of: body) }
        guard phase == .open else { return answer.drop() }
        let response: HTTPResponse
        switch answer {
        case .ready(let ready):
            response = ready
        case .piece:
            return
        case .deferred(let makeResponse):
            response = makeResponse()
        case .forgotten:
            loop.logger.error("a request was not answered", metadata: ["request": "\(slot.id)"])
            response = .internalServerError
        }
        guard answers.settle(slot, response) else { return }
        send(response, for: slot)
        while phase == .open, let next = answers.nextInTurn() {
            send(next.response, for: next.slot)
        }
        if phase != .open { answers.dropEarly() }
        needsFlush = true
        proceed()
    }

    private func send(_ response: HTTPResponse, for slot: AnswerSlot) {
        guard let context else { return }
        if let body = response.streamedBody { return begin(body, response, for: slot) }
        let isLast = (isInputClosed || loop.isDraining && incoming == nil) && answers.outstanding == 0
        let keepsAlive = slot.keepsAlive && !response.closesConnection && !isLast
        let bytes = loop.encode(response, for: slot, keepsAlive: keepsAlive)
        guard !keepsAlive else {
            context.write(Self.wrapOutboundOut(bytes), promise: nil)
            return
        }
        queued.removeAll()
        dropIncoming()
        writeLast(bytes, to: context)
    }

    /// Writes the last bytes that this connection sends.
    private func writeLast(_ bytes: ByteBuffer, to context: ChannelHandlerContext) {
        phase = .closing
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { _ in self.linger() }
        context.write(Self.wrapOutboundOut(bytes), promise: sent)
    }

    /// Flushes what was written, unless a read, a delivery or a hand-over is going on, whose end will do it.
    private func flushUnlessLater() {
        if needsFlush, !isInReadCycle, !isHandingOver, !loop.takesOverFlush(of: self) { flush() }
    }

    /// Hands what was written to the kernel.
    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    // MARK: Streams

    private func begin(_ body: StreamedBody, _ response: HTTPResponse, for slot: AnswerSlot) {
        queued.removeAll()
        dropIncoming()
        acceptsRequests = false
        streamedBody = body
        guard let context, !loop.isDraining, !hasLostStreamClient else { return close() }
        phase = .streaming
        sendsChunks = slot.takesChunks
        context.write(Self.wrapOutboundOut(loop.encode(response, for: slot, keepsAlive: false)), promise: nil)
        if slot.omitsBody || !response.status.mayHaveResponseBody {
            writeLast(ByteBuffer(), to: context)
        } else {
            sendPieces(of: body)
        }
    }

    /// Sends what the stream's writer has written since the last time, if the stream has begun.
    private func sendPieces(of body: StreamedBody) {
        guard phase == .streaming, body === streamedBody, let context else { return }
        switch body.take() {
        case .cut:
            close()
        case .bytes(let bytes, let isLast):
            if !bytes.isEmpty {
                let sent = context.eventLoop.makePromise(of: Void.self)
                sent.futureResult.whenComplete { _ in body.sent(bytes.count) }
                context.write(Self.wrapOutboundOut(ResponseWriter.piece(bytes, isChunk: sendsChunks)), promise: sent)
            }
            if isLast {
                writeLast(sendsChunks ? ByteBuffer(string: "0\r\n\r\n") : ByteBuffer(), to: context)
            }
            needsFlush = true
            flushUnlessLater()
        }
    }

    private func endStream() {
        streamedBody?.close()
        streamedBody = nil
        answers.dropEarly()
    }

    // MARK: End

    private func linger() {
        guard phase == .closing else { return }
        endStream()
        if isInputClosed {
            close()
        } else {
            phase = .lingering
            context?.close(mode: .output, promise: nil)
            proceed()
        }
    }

    /// Closes the connection at once; responses that are not sent are lost.
    func close() {
        context?.close(promise: nil)
    }

    /// Closes the connection if it is between requests, or would not come to an end by itself.
    func closeIfUnused() {
        if phase == .streaming || phase == .open && answers.outstanding == 0 && incoming == nil { close() }
    }

    /// Acts if the client takes too long.
    func checkDeadline(sweep: Int) {
        let verdict = deadlines.check(
            waiting, bodyBytes: incoming?.body.readableBytes ?? 0, sweep: sweep, limits: loop.limits)
        switch verdict {
        case .keep: break
        case .refuse: refuse(.requestTimeout)
        case .close: close()
        }
    }

    private var waiting: ConnectionDeadlines.Waiting {
        if phase == .lingering { return .endOfInput }
        if phase == .closing || !isWritable { return .reading(episode: writabilityChanges) }
        if isBusy || !acceptsRequests { return .nothing }
        if incoming != nil { return .restOfBody(request: requestsReceived) }
        if hasBegunHead { return .restOfHead(request: requestsReceived) }
        if answers.outstanding > 0 { return .nothing }
        return requestsReceived == 0 ? .firstRequest : .nextRequest(after: requestsReceived)
    }
}
