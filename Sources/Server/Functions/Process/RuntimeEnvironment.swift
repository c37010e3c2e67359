import HTTPEndpoint
import Logging
import NIOCore
import NIOHTTP1
import Replication
import Synchronization

/// One process of a function with a Runtime API of its own, on a loopback port and an event loop that nobody else uses: what one process
/// does to them, the others do not feel. One invocation at a time.
final class RuntimeEnvironment: Sendable {
    /// What its owner has to know. The calls come from the process's threads.
    enum Event: Sendable {
        /// It waits for an invocation.
        case ready
        /// It has answered, and the caller is told next; soon it should be ready again.
        case answered
        /// It is gone, with everything it had. `failure` when it never was ready.
        case ended(failure: InitFailure?)
    }

    typealias Completion = @Sendable (InvocationResult) -> Void

    private struct Running {
        let invocation: Invocation
        let completion: Completion
        let began: ContinuousClock.Instant
        /// What the process got; it may ask again.
        let event: HTTPResponse
    }

    private struct State {
        var session = RuntimeSession()
        var poll: Responder?
        var running: Running?
        var process: HandlerProcess?
        var initFailure: InitFailure?
        var isStopping = false
        /// Nothing is begun any more.
        var isEnding = false
        var deadlineUptimeMilliseconds: UInt64 = 0
    }

    private let definition: FunctionDefinition
    private let settings: FunctionSettings
    private let context: FunctionContext
    private let deadline: Deadline
    private let onEvent: @Sendable (RuntimeEnvironment, Event) -> Void
    private let state = Mutex(State())

    init(
        _ definition: FunctionDefinition, settings: FunctionSettings, context: FunctionContext,
        onEvent: @escaping @Sendable (RuntimeEnvironment, Event) -> Void
    ) {
        self.definition = definition
        self.settings = settings
        self.context = context
        self.onEvent = onEvent
        deadline = Deadline(clock: context.clock)
    }

    private var limits: FunctionLimits { settings.limits }

    /// Starts the process. Exactly one `ended` follows, sooner or later.
    func start() {
        Task.detached { await self.run() }
    }

    /// Hands it an invocation. The completion is called once.
    /// - Returns: false when it does not wait for one, or is ending; nothing has happened then.
    func invoke(_ invocation: Invocation, completion: @escaping Completion) -> Bool {
        let timeout = definition.timeoutMilliseconds
        let event = RuntimeAnswer.invocation(
            invocation, deadlineMilliseconds: context.clock.wallMilliseconds() + UInt64(timeout),
            functionARN: context.functionARN(definition.name), traceID: TraceID.make(context.clock.wallMilliseconds()))
        let poll: Responder? = state.withLock { state in
            guard state.session.isWaiting, !state.isEnding, let poll = state.poll.take() else { return nil }
            state.session.begin(requestID: invocation.requestID)
            state.running = Running(invocation: invocation, completion: completion, began: .now, event: event)
            state.deadlineUptimeMilliseconds = context.clock.uptimeMilliseconds() + UInt64(timeout)
            return poll
        }
        guard let poll else { return false }
        context.output.begin(requestID: invocation.requestID)
        deadline.set(afterMilliseconds: timeout) { [weak self] in self?.deadlineReached() }
        poll.respond(event)
        return true
    }

    /// Ends the process: SIGTERM, then SIGKILL. What it is working on is told that it was interrupted.
    func stop() {
        let process = state.withLock { state in
            state.isStopping = true
            state.isEnding = true
            return state.process
        }
        process?.stop()
    }
}

// MARK: - The process

extension RuntimeEnvironment {
    private func run() async {
        let failure: InitFailure?
        do {
            let plan = try LaunchPlan(definition, settings: settings)
            let server = try await HTTPServer.start(serverConfiguration, logger: context.logger) { request, responder in
                self.handle(request, responder)
            }
            let end = await run(plan, port: server.ports.first ?? 0)
            finish(end, plan)
            await server.shutdown()
            failure = state.withLock { $0.initFailure }
        } catch let error as LaunchPlan.Failure {
            switch error {
            case .invalidEntrypoint(let reason): failure = .invalidEntrypoint(reason)
            case .executableMissing(let reason): failure = .executableMissing(reason)
            }
        } catch {
            failure = .ended(.notStarted(reason: "its Runtime API cannot be served: \(error)"))
        }
        context.output.close()
        onEvent(self, .ended(failure: failure))
    }

