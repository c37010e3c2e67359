extension WireError {
    /// A refused signature, as clients see it.
    public init(authentication error: AuthenticationError) {
        guard let kind = Kind(rawValue: error.typeName) else {
            preconditionFailure("every authentication error is a kind of wire error: \(error.typeName)")
        }
        self.init(kind, error.message)
    }
}
