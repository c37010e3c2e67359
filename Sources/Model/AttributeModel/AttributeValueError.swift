public import Bytes

/// What is wrong with an attribute value of a request (reference `data-plane.md` 4.1 and 4.2).
public enum AttributeValueError: Error, Equatable, Sendable {
    /// The JSON has a type that the member cannot take; the request's binder finds the exact text.
    case binding
    case noType
    case severalTypes
    case nullIsFalse
    case emptyStringSet
    case emptyNumberSet
    case emptyBinarySet
    case duplicateStrings([Text])
    case duplicateNumbers
    /// The members in base64, as they were sent.
    case duplicateBinaries([String])
    case number(NumberError, text: Text)
    case tooDeep
    case emptyName

    /// AWS's text, in the wording that most clients were written against (the right-hand column of 4.2).
    public var message: String {
        switch self {
        case .binding: "Unexpected field type"
        case .noType:
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        case .severalTypes:
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        case .nullIsFalse:
            "One or more parameter values were invalid: Null attribute value types must have the value of true"
        case .emptyStringSet: "One or more parameter values were invalid: An string set  may not be empty"
        case .emptyNumberSet: "One or more parameter values were invalid: An number set  may not be empty"
        case .emptyBinarySet: "One or more parameter values were invalid: Binary sets should not be empty"
        case .duplicateStrings(let members):
            "One or more parameter values were invalid: Input collection \(list(members.map(\.description))) contains duplicates."
        case .duplicateNumbers: "Input collection contains duplicates"
        case .duplicateBinaries(let members):
            "One or more parameter values were invalid: Input collection \(list(members))of type BS contains duplicates."
        case .number(let error, let text): error.message(for: text)
        case .tooDeep:
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
        case .emptyName: "One or more parameter values were invalid: Empty attribute name"
        }
    }

    private func list(_ members: [String]) -> String {
        "[" + members.joined(separator: ", ") + "]"
    }
}

extension NumberError {
    /// AWS's text for a number written as `text`.
    public func message(for text: Text) -> String {
        switch self {
        case .notNumeric where text.isEmpty: "The parameter cannot be converted to a numeric value"
        case .notNumeric: "The parameter cannot be converted to a numeric value: \(text)"
        case .overflow: "Number overflow. Attempting to store a number with magnitude larger than supported range"
        case .underflow: "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        case .tooManyDigits: "Attempting to store more than 38 significant digits in a Number"
        }
    }
}
