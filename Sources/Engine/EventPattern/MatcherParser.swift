import Bytes
import JSONBytes

/// Reads the array of values that a pattern gives for one field.
struct MatcherParser {
    private typealias Member = (name: String, value: JSONDocument.Node)

    private let document: JSONDocument
    private let path: Text

    init(_ document: JSONDocument, path: Text) {
        self.document = document
        self.path = path
    }

    func matchers(_ array: JSONDocument.Node) throws(PatternError) -> [LeafMatcher] {
        var matchers: [LeafMatcher] = []
        try document.forEachElement(of: array) { (element) throws(PatternError) in
            matchers.append(try matcher(element))
        }
        if matchers.isEmpty { throw failure("Empty arrays are not allowed") }
        return matchers
    }

    private func matcher(_ node: JSONDocument.Node) throws(PatternError) -> LeafMatcher {
        switch document.kind(node) {
        case .object: return try expression(node)
        case .string:
            let text = document.stringBytes(node)
            // An address in any spelling is that address (reference `event-filtering.md` 3.12).
            let address = text.withUnsafeBytes { IPAddress($0) }
            return address.map { .addressRange(AddressRange($0, text: text)) } ?? .string(text)
        case .number: return .number(text: raw(node), value: number(node))
        case .booleanTrue: return .boolean(true)
        case .booleanFalse: return .boolean(false)
        case .null: return .null
        case .array: throw failure("Match value must be String, number, true, false, or null")
        }
    }

    private func expression(_ node: JSONDocument.Node) throws(PatternError) -> LeafMatcher {
        guard let (name, value) = firstMember(of: node) else { throw failure("Match expression name not found") }
        let matcher: LeafMatcher
        switch name {
        case "exactly": matcher = .string(try string(value, "exact match pattern must be a string"))
        case "prefix": matcher = try affix(value, "prefix", LeafMatcher.prefix, LeafMatcher.prefixIgnoringCase)
        case "suffix": matcher = try affix(value, "suffix", LeafMatcher.suffix, LeafMatcher.suffixIgnoringCase)
        case "equals-ignore-case":
            matcher = .equalsIgnoringCase(
                CaseVariants(try string(value, "equals-ignore-case match pattern must be a string")))
        case "wildcard": matcher = .wildcard(try wildcard(value))
        case "cidr": matcher = .addressRange(try cidr(value))
        case "numeric": matcher = try numeric(value)
        case "exists": matcher = try exists(value)
        case "anything-but": matcher = .anythingBut(try refused(value))
        default: throw failure("Unrecognized match type \(name)")
        }
        guard document.count(of: node) == 1 else {
            let isList = name == "numeric" || name == "anything-but"
            throw failure(isList ? Self.tooManyElements : Self.onlyOneKey)
        }
        return matcher
    }

    /// A prefix or suffix: a string, or one that ignores case.
    private func affix(
        _ node: JSONDocument.Node, _ name: String, _ exact: ([UInt8]) -> LeafMatcher,
        _ ignoringCase: (CaseVariants) -> LeafMatcher
    ) throws(PatternError) -> LeafMatcher {
        guard document.kind(node) == .object else {
            return exact(try string(node, "\(name) match pattern must be a string"))
        }
        guard let (inner, value) = firstMember(of: node) else {
            throw failure("\(name.capitalizedFirst) expression name not found")
        }
        guard inner == "equals-ignore-case" else { throw failure("Unsupported \(name) pattern: \(inner)") }
        let text = try string(value, "equals-ignore-case match pattern must be a string")
        guard document.count(of: node) == 1 else { throw failure(Self.onlyOneKey) }
        return ignoringCase(CaseVariants(text))
    }

    private func exists(_ node: JSONDocument.Node) throws(PatternError) -> LeafMatcher {
        switch document.kind(node) {
        case .booleanTrue: return .exists
        case .booleanFalse: return .absent
        default: throw failure("exists match pattern must be either true or false.")
        }
    }

    private func wildcard(_ node: JSONDocument.Node) throws(PatternError) -> Wildcard {
        let text = try string(node, "wildcard match pattern must be a string")
        do throws(PatternError) {
            return try Wildcard(text)
        } catch {
            throw failure(error.reason)
        }
    }

    private func cidr(_ node: JSONDocument.Node) throws(PatternError) -> AddressRange {
        // event-ruler says "prefix" here.
        let text = try string(node, "prefix match pattern must be a string")
        do throws(PatternError) {
            return try AddressRange(cidr: text)
        } catch {
            throw failure(error.reason)
        }
    }

    // MARK: anything-but

