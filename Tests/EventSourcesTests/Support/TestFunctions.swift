import EventSources
import Functions
import HandlerKit
import Synchronization

/// Functions of a test: what they were called with, and answers that the test gives.
final class TestFunctions: Sendable {
    /// One call. The records are as the function got them.
    struct Call: Sendable {
        let function: String
        let requestID: String
        let records: [Record]
        let complete: @Sendable (InvocationResult) -> Void

        var numbers: [Int] { records.map(\.n) }
    }

    struct Record: Sendable, Equatable {
        let key: String
        let n: Int
        let sequenceNumber: String
    }

    /// Nil leaves the call open: the test answers it.
    typealias Behaviour = @Sendable (Call) -> InvocationResult?

    static let success = InvocationResult.success(payload: Array("{}".utf8), logTail: [])
    static let failure = InvocationResult.functionError(
        kind: InvocationResult.unhandled, payload: Array(#"{"errorType":"Boom","errorMessage":"no"}"#.utf8),
        logTail: [])

    private struct State {
        var calls: [Call] = []
        var behaviours: [String: Behaviour] = [:]
    }

    private let state = Mutex(State())

    /// How a function answers from now on; unless told, functions succeed.
    func set(_ function: String = "f", _ behaviour: @escaping Behaviour) {
        state.withLock { $0.behaviours[function] = behaviour }
    }

    func calls(of function: String = "f") -> [Call] {
        state.withLock { $0.calls.filter { $0.function == function } }
    }

    /// Everything that a function was called with, in order.
    func numbers(of function: String = "f") -> [Int] { calls(of: function).flatMap(\.numbers) }

    var calls: FunctionCalls {
        FunctionCalls(
            invoke: { [self] function, invocation, complete in
                let call = Call(
                    function: function, requestID: invocation.requestID, records: Self.records(invocation.payload),
                    complete: complete)
                let behaviour = state.withLock { state in
                    state.calls.append(call)
                    return state.behaviours[function]
                }
                if let result = behaviour.map({ $0(call) }) ?? Self.success { complete(result) }
            },
            enqueue: { _, _ in "not in these tests" },
            post: { _, _, completion in completion("not in these tests") })
    }

    private static func records(_ payload: [UInt8]) -> [Record] {
        guard let batch = try? HandlerBatch(parsing: payload) else { return [] }
        return batch.records.map { record in
            Record(
                key: record.keys["pk"]?.string ?? "", n: record.newImage?["n"]?.integer ?? -1,
                sequenceNumber: record.sequenceNumber)
        }
    }
}
