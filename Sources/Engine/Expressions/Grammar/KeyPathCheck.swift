import Bytes

/// Key attributes hold scalars, so that no expression may step into one (reference `data-plane.md` 4.4).
enum KeyPathCheck {
    /// - Parameter steppedNames: the attributes that the expression steps into.
    static func check(
        _ steppedNames: [Text], keyNames: [Text], indexKeyNames: [Text]
    ) throws(ExpressionError) {
        guard !steppedNames.isEmpty else { return }
        for name in keyNames where steppedNames.contains(name) { throw fault("Key", name) }
        for name in indexKeyNames where steppedNames.contains(name) { throw fault("IndexKey", name) }
    }

    private static func fault(_ role: String, _ name: Text) -> ExpressionError {
        ExpressionError(
            message: "Key attributes must be scalars; "
                + "list random access '[]' and map lookup '.' are not allowed: \(role): \(name)")
    }
}