    private func refused(_ node: JSONDocument.Node) throws(PatternError) -> [LeafMatcher] {
        switch document.kind(node) {
        case .object:
            guard let (name, value) = firstMember(of: node) else {
                throw failure("Anything-But expression name not found")
            }
            let isKnown = ["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(name)
            guard isKnown else { throw failure("Unsupported anything-but pattern: \(name)") }
            guard document.kind(value) != .object else { throw failure(Self.anythingButValue) }
            let refused = try listOrSingle(value) { (element) throws(PatternError) in
                try nestedRefused(name, element)
            }
            guard document.count(of: node) == 1 else { throw failure(Self.tooManyElements) }
            return refused
        default:
            let refused = try listOrSingle(node) { (element) throws(PatternError) in try plainRefused(element) }
            let numbers = refused.count { if case .number = $0 { true } else { false } }
            guard numbers == 0 && !refused.isEmpty || numbers == refused.count && numbers > 0 else {
                throw failure(
                    "Inside anything but list, either all values are number or string, mixed type is not supported")
            }
            return refused
        }
    }

    private func listOrSingle(
        _ node: JSONDocument.Node, _ read: (JSONDocument.Node) throws(PatternError) -> LeafMatcher
    ) throws(PatternError) -> [LeafMatcher] {
        switch document.kind(node) {
        case .array:
            var list: [LeafMatcher] = []
            try document.forEachElement(of: node) { (element) throws(PatternError) in list.append(try read(element)) }
            return list
        case .string, .number: return [try read(node)]
        default: throw failure(Self.anythingButValue)
        }
    }

    private func plainRefused(_ node: JSONDocument.Node) throws(PatternError) -> LeafMatcher {
        switch document.kind(node) {
        case .string: return .string(document.stringBytes(node))
        case .number: return .number(text: raw(node), value: try comparable(node))
        default: throw failure("Inside anything but list, start|null|boolean is not supported.")
        }
    }

    private func nestedRefused(_ name: String, _ node: JSONDocument.Node) throws(PatternError) -> LeafMatcher {
        switch name {
        case "equals-ignore-case":
            return .equalsIgnoringCase(
                CaseVariants(
                    try string(
                        node,
                        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")))
        case "wildcard": return .wildcard(try wildcard(node))
        default:
            let text = try string(node, "prefix/suffix match pattern must be a string")
            if text.isEmpty { throw failure("Null prefix/suffix not allowed") }
            return name == "prefix" ? .prefix(text) : .suffix(text)
        }
    }

    // MARK: numeric

    private func numeric(_ node: JSONDocument.Node) throws(PatternError) -> LeafMatcher {
        guard document.kind(node) == .array else { throw failure("Value of numeric must be an array.") }
        var parts: [JSONDocument.Node] = []
        document.forEachElement(of: node) { parts.append($0) }
        guard let first = parts.first else { throw failure("Invalid member in numeric match: ]") }
        guard document.kind(first) == .string else {
            throw failure("Invalid member in numeric match: \(written(first))")
        }
        let comparison = document.string(first)
        guard ["=", "<", "<=", ">", ">="].contains(comparison) else {
            throw failure("Unrecognized numeric range operator: \(comparison)")
        }
        guard parts.count > 1, document.kind(parts[1]) == .number else {
            throw failure("Value of \(comparison == "=" ? "equals" : comparison) must be numeric")
        }
        let isLower = comparison.first == ">"
        if parts.count > 2, !isLower { throw failure(Self.tooManyElements) }
        guard parts.count > 2 else {
            let value = try comparable(parts[1])
            switch comparison {
            case "=": return .numericRange(NumericRange(low: value, high: value))
            case "<": return .numericRange(NumericRange(high: value, isHighOpen: true))
            case "<=": return .numericRange(NumericRange(high: value))
            case ">": return .numericRange(NumericRange(low: value, isLowOpen: true))
            default: return .numericRange(NumericRange(low: value))
            }
        }
        return .numericRange(try completeRange(parts, isLowOpen: comparison == ">"))
    }

    /// A lower bound, already checked, and then an upper bound.
    private func completeRange(_ parts: [JSONDocument.Node], isLowOpen: Bool) throws(PatternError) -> NumericRange {
        guard document.kind(parts[2]) == .string else {
            throw failure("Bad value in numeric range: \(written(parts[2]))")
        }
        let comparison = document.string(parts[2])
        guard comparison == "<" || comparison == "<=" else {
            throw failure("Bad numeric range operator: \(comparison)")
        }
        guard parts.count > 3, document.kind(parts[3]) == .number else {
            throw failure("Value of \(comparison) must be numeric")
        }
        guard parts.count == 4 else { throw failure("Too many terms in numeric range expression") }
        let low = try comparable(parts[1])
        let high = try comparable(parts[3])
        guard low < high else { throw failure("Bottom must be less than top") }
        return NumericRange(low: low, isLowOpen: isLowOpen, high: high, isHighOpen: comparison == "<")
    }

    private func comparable(_ node: JSONDocument.Node) throws(PatternError) -> Double {
        guard let value = number(node) else {
            throw failure("Cannot compare number : \(written(node))")
        }
        return value
    }

    // MARK: nodes

    private static let onlyOneKey = "Only one key allowed in match expression"
    private static let tooManyElements = "Too many elements in numeric expression"
    private static let anythingButValue = "Value of anything-but must be an array or single string/number value."

    private func failure(_ reason: String) -> PatternError {
        PatternError(reason, path: path)
    }

    private func string(_ node: JSONDocument.Node, _ reason: String) throws(PatternError) -> [UInt8] {
        guard document.kind(node) == .string else { throw failure(reason) }
        return document.stringBytes(node)
    }

    private func number(_ node: JSONDocument.Node) -> Double? {
        document.withRawBytes(of: node) { ComparableNumber.value(of: $0) }
    }

    private func raw(_ node: JSONDocument.Node) -> [UInt8] {
        document.withRawBytes(of: node) { Array($0) }
    }

    /// A value as it is named in a reason: containers by their first character.
    private func written(_ node: JSONDocument.Node) -> String {
        switch document.kind(node) {
        case .object: "{"
        case .array: "["
        case .string: document.string(node)
        default: String(decoding: raw(node), as: UTF8.self)
        }
    }

    private func firstMember(of node: JSONDocument.Node) -> Member? {
        var first: Member?
        document.forEachMember(of: node) { key, value in
            if first == nil { first = (document.string(key), value) }
        }
        return first
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