    private func run(_ plan: LaunchPlan, port: Int) async -> HandlerProcess.End {
        let stream = LogStreamName.make(wallMilliseconds: context.clock.wallMilliseconds())
        let plan = plan.with(runtimeAPI: "127.0.0.1:\(port)", stream: stream)
        let process: HandlerProcess
        do throws(ProcessFailure) {
            process = try HandlerProcess(plan: plan, output: context.output, limits: limits, clock: context.clock)
        } catch {
            return .notStarted(reason: error.text)
        }
        let isStopping = state.withLock { state in
            state.process = process
            return state.isStopping
        }
        if isStopping { process.stop() }
        deadline.set(afterMilliseconds: initMilliseconds) { [weak self] in self?.deadlineReached() }
        return await process.run()
    }

    private var serverConfiguration: HTTPServer.Configuration {
        var server = HTTPServer.Limits()
        server.bodyBytes = limits.receivedBytes
        server.incompleteBodyBytesPerLoop = 2 * limits.receivedBytes
        server.connections = Self.connectionsMax
        // A runtime keeps its connection over the longest invocation, and some cannot open another one.
        server.headMilliseconds = Self.connectionIdleMilliseconds
        server.idleMilliseconds = Self.connectionIdleMilliseconds
        server.shutdownMilliseconds = Self.shutdownMilliseconds
        return HTTPServer.Configuration(
            listeners: [.init(host: "127.0.0.1", port: 0)], eventLoops: 1, limits: server)
    }

    private static let connectionsMax = 64
    private static let connectionIdleMilliseconds = 24 * 3600 * 1000
    /// The process is gone when the server is shut down, and with it its connections.
    private static let shutdownMilliseconds = 200

    private func deadlineReached() {
        let now = context.clock.uptimeMilliseconds()
        let (process, running): (HandlerProcess?, Running?) = state.withLock { state in
            switch state.session.state {
            case .started:
                state.initFailure = .timedOut(milliseconds: initMilliseconds)
            case .ready, .responseSent:
                // Else it belongs to an invocation that has ended meanwhile.
                guard now >= state.deadlineUptimeMilliseconds else { return (nil, nil) }
            case .waiting, .initError:
                return (nil, nil)
            }
            state.isEnding = true
            return (state.process, state.running.take())
        }
        process?.kill()
        guard let running else { return }
        let error = ErrorObject.timedOut(
            requestID: running.invocation.requestID, milliseconds: definition.timeoutMilliseconds)
        complete(running, failedWith: error, note: "Task timed out after \(timeoutText) seconds")
    }

    /// Lambda ends a slow start after ten seconds and tries once more within the function's timeout. Here it gets the longer time at once.
    private var initMilliseconds: Int { max(limits.initMilliseconds, definition.timeoutMilliseconds) }

    private var timeoutText: String { ErrorObject.seconds(definition.timeoutMilliseconds) }

    private func finish(_ end: HandlerProcess.End, _ plan: LaunchPlan) {
        deadline.cancel()
        let (poll, running, isStopping): (Responder?, Running?, Bool) = state.withLock { state in
            state.isEnding = true
            state.process = nil
            if state.session.state == .started || state.session.state == .initError, state.initFailure == nil {
                state.initFailure = state.isStopping ? .stopped : initFailure(end, plan)
            }
            return (state.poll.take(), state.running.take(), state.isStopping)
        }
        poll?.respond(RuntimeAnswer.gone)
        guard let running else { return }
        if isStopping {
            running.completion(.notStarted(.stopping))
        } else {
            let error = ErrorObject.exited(requestID: running.invocation.requestID, end)
            complete(running, failedWith: error, note: "Error: \(end.text)")
        }
    }

