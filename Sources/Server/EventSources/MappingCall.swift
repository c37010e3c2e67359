import EventSource
import Functions
import JSONBytes
import KeyValueStore

/// One invocation on its way: its payload is written on a worker, its outcome goes back to whoever drives the engine.
struct MappingCall: Sendable {
    let mapping: MappingSpecification
    let invocation: EventSource.Invocation
    let requestID: String
    let settings: MappingSettings
    let records: BatchRecords

    /// - Parameter completion: comes once, from any thread, with what went wrong if something did.
    func begin(
        _ calls: FunctionCalls, completion: @escaping @Sendable (InvocationOutcome, _ problem: String?) -> Void
    ) {
        let payload: [UInt8]
        do throws(StoreError) {
            payload = try Self.payload(invocation, records, streamARN: mapping.streamARN)
        } catch {
            return completion(.notStarted, "the stream cannot be read: \(error)")
        }
        let call = Functions.Invocation(requestID: requestID, payload: payload)
        calls.invoke(mapping.functionName, call) { result in
            let (outcome, problem) = outcome(of: result)
            completion(outcome, problem)
        }
    }

    /// The event for the function. Records that the log has trimmed meanwhile are left out.
    static func payload(
        _ invocation: EventSource.Invocation, _ records: BatchRecords, streamARN: String
    ) throws(StoreError) -> [UInt8] {
        try InvocationPayload.bytes(
            window: invocation.window, shardID: invocation.shardID, eventSourceARN: streamARN,
            bytesExpected: invocation.records.reduce(0) { $0 + $1.payloadBytes + 1 }
        ) { (writer) throws(StoreError) in
            for reference in invocation.records { try records.append(reference, &writer) }
        }
    }

    private func outcome(of result: InvocationResult) -> (InvocationOutcome, problem: String?) {
        switch result {
        case .success(let payload, _):
            let outcome = FunctionResponse.outcome(
                of: payload, to: invocation, settings: settings, sequence: records.sequence)
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
