/// Changes that a store applies together or not at all, in the order they were added.
public struct WriteBatch: Sendable {
    public enum Operation: Sendable, Equatable {
        case put(key: [UInt8], value: [UInt8], space: Space)
        case delete(key: [UInt8], space: Space)
        /// Deletes every key of the range. The range must have an upper end.
        case deleteRange(lower: [UInt8], upper: [UInt8], space: Space)
    }

    public private(set) var operations: [Operation] = []

    public init(_ operations: [Operation] = []) {
        self.operations = operations
    }

    public var isEmpty: Bool { operations.isEmpty }

    public mutating func put(_ key: [UInt8], _ value: [UInt8], in space: Space) {
        operations.append(.put(key: key, value: value, space: space))
    }

    public mutating func delete(_ key: [UInt8], in space: Space) {
        operations.append(.delete(key: key, space: space))
    }

    /// Deletes all keys from `lower` (included) to `upper` (excluded).
    public mutating func deleteRange(lower: [UInt8], upper: [UInt8], in space: Space) {
        operations.append(.deleteRange(lower: lower, upper: upper, space: space))
    }

    /// Empties the batch and keeps its memory for the next one.
    public mutating func removeAll() {
        operations.removeAll(keepingCapacity: true)
    }
}
