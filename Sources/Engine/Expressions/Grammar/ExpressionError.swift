/// Why a request's expressions, placeholders or legacy conditions are refused; always a ValidationException.
public struct ExpressionError: Error, Equatable, Sendable {
    /// AWS's complete text, such as `Invalid ConditionExpression: The expression can not be empty;`.
    public let message: String

    public init(message: String) {
        self.message = message
    }

    init(_ kind: ExpressionKind, _ fault: ExpressionFault) {
        message = "Invalid \(kind.rawValue): \(fault.text)"
    }

    /// `One or more parameter values were invalid: <detail>`.
    static func invalidParameters(_ detail: String) -> ExpressionError {
        ExpressionError(message: "One or more parameter values were invalid: \(detail)")
    }
}
