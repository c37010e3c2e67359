/// What is wrong with a handler.yaml, and where.
public struct HandlerFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's path, as in `Handlers/audit-log/handler.yaml`.
    public var file: String
    /// Counted from 1; nil when the error is about the file as a whole.
    public var line: Int?
    /// Counted from 1; nil when the error is about the file as a whole.
    public var column: Int?
    /// The field, such as `batchSize` or `filters[0]`; nil when the error is about none.
    public var field: String?
    public var reason: String

    public init(file: String, line: Int? = nil, column: Int? = nil, field: String? = nil, reason: String) {
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.reason = reason
    }

    /// As in `Handlers/audit-log/handler.yaml:7: batchSize: must be between 1 and 10000, not 20000`.
    public var description: String {
        file + (line.map { ":\($0)" } ?? "") + ": " + (field.map { "\($0): " } ?? "") + reason
    }
}
