import ChangeStream
import EventSource
import Functions
import JSONBytes
import KeyValueStore
import Partition

/// One invocation on its way: its payload is read from the log and written on a worker, its outcome goes back to the loop.
struct MappingCall: Sendable {
    let mapping: MappingSpecification
    let run: MappingRun
    let invocation: EventSource.Invocation
    let requestID: String
    let log: StreamLog
    let settings: MappingSettings

    func begin(on host: EventSourceHost) {
        let payload: [UInt8]
        do throws(StoreError) {
            payload = try Self.payload(invocation, log)
        } catch {
            return finish(.notStarted, "the stream cannot be read: \(error)", on: host)
        }
        let call = Functions.Invocation(requestID: requestID, payload: payload)
        host.calls.invoke(mapping.functionName, call) { result in
            let (outcome, problem) = outcome(of: result)
            finish(outcome, problem, on: host)
        }
    }

    private func finish(_ outcome: InvocationOutcome, _ problem: String?, on host: EventSourceHost) {
        host.send(.completed(run, invocation.id, outcome, problem: problem))
    }

    /// The event for the function. Records that the log has trimmed meanwhile are left out.
    static func payload(
        _ invocation: EventSource.Invocation, _ log: StreamLog
    ) throws(StoreError) -> [UInt8] {
        let json = log.recordJSON
        return try InvocationPayload.bytes(
            window: invocation.window, shardID: invocation.shardID, eventSourceARN: log.table.streamARN(log.stream),
            bytesExpected: invocation.records.reduce(0) { $0 + $1.payloadBytes + 1 }
        ) { (writer) throws(StoreError) in
            for reference in invocation.records {
                if let record = try log.record(reference.sequence) { json.append(record, to: &writer) }
            }
        }
    }

    private func outcome(of result: InvocationResult) -> (InvocationOutcome, problem: String?) {
        switch result {
        case .success(let payload, _):
            let outcome = FunctionResponse.outcome(
                of: payload, to: invocation, settings: settings, sequence: SequenceNumber.parse)
            return (outcome, Self.problem(of: outcome))
        case .functionError(_, let payload, _):
            let error = FunctionErrorText(payload)
            return (.failure(error.failure), error.text)
        case .notStarted(let reason):
            return (.notStarted, "\(reason)")
        }
    }

    private static func problem(of outcome: InvocationOutcome) -> String? {
        switch outcome {
        case .failure(.responseInvalid): "the function's answer names a record that is not in the batch, or is not JSON"
        case .failure(.windowStateMissing): "the function's answer has no state, which its tumbling window needs"
        default: nil
        }
    }
}

/// What an error object of the runtime says, in one line.
private struct FunctionErrorText {
    let failure: InvocationFailure
    let text: String
    /// Longer messages are cut, in characters.
    private static let messageCharactersMax = 500

    init(_ payload: [UInt8]) {
        guard let document = try? JSONDocument(parsing: payload), document.kind(document.root) == .object else {
            failure = .unhandled
            text = "the function failed"
            return
        }
        func member(_ name: StaticString) -> String? {
            guard let node = document.member(name, of: document.root), document.kind(node) == .string else {
                return nil
            }
            return document.string(node)
        }
        let type = member("errorType")
        failure =
            switch type {
            case "Sandbox.Timedout": .timedOut
            case "Runtime.ExitError": .exited
            case "Function.ResponseSizeTooLarge": .responseTooLarge
            default: .unhandled
            }
        let message = [type, member("errorMessage")].compactMap { $0 }.joined(separator: ": ")
        text = message.isEmpty ? "the function failed" : String(message.prefix(Self.messageCharactersMax))
    }
}
