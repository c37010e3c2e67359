/// Why a replay cannot be made; a sentence for people.
public struct ReplayError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
