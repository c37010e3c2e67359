/// How the value of a message shows a change.
///
/// Appliers read every format: what its value cannot give back exactly is in the header `tributary_item`.
public enum RecordFormat: String, Sendable, CaseIterable {
    /// The DynamoDB Streams record, exactly as a Lambda function receives it. DynamoDB JSON keeps every type, so nothing is said twice.
    case streams
    /// Debezium's envelope without schema: `before`, `after`, `source`, `op`, `ts_ms`; the items as plain JSON.
    case debezium
    /// `key`, `old`, `new` and what happened, the items as plain JSON.
    case plain

    /// Whether the value gives back the new item exactly. Plain JSON does not tell a set from a list or binary from text.
    var isLossless: Bool { self == .streams }
}
