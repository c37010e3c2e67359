import Foundation
import FoundationNetworking
import Replication
import Synchronization

/// Functions that run elsewhere: the payload is posted to an address, and the body of a 2xx response is the answer.
final class HTTPTarget: Sendable {
    private let session: URLSession
    private let delegate: ResponseCollector
    private let settings: FunctionSettings
    private let clock: FunctionClock

    /// Our own timers end calls; the session's must never come first.
    private static let sessionTimeoutSeconds = 2000.0
    /// Of an error response's body, how much its message quotes.
    private static let quotedBytes = 1000

    init(settings: FunctionSettings, clock: FunctionClock) {
        self.settings = settings
        self.clock = clock
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.sessionTimeoutSeconds
        configuration.httpShouldSetCookies = false
        configuration.httpMaximumConnectionsPerHost = FunctionDefinition.concurrencyDefault
        delegate = ResponseCollector(bytesMax: settings.limits.responseBytes)
        session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
    }

    deinit {
        session.invalidateAndCancel()
    }

    /// Whether something like a function can be at this address: `http` or `https`, and a host.
    static func isAddress(_ text: String) -> Bool {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), let host = url.host else {
            return false
        }
        return ["http", "https"].contains(scheme) && !host.isEmpty
    }

    func call(
        _ invocation: Invocation, _ definition: FunctionDefinition,
        _ completion: @escaping @Sendable (InvocationResult) -> Void
    ) -> CallPool.CancelCall {
        guard case .url(let text) = definition.target, let url = URL(string: text) else {
            completion(.notStarted(.unreachable("the function has no address")))
            return {}
        }
        let task = session.dataTask(with: request(to: url, invocation, definition))
        delegate.expect(task.taskIdentifier) { outcome in
            completion(Self.result(of: outcome, address: text, bytesMax: self.settings.limits.responseBytes))
        }
        task.resume()
        return { task.cancel() }
    }

    private func request(to url: URL, _ invocation: Invocation, _ definition: FunctionDefinition) -> URLRequest {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.timeoutInterval = Self.sessionTimeoutSeconds
        request.httpBody = Data(invocation.payload)
        let deadline = clock.wallMilliseconds() + UInt64(definition.timeoutMilliseconds)
        let functionARN =
            "arn:aws:lambda:\(definition.region.name):\(settings.accountID):function:\(definition.name)"
        let fields = [
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.requestID,
            "Lambda-Runtime-Deadline-Ms": String(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": functionARN,
            "Lambda-Runtime-Client-Context": invocation.clientContext ?? "",
        ]
        for (name, value) in fields where !value.isEmpty { request.setValue(value, forHTTPHeaderField: name) }
        return request
    }

    private static func result(
        of outcome: ResponseCollector.Outcome, address: String, bytesMax: Int
    ) -> InvocationResult {
        let payload: [UInt8]
        switch outcome {
        case .response(let status, let body) where (200..<300).contains(status):
            return .success(payload: body, logTail: [])
        case .response(let status, let body):
            let text = String(decoding: body.prefix(quotedBytes), as: UTF8.self)
            payload = ErrorObject.object("Function.HTTPStatus", "\(address) answered with status \(status): \(text)")
        case .tooLarge:
            payload = ErrorObject.responseTooLarge(maximum: bytesMax)
        case .unreachable(let reason):
            return .notStarted(.unreachable("nobody answers at \(address): \(reason)"))
        case .broken(let reason):
            payload = ErrorObject.object("Function.ConnectionLost", "\(address) broke off: \(reason)")
        }
        return .functionError(kind: InvocationResult.unhandled, payload: payload, logTail: [])
    }
}

/// Collects the responses of a session's tasks, each up to a limit.
private final class ResponseCollector: NSObject, URLSessionDataDelegate {
    enum Outcome: Sendable {
        case response(status: Int, body: [UInt8])
        case tooLarge
        /// Nothing was sent.
        case unreachable(String)
        /// The request was sent and no whole response came back.
        case broken(String)
    }

    private struct Pending {
        let completion: @Sendable (Outcome) -> Void
        var body: [UInt8] = []
        var isTooLarge = false
    }

    private let bytesMax: Int
    private let pending = Mutex<[Int: Pending]>([:])

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    func expect(_ task: Int, _ completion: @escaping @Sendable (Outcome) -> Void) {
        pending.withLock { $0[task] = Pending(completion: completion) }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let id = dataTask.taskIdentifier
        let isTooLarge = pending.withLock { pending in
            let count = pending[id]?.body.count ?? 0
            if count + data.count > bytesMax {
                pending[id]?.isTooLarge = true
                pending[id]?.body = []
            } else {
                pending[id]?.body.append(contentsOf: data)
            }
            return pending[id]?.isTooLarge ?? false
        }
        if isTooLarge { dataTask.cancel() }
    }

    /// A function answers itself; it does not send its payload elsewhere.
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let ended = pending.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        if ended.isTooLarge {
            ended.completion(.tooLarge)
        } else if let error {
            ended.completion(Self.outcome(of: error))
        } else if let response = task.response as? HTTPURLResponse {
            ended.completion(.response(status: response.statusCode, body: ended.body))
        } else {
            ended.completion(.broken("no HTTP response"))
        }
    }

    private static func outcome(of error: any Error) -> Outcome {
        let unsent: [URLError.Code] = [
            .cannotConnectToHost, .cannotFindHost, .dnsLookupFailed, .secureConnectionFailed,
        ]
        guard let code = (error as? URLError)?.code, unsent.contains(code) else {
            return .broken(error.localizedDescription)
        }
        return .unreachable(error.localizedDescription)
    }
}