    private func initFailure(_ end: HandlerProcess.End, _ plan: LaunchPlan) -> InitFailure {
        if case .notStarted(let reason) = end { return .invalidEntrypoint(reason) }
        let printed = String(decoding: context.output.tail, as: UTF8.self)
        if let python = plan.interpreter, printed.contains("No module named"), printed.contains("awslambdaric") {
            return .invalidEntrypoint(
                "\(python) cannot import awslambdaric, which runs Python functions; "
                    + "install it with: \(python) -m pip install awslambdaric")
        }
        return .ended(end)
    }
}

// MARK: - The Runtime API

extension RuntimeEnvironment {
    private func handle(_ request: HTTPRequest, _ responder: Responder) {
        guard let call = RuntimeCall(request.head.method, request.head.uri) else {
            return responder.respond(RuntimeAnswer.notFound)
        }
        do throws(RuntimeSession.Refusal) {
            switch call {
            case .ping: responder.respond(RuntimeAnswer.pong)
            case .next: try next(responder)
            case .response(let id): try take(request.body, of: id, isError: false, responder)
            case .error(let id): try take(request.body, of: id, isError: true, responder)
            case .initError: try failInit(request.body, responder)
            }
        } catch {
            responder.respond(RuntimeAnswer.refusal(error))
        }
    }

    private func next(_ responder: Responder) throws(RuntimeSession.Refusal) {
        let (isReady, replaced, again): (Bool, Responder?, HTTPResponse?) =
            try state.withLock { (state) throws(RuntimeSession.Refusal) in
                switch try state.session.next() {
                case .initialised, .idle:
                    deadline.clear()
                    state.poll = responder
                    return (true, nil, nil)
                case .replaced:
                    defer { state.poll = responder }
                    return (false, state.poll, nil)
                case .again:
                    // Without a running invocation it has timed out, and the process is being ended.
                    return (false, nil, state.running?.event ?? RuntimeAnswer.gone)
                }
            }
        replaced?.respond(RuntimeAnswer.gone)
        if let again { responder.respond(again) }
        if isReady { onEvent(self, .ready) }
    }

    private func take(
        _ body: ByteBuffer, of requestID: String, isError: Bool, _ responder: Responder
    ) throws(RuntimeSession.Refusal) {
        let running = try state.withLock { (state) throws(RuntimeSession.Refusal) in
            try state.session.respond(requestID: requestID, isError: isError)
            return state.running.take()
        }
        let isTooLarge = body.readableBytes > limits.responseBytes
        responder.respond(
            isTooLarge ? RuntimeAnswer.tooLarge(maximum: limits.responseBytes) : RuntimeAnswer.accepted)
        guard let running else { return }
        onEvent(self, .answered)
        if isTooLarge {
            complete(running, failedWith: ErrorObject.responseTooLarge(maximum: limits.responseBytes), note: nil)
        } else if isError {
            complete(running, failedWith: Array(body.readableBytesView), note: nil)
        } else {
            let tail = logTail(of: running, note: nil)
            running.completion(.success(payload: Array(body.readableBytesView), logTail: tail))
        }
    }

    private func failInit(_ body: ByteBuffer, _ responder: Responder) throws(RuntimeSession.Refusal) {
        let process = try state.withLock { (state) throws(RuntimeSession.Refusal) in
            try state.session.failInit()
            state.initFailure = .reported(Array(body.readableBytesView.prefix(limits.responseBytes)))
            state.isEnding = true
            return state.process
        }
        responder.respond(RuntimeAnswer.accepted)
        // It should end by itself; the grace lets it.
        process?.stop()
    }

    private func complete(_ running: Running, failedWith payload: [UInt8], note: String?) {
        let tail = logTail(of: running, note: note)
        running.completion(.functionError(kind: InvocationResult.unhandled, payload: payload, logTail: tail))
    }

    /// The end of what was printed, between Lambda's own lines.
    private func logTail(of running: Running, note: String?) -> [UInt8] {
        let printed = context.output.end()
        guard running.invocation.wantsLogTail else { return [] }
        let memory = state.withLock { $0.process }?.peakMemoryMegabytes
        let report = InvocationReport(
            requestID: running.invocation.requestID, duration: running.began.duration(to: .now),
            memoryMegabytes: definition.memoryMegabytes, peakMemoryMegabytes: memory, note: note)
        return report.logTail(printed: printed, bytesMax: limits.logTailBytes)
    }
}
