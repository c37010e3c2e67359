public import Bytes

/// Why a text is no event pattern. `reason` is what event-ruler says (reference `event-filtering.md` 4); event source mappings
/// answer `Invalid filter pattern definition.` whatever it is.
public struct PatternError: Error, Equatable, Sendable, CustomStringConvertible {
    public var reason: String
    /// The field that the reason is about, its names joined by dots; empty at the root.
    public var path: Text
    /// Where the text stops being JSON, in bytes from its start; nil when it is JSON.
    public var position: Int?

    public init(_ reason: String, path: Text = "", position: Int? = nil) {
        self.reason = reason
        self.path = path
        self.position = position
    }

    public var description: String { path.isEmpty ? reason : "\(reason) (at \(path))" }
}
