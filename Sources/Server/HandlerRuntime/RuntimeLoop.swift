import Glibc
import HandlerKit
import NIOCore
import NIOHTTP1

/// Takes invocations from the Runtime API and answers them, one after the other (reference `event-source-mapping.md` 7).
struct RuntimeLoop: Sendable {
    private static let prefix = "/2018-06-01/runtime"
    /// How often in a row the next invocation may fail to come before the loop gives up: by then the server has gone.
    private static let failuresMax = 5
    static let firstDelayMilliseconds = 50

    let connection: RuntimeConnection
    /// How long to wait after the first failure; twice as long after each further one.
    let delayMilliseconds: Int
    /// Where to say what the Runtime API cannot be told.
    let complain: @Sendable (String) -> Void

    /// An invocation as the Runtime API hands it out.
    private struct Invocation {
        let context: HandlerContext
        /// Echoed when the server gave one.
        let invocationID: String?
        let payload: [UInt8]
    }

    /// Never returns; throws when the Runtime API has gone.
    func serve(_ handler: Handler) async throws(HandlerRuntimeError) {
        while true {
            let invocation = try await next()
            let result = await handler.respond(to: invocation.payload, invocation.context)
            // Lines that the handler printed belong to this invocation.
            fflush(nil)
            switch result {
            case .success(let body) where body.count <= HandlerBatch.payloadBytesMax:
                await answer(invocation, "response", body)
            case .success(let body):
                let failure = HandlerFailure(
                    errorType: "ResponseTooLarge", errorMessage: "the response has \(body.count) bytes")
                await answer(invocation, failure)
            case .failure(let failure):
                complain("\(invocation.context.requestID) \(failure)")
                await answer(invocation, failure)
            }
        }
    }

    /// Tells that the handler could not be made. The server then starts no invocation.
    func reportInitError(_ failure: HandlerFailure) async {
        do throws(RuntimeConnectionError) {
            _ = try await connection.send(
                .POST, Self.prefix + "/init/error", headers: Self.errorHeaders(failure),
                body: failure.json(requestID: ""))
        } catch {
            complain("the init error could not be reported: \(error)")
        }
    }

    private func next() async throws(HandlerRuntimeError) -> Invocation {
        var reason = ""
        for failures in 0..<Self.failuresMax {
            if failures > 0 {
                // Waiting is only cut short when the process ends.
                try? await Task.sleep(for: .milliseconds(delayMilliseconds << (failures - 1)))
            }
            do throws(RuntimeConnectionError) {
                let reply = try await connection.send(.GET, Self.prefix + "/invocation/next")
                if reply.status == .ok, let invocation = Self.invocation(reply) { return invocation }
                reason = "it answered \(reply.status.code)"
            } catch {
                reason = error.description
            }
        }
        throw .runtimeAPIGone(reason: reason)
    }

    private static func invocation(_ reply: RuntimeReply) -> Invocation? {
        guard let requestID = reply.headers.first(name: "lambda-runtime-aws-request-id") else { return nil }
        let deadline = reply.headers.first(name: "lambda-runtime-deadline-ms").flatMap { UInt64($0) }
        return Invocation(
            context: HandlerContext(
                requestID: requestID, deadlineMilliseconds: deadline ?? .max,
                functionARN: reply.headers.first(name: "lambda-runtime-invoked-function-arn") ?? ""),
            invocationID: reply.headers.first(name: "lambda-runtime-invocation-id"),
            payload: Array(reply.body.readableBytesView))
    }

    private func answer(_ invocation: Invocation, _ failure: HandlerFailure) async {
        await answer(
            invocation, "error", failure.json(requestID: invocation.context.requestID),
            headers: Self.errorHeaders(failure))
    }

    /// An answer that does not arrive is no reason to end: the server takes the invocation as failed and repeats it.
    private func answer(
        _ invocation: Invocation, _ kind: String, _ body: [UInt8], headers: HTTPHeaders = [:]
    ) async {
        var headers = headers
        if let id = invocation.invocationID { headers.add(name: "lambda-runtime-invocation-id", value: id) }
        headers.add(name: "content-type", value: "application/json")
        do throws(RuntimeConnectionError) {
            let reply = try await connection.send(
                .POST, "\(Self.prefix)/invocation/\(invocation.context.requestID)/\(kind)", headers: headers,
                body: body)
            guard reply.status != .accepted else { return }
            complain("\(invocation.context.requestID) the \(kind) was answered with \(reply.status.code)")
        } catch {
            complain("\(invocation.context.requestID) the \(kind) could not be sent: \(error)")
        }
    }

    private static func errorHeaders(_ failure: HandlerFailure) -> HTTPHeaders {
        ["lambda-runtime-function-error-type": "Function.\(failure.errorType.filter { $0.isASCII && $0.isLetter })"]
    }
}
