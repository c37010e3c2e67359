/// Why a text is no event.
public enum EventError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where the text stops being JSON, in bytes from its start.
    case notJSON(position: Int)
    case notAnObject

    public var description: String {
        switch self {
        case .notJSON(let position): "The event is not JSON (position \(position))"
        case .notAnObject: "Event must be a JSON object"
        }
    }
}
