/// What tells one metric from another: its namespace, its name and its dimensions.
public struct MetricIdentity: Sendable, Hashable {
    /// A name and a value that narrow a metric down, as in `TableName` and `orders`.
    public struct Dimension: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public let namespace: String
    public let name: String
    /// In the order of their names, because their order means nothing.
    public let dimensions: [Dimension]

    public init(namespace: String, name: String, dimensions: [Dimension]) {
        self.namespace = namespace
        self.name = name
        self.dimensions = dimensions.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}

extension MetricIdentity: Comparable {
    public static func < (left: MetricIdentity, right: MetricIdentity) -> Bool {
        guard left.namespace == right.namespace else { return left.namespace < right.namespace }
        guard left.name == right.name else { return left.name < right.name }
        return left.dimensions.lexicographicallyPrecedes(right.dimensions) {
            ($0.name, $0.value) < ($1.name, $1.value)
        }
    }
}
