import AttributeModel
import JSONBytes
import Partition

/// Writes that the region refused, as AWS tells them (reference `data-plane.md` 7, 10).
extension WireError {
    static let conditionFailedMessage = "The conditional request failed"

    /// - Parameter returnsItem: whether the request wants the item that a condition failed on.
    init(_ failure: WriteFailure, returnsItem: Bool = false) {
        switch failure {
        case .tableNotFound: self = .resourceNotFound
        case .conditionFailed(let item):
            var members: [(name: String, json: [UInt8])] = []
            if returnsItem, let item { members.append(("Item", item.json)) }
            self.init(.conditionalCheckFailed, Self.conditionFailedMessage, members: members)
        case .invalid(let message): self = .validation(message)
        case .throttled(let throttling): self.init(throttling)
        case .unknownOutcome: self = .internalError
        }
    }

    /// - Parameter returnsItem: for each action, whether it wants the item that its condition failed on.
    static func cancelled(_ reasons: [CancellationReason], returnsItem: [Bool]) -> WireError {
        let codes = reasons.map(\.code).joined(separator: ", ")
        var writer = JSONWriter()
        writer.beginArray()
        for (reason, returnsItem) in zip(reasons, returnsItem) {
            writer.beginObject()
            writer.key("Code")
            writer.string(reason.code)
            if let message = reason.message {
                writer.key("Message")
                writer.string(message)
            }
            if returnsItem, case .conditionFailed(let item?) = reason {
                writer.key("Item")
                item.appendJSON(to: &writer)
            }
            writer.endObject()
        }
        writer.endArray()
        return WireError(
            .transactionCanceled,
            "Transaction cancelled, please refer cancellation reasons for specific reasons [\(codes)]",
            members: [("CancellationReasons", writer.bytes)])
    }

    /// A transaction that is cancelled because one of its actions is faulty; the others are not looked at.
    static func cancelled(count: Int, faulty: Int, _ message: String) -> WireError {
        var reasons = [CancellationReason](repeating: .none, count: count)
        reasons[faulty] = .invalid(message)
        return cancelled(reasons, returnsItem: [Bool](repeating: false, count: count))
    }
}

extension CancellationReason {
    fileprivate var code: String {
        switch self {
        case .none: "None"
        case .conditionFailed: "ConditionalCheckFailed"
        case .invalid: "ValidationError"
        case .throttled: "ProvisionedThroughputExceeded"
        }
    }

    fileprivate var message: String? {
        switch self {
        case .none: nil
        case .conditionFailed: WireError.conditionFailedMessage
        case .invalid(let message): message
        case .throttled(let throttling): WireError.throttledMessage(throttling)
        }
    }
}

extension Item {
    fileprivate var json: [UInt8] {
        var writer = JSONWriter()
        appendJSON(to: &writer)
        return writer.bytes
    }
}
