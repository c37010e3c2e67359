import Bytes
import JSONBytes

/// What a function's response says about its batch (reference `event-source-mapping.md` 3).
public enum FunctionResponse {
    /// The outcome of an invocation whose function ended without an error.
    ///
    /// Nothing in the response counts unless the mapping reports batch item failures or has tumbling windows. A text
    /// that is not JSON
    /// then fails the batch; JSON without `batchItemFailures` reports none.
    /// - Parameters:
    ///   - payload: the response as the function gave it; may be empty.
    ///   - sequence: the sequence number that an item identifier spells; nil when it spells none.
    public static func outcome(
        of payload: [UInt8], to invocation: Invocation, settings: MappingSettings,
        sequence: (_ itemIdentifier: String) -> UInt64?
    ) -> InvocationOutcome {
        guard settings.reportsBatchItemFailures || invocation.window != nil else { return .success(state: nil) }
        let needsState = invocation.window.map { !$0.isFinal } ?? false
        let isEmpty = payload.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        if isEmpty { return needsState ? .failure(.windowStateMissing) : .success(state: nil) }

        let document: JSONDocument
        do { document = try JSONDocument(parsing: payload) } catch { return .failure(.responseInvalid) }
        let state = invocation.window == nil ? nil : windowState(in: document)
        if needsState, state == nil { return .failure(.windowStateMissing) }
        guard settings.reportsBatchItemFailures else { return .success(state: state) }
        switch reported(in: document, of: invocation, sequence: sequence) {
        case .nothing: return .success(state: state)
        case .lowest(let lowest): return .partialFailure(lowest: lowest, state: state)
        case .invalid: return .failure(.responseInvalid)
        }
    }

    private enum Report {
        case nothing
        case lowest(UInt64)
        case invalid
    }

    private static func reported(
        in document: JSONDocument, of invocation: Invocation, sequence: (String) -> UInt64?
    ) -> Report {
        guard let list = document.member("batchItemFailures", of: document.root), document.kind(list) != .null else {
            return .nothing
        }
        guard document.kind(list) == .array else { return .invalid }
        let places = invocation.places
        var lowest: Int?
        var isValid = true
        document.forEachElement(of: list) { element in
            guard let identifier = document.member("itemIdentifier", of: element),
                document.kind(identifier) == .string,
                let failed = sequence(document.string(identifier)), let place = places[failed]
            else {
                isValid = false
                return
            }
            lowest = min(lowest ?? .max, place)
        }
        guard isValid else { return .invalid }
        return lowest.map { .lowest(invocation.records[$0].sequence) } ?? .nothing
    }

    /// The text of the object `state`.
    private static func windowState(in document: JSONDocument) -> [UInt8]? {
        guard let state = document.member("state", of: document.root), document.kind(state) == .object else {
            return nil
        }
        return document.withRawBytes(of: state) { Array($0) }
    }
}
