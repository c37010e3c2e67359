import AttributeModel
import Bytes

/// What values a leaf of a stream record can have.
struct RecordLeaf {
    enum Kind {
        case string, number, boolean
    }

    let kind: Kind
    /// The type name in DynamoDB JSON, for leaves of items.
    var type: String?
    /// The only values, when they are few.
    var values: [Text]?

    /// Why the matcher accepts no value that the leaf can have; nil when it may accept one.
    func complaint(about matcher: LeafMatcher) -> String? {
        switch matcher {
        case .exists, .absent, .anythingBut: nil
        case .number, .numericRange: kind == .number ? nil : numberComplaint(matcher)
        case .boolean(let flag): booleanComplaint(flag)
        case .null: nullComplaint
        case .string(let text): kind == .string ? valueComplaint(Text(utf8: text)) : stringComplaint(Text(utf8: text))
        default: kind == .string ? nil : stringComplaint(nil)
        }
    }

    private func numberComplaint(_ matcher: LeafMatcher) -> String {
        guard type == "N" || type == "NS" else { return "this field is no number" }
        if case .number(let text, _) = matcher {
            let written = String(decoding: text, as: UTF8.self)
            return "\(type ?? "N") values are strings in stream records: write \"\(written)\""
        }
        return
            "\(type ?? "N") values are strings in stream records, which numeric never matches: compare them as strings, "
            + "or store what must be compared in a form that prefixes can tell apart"
    }

    private func booleanComplaint(_ flag: Bool) -> String? {
        if type == "NULL", !flag { return "NULL is always true" }
        return kind == .boolean ? nil : "this field is no boolean: write \"\(flag)\" if the string is meant"
    }

    private var nullComplaint: String {
        type == "NULL" ? "a DynamoDB NULL is {\"NULL\":true}: write [true]" : "stream records hold no JSON null"
    }

    private func stringComplaint(_ text: Text?) -> String {
        guard kind == .boolean else { return "this field is a number: write it without quotes" }
        guard let text, text == "true" || text == "false" else { return "this field is true or false, never a string" }
        return "this field is a boolean: write \(text) without quotes"
    }

    /// A string that no value of the type can be.
    private func valueComplaint(_ text: Text) -> String? {
        if let values, !values.contains(text) {
            return "\"\(text)\" is not one of \(values.map { "\"\($0)\"" }.joined(separator: ", "))"
        }
        guard type == "N" || type == "NS" else { return nil }
        guard let number = try? DecimalNumber(text.description) else { return "\"\(text)\" is no number" }
        return number.text == text.description ? nil : "DynamoDB writes this number as \"\(number.text)\""
    }
}
