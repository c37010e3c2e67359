import Bytes
import JSONBytes

extension LeafMatcher {
    /// The matcher as a pattern would have it; `exactly` and a range's spelling are not kept.
    func appendJSON(to writer: inout JSONWriter) {
        switch self {
        case .string(let text): writer.string(text)
        case .number(let text, _): writer.raw(text)
        case .boolean(let flag): writer.boolean(flag)
        case .null: writer.raw(Array("null".utf8))
        case .prefix(let text): writer.member("prefix") { $0.string(text) }
        case .suffix(let text): writer.member("suffix") { $0.string(text) }
        case .equalsIgnoringCase(let text): writer.member("equals-ignore-case") { $0.string(text.text) }
        case .prefixIgnoringCase(let text):
            writer.member("prefix") { $0.member("equals-ignore-case") { $0.string(text.text) } }
        case .suffixIgnoringCase(let text):
            writer.member("suffix") { $0.member("equals-ignore-case") { $0.string(text.text) } }
        case .wildcard(let wildcard): writer.member("wildcard") { $0.string(wildcard.text) }
        case .numericRange(let range): writer.member("numeric") { range.appendJSON(to: &$0) }
        case .addressRange(let range):
            if range.text.contains(UInt8(ascii: "/")) {
                writer.member("cidr") { $0.string(range.text) }
            } else {
                writer.string(range.text)
            }
        case .exists: writer.member("exists") { $0.boolean(true) }
        case .absent: writer.member("exists") { $0.boolean(false) }
        case .anythingBut(let refused):
            writer.member("anything-but") { writer in
                guard let (name, texts) = Self.nested(refused) else {
                    writer.list(refused) { $1.appendJSON(to: &$0) }
                    return
                }
                writer.member(name) { $0.list(texts) { $0.string($1) } }
            }
        }
    }

    /// The operator and the texts of an `anything-but` that has an operator of its own.
    private static func nested(_ refused: [LeafMatcher]) -> (name: StaticString, texts: [[UInt8]])? {
        var name: StaticString?
        let texts = refused.map { matcher -> [UInt8] in
            switch matcher {
            case .prefix(let text): name = "prefix"; return text
            case .suffix(let text): name = "suffix"; return text
            case .equalsIgnoringCase(let text): name = "equals-ignore-case"; return text.text
            case .wildcard(let wildcard): name = "wildcard"; return wildcard.text
            default: return []
            }
        }
        return name.map { ($0, texts) }
    }
}

extension NumericRange {
    fileprivate func appendJSON(to writer: inout JSONWriter) {
        writer.beginArray()
        if low == high {
            writer.string("=")
            writer.number(low)
        } else {
            if low > -.infinity {
                writer.string(isLowOpen ? ">" : ">=")
                writer.number(low)
            }
            if high < .infinity {
                writer.string(isHighOpen ? "<" : "<=")
                writer.number(high)
            }
        }
        writer.endArray()
    }
}

extension Wildcard {
    /// The text with its escapes.
    fileprivate var text: [UInt8] {
        var text: [UInt8] = []
        for byte in bytes {
            if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
            text.append(byte == Wildcard.star ? UInt8(ascii: "*") : byte)
        }
        return text
    }
}

extension JSONWriter {
    fileprivate mutating func string(_ text: [UInt8]) {
        text.withUnsafeBytes { string(utf8: $0) }
    }

    fileprivate mutating func list<Element>(
        _ elements: [Element], _ append: (inout JSONWriter, Element) -> Void
    ) {
        beginArray()
        for element in elements { append(&self, element) }
        endArray()
    }

    /// An object of one member.
    fileprivate mutating func member(_ name: StaticString, _ value: (inout JSONWriter) -> Void) {
        beginObject()
        key(name)
        value(&self)
        endObject()
    }
}
