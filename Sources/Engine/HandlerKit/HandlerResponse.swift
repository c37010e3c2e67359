import JSONBytes

/// What a handler says of its batch. An error that it throws fails the whole batch.
public enum HandlerResponse: Sendable, Equatable {
    /// All records are done. The state of a window stays as it is.
    case done
    /// The records with these sequence numbers are not done. The lowest one and all behind it are delivered again.
    case failed([String])
    /// The state for the window's next invocation, and the records that are not done.
    case window(WindowState, failed: [String] = [])

    public static func failed(records: [HandlerRecord]) -> HandlerResponse {
        .failed(records.map(\.sequenceNumber))
    }

    /// The response as a Lambda function gives it (reference `event-source-mapping.md` 3).
    func json(window: HandlerWindow?) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        if let state = newState ?? window?.state {
            writer.key("state")
            writer.raw(state.json)
        }
        writer.key("batchItemFailures")
        writer.beginArray()
        for sequenceNumber in failures {
            writer.beginObject(key: "itemIdentifier")
            writer.string(sequenceNumber)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private var newState: WindowState? {
        if case .window(let state, _) = self { state } else { nil }
    }

    private var failures: [String] {
        switch self {
        case .done: []
        case .failed(let failures), .window(_, let failures): failures
        }
    }
}

/// An invocation that failed as a whole: what Lambda shows of it.
public struct HandlerFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The longest message that is passed on, in characters.
    public static let messageCharactersMax = 8 * 1024

    /// The name of the error's type.
    public let errorType: String
    public let errorMessage: String

    public init(errorType: String, errorMessage: String) {
        self.errorType = errorType
        self.errorMessage = String(errorMessage.prefix(Self.messageCharactersMax))
    }

    public init(_ error: any Error) {
        self.init(errorType: String(describing: type(of: error)), errorMessage: String(describing: error))
    }

    public var description: String { "\(errorType): \(errorMessage)" }

    /// The error object of the Runtime API (reference `event-source-mapping.md` 7).
    public func json(requestID: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("errorMessage")
        writer.string(errorMessage)
        writer.key("errorType")
        writer.string(errorType)
        writer.key("requestId")
        writer.string(requestID)
        writer.key("stackTrace")
        writer.beginArray()
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
