import AttributeModel
import Bytes

/// Why an update cannot be applied to the item that is there (reference `data-plane.md` 5.5); always a ValidationException.
public struct UpdateError: Error, Equatable, Sendable {
    /// AWS's complete text.
    public let message: String

    public init(message: String) {
        self.message = message
    }

    init(_ error: NumberError) {
        message = error.message(for: Text(utf8: []))
    }

    static let missingAttribute = UpdateError(
        message: "The provided expression refers to an attribute that does not exist in the item")
    static let wrongType = UpdateError(
        message: "An operand in the update expression has an incorrect data type")
    static let invalidPath = UpdateError(
        message: "The document path provided in the update expression is invalid for update")
    static let legacyWrongType = UpdateError(message: "Type mismatch for attribute to update")
    static let tooDeep = UpdateError(message: AttributeValueError.tooDeep.message)
}
