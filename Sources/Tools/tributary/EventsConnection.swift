import Foundation
import FoundationNetworking
import Synchronization

/// One request whose answer is read while it comes.
///
/// `URLSession` cannot make a server wait: on Linux a task that is suspended and resumed begins again. So when the reader is too slow, the
/// connection ends, and the reader asks for the rest when it has done with what came.
///
/// Sendable although `NSObject` is not: everything that changes is behind the mutex, and the continuation is safe by itself.
final class EventsConnection: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    /// Bytes that may wait for the reader.
    static let waitingBytesMax = 16 * 1024 * 1024
    /// The server says something every 15 seconds, so one that is silent for so long has gone.
    static let silenceSeconds = 45.0
    /// An answer that refuses is one sentence.
    private static let refusalBytesMax = 64 * 1024

    enum Failure: Error {
        /// The server does not answer, or no longer.
        case broken(reason: String)
        /// It answers with an error.
        case refused(status: Int, body: Data)
        /// More came than may wait; there is a rest.
        case full
    }

    private struct State {
        var status = 200
        var refusal = Data()
        var waitingBytes = 0
        var isFull = false
    }

    /// The body, piece by piece. Ends where the server ends it, or throws a `Failure`.
    let pieces: AsyncThrowingStream<[UInt8], any Error>
    private let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
    private let state = Mutex(State())
    private let task = Mutex<URLSessionDataTask?>(nil)

    init(_ request: URLRequest) {
        (pieces, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        super.init()
        var request = request
        request.timeoutInterval = Self.silenceSeconds
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForResource = .greatestFiniteMagnitude
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        // The session holds on to its delegate until its task has ended.
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
        let task = session.dataTask(with: request)
        self.task.withLock { $0 = task }
        task.resume()
        session.finishTasksAndInvalidate()
    }

    /// The reader has done with so many bytes.
    func consumed(_ count: Int) {
        state.withLock { $0.waitingBytes -= count }
    }

    func cancel() { task.withLock { $0 }?.cancel() }

    // MARK: URLSessionDataDelegate

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        state.withLock { $0.status = (response as? HTTPURLResponse)?.statusCode ?? 0 }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isWanted = state.withLock { state in
            guard state.status == 200 else {
                state.refusal += data.prefix(Self.refusalBytesMax - min(state.refusal.count, Self.refusalBytesMax))
                return false
            }
            state.waitingBytes += data.count
            // What comes until the task has ended is asked for again.
            state.isFull = state.isFull || state.waitingBytes > Self.waitingBytesMax
            return !state.isFull
        }
        if isWanted {
            continuation.yield(Array(data))
        } else if state.withLock({ $0.isFull }) {
            continuation.finish(throwing: Failure.full)
            dataTask.cancel()
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let (status, refusal) = state.withLock { ($0.status, $0.refusal) }
        if let error {
            continuation.finish(throwing: Failure.broken(reason: error.localizedDescription))
        } else if status == 200 {
            continuation.finish()
        } else {
            continuation.finish(throwing: Failure.refused(status: status, body: refusal))
        }
    }
}
