import Bytes
import JSONBytes
import TestSupport

/// A JSON value as a tree, for tests: it can be made at random, written, and read back from a document.
indirect enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    case number(String)
    case string([UInt8])
    case array([JSONValue])
    /// Members in text order, repetitions included.
    case object([Member])

    struct Member: Equatable {
        let key: [UInt8]
        let value: JSONValue
    }

    init(_ document: JSONDocument, _ node: JSONDocument.Node) {
        switch document.kind(node) {
        case .null: self = .null
        case .booleanTrue: self = .boolean(true)
        case .booleanFalse: self = .boolean(false)
        case .number: self = .number(document.withRawBytes(of: node) { String(decoding: $0, as: UTF8.self) })
        case .string: self = .string(document.stringBytes(node))
        case .array:
            var elements: [JSONValue] = []
            document.forEachElement(of: node) { elements.append(JSONValue(document, $0)) }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            document.forEachMember(of: node) { key, value in
                members.append(Member(key: document.stringBytes(key), value: JSONValue(document, value)))
            }
            self = .object(members)
        }
    }

    static func random(_ random: inout SeededRandom, depth: Int = 0) -> JSONValue {
        switch random.below(depth < 5 ? 7 : 4) {
        case 0: return random.below(2) == 0 ? .null : .boolean(random.below(2) == 0)
        case 1:
            return .number(random.pick(["0", "-1", "12.50", "1e5", "-0.001E-10", "123456789012345678901234567890"]))
        case 2, 3: return .string(text(&random))
        case 4, 5:
            return .object(
                (0..<random.below(5)).map { _ in Member(key: text(&random), value: .random(&random, depth: depth + 1)) }
            )
        default: return .array((0..<random.below(5)).map { _ in .random(&random, depth: depth + 1) })
        }
    }

    private static func text(_ random: inout SeededRandom) -> [UInt8] {
        let scalars: [Unicode.Scalar] = [
            "a", "b", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", " ", "\u{7F}", "é", "€", "😀", "\u{FFFF}",
        ]
        var string = ""
        for _ in 0..<random.below(12) { string.unicodeScalars.append(random.pick(scalars)) }
        return Array(string.utf8)
    }

    /// - Parameter keys: writes each key; the two ways must give the same text.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.raw(Array("null".utf8))
        case .boolean(let flag): writer.boolean(flag)
        case .number(let text): writer.raw(Array(text.utf8))
        case .string(let utf8): utf8.withUnsafeBytes { writer.string(utf8: $0) }
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                member.key.withUnsafeBytes { writer.key(utf8: $0) }
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }
}

/// A second, slow opinion on what is JSON: the grammar of RFC 8259 written down rule by rule.
struct JSONGrammar {
    private var rest: ArraySlice<UInt8>

    static func accepts(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var grammar = JSONGrammar(rest: bytes[...])
        return grammar.element() && grammar.rest.isEmpty
    }

    private mutating func element() -> Bool {
        blanks()
        defer { blanks() }
        return value()
    }

    private mutating func value() -> Bool {
        switch rest.first {
        case UInt8(ascii: "{"):
            container("}") {
                $0.blanks(); return $0.string() && $0.colon() && $0.element()
            }
        case UInt8(ascii: "["): container("]") { $0.element() }
        case UInt8(ascii: "\""): string()
        default: word("true") || word("false") || word("null") || number()
        }
    }

    private mutating func container(_ end: Unicode.Scalar, _ member: (inout JSONGrammar) -> Bool) -> Bool {
        rest.removeFirst()
        blanks()
        if take(end) { return true }
        repeat {
            guard member(&self) else { return false }
        } while take(",")
        return take(end)
    }

    private mutating func colon() -> Bool {
        blanks()
        return take(":")
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte < 0x20 { return false }
            if byte == UInt8(ascii: "\\"), !escape() { return false }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = rest.popFirst() else { return false }
        if byte != UInt8(ascii: "u") { return #""\/bfnrt"#.utf8.contains(byte) }
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        return digits.count == 4 && digits.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0"), !digits() { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let digits = rest.prefix { "0123456789".utf8.contains($0) }
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }

    private mutating func word(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func blanks() {
        rest = rest.drop { " \t\r\n".utf8.contains($0) }
    }
}
