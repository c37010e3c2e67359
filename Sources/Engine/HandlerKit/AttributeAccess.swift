public import AttributeModel
import Bytes

/// Short ways to a value of one type; nil when the value has another type.
extension AttributeValue {
    public var string: String? {
        if case .string(let text) = self { text.description } else { nil }
    }

    /// The exact number in DynamoDB's normal form.
    public var numberText: String? {
        if case .number(let number) = self { number.text } else { nil }
    }

    /// Nil too when the number has a fraction or does not fit.
    public var integer: Int? { numberText.flatMap { Int($0) } }

    /// The nearest `Double`: DynamoDB's numbers have up to 38 digits.
    public var double: Double? { numberText.flatMap { Double($0) } }

    public var boolean: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    public var binary: [UInt8]? {
        if case .binary(let bytes) = self { bytes } else { nil }
    }

    public var isNull: Bool { self == .null }

    public var list: [AttributeValue]? {
        if case .list(let elements) = self { elements } else { nil }
    }

    public var map: AttributeMap? {
        if case .map(let entries) = self { entries } else { nil }
    }

    /// The members of a string set, sorted by their bytes.
    public var strings: [String]? {
        if case .stringSet(let members) = self { members.map(\.description) } else { nil }
    }

    /// The members of a number set in DynamoDB's normal form.
    public var numberTexts: [String]? {
        if case .numberSet(let members) = self { members.map(\.text) } else { nil }
    }
}

extension Item {
    /// The value of one attribute, decoded when asked for; the others are skipped.
    public subscript(name: String) -> AttributeValue? { value(of: Text(name)) }
}

extension AttributeMap {
    public subscript(name: String) -> AttributeValue? {
        get { self[Text(name)] }
        set { self[Text(name)] = newValue }
    }
}
