import Bytes

/// One test of a leaf: an element of the array that a pattern gives for a field (reference `event-filtering.md` 2).
enum LeafMatcher: Sendable, Hashable {
    /// The same string, byte by byte.
    case string([UInt8])
    /// A number of the same value, or of the same text when it is too long to be compared.
    case number(text: [UInt8], value: Double?)
    case boolean(Bool)
    case null
    case prefix([UInt8])
    case suffix([UInt8])
    case equalsIgnoringCase(CaseVariants)
    case prefixIgnoringCase(CaseVariants)
    case suffixIgnoringCase(CaseVariants)
    case wildcard(Wildcard)
    case numericRange(NumericRange)
    case addressRange(AddressRange)
    case exists
    /// No leaf at all.
    case absent
    /// Any leaf that none of these accepts.
    case anythingBut([LeafMatcher])
}

/// What a pattern asks of one field: some leaf there that one of the matchers accepts.
struct FieldCondition: Sendable, Hashable {
    /// Names joined by dots: `{"a":{"b":…}}` and `{"a.b":…}` ask for the same field (reference `event-filtering.md` 3.7).
    let path: Text
    let matchers: [LeafMatcher]
}

/// Conditions that must hold together: one way through the alternatives of a pattern. Ordered by path as event-ruler orders them,
/// because `exists: false` is decided with what the fields before it have chosen.
struct Conjunction: Sendable, Hashable {
    let conditions: [FieldCondition]

    init(_ matchers: [Text: [LeafMatcher]]) {
        conditions = matchers.map { FieldCondition(path: $0, matchers: $1) }.sorted { Self.precedes($0.path, $1.path) }
    }

    /// The order of Java strings: by UTF-16 units. It differs from the order of UTF-8 bytes from U+E000 on only.
    private static func precedes(_ left: Text, _ right: Text) -> Bool {
        if left.utf8.allSatisfy({ $0 < 0xEE }) || right.utf8.allSatisfy({ $0 < 0xEE }) { return left < right }
        return left.description.utf16.lexicographicallyPrecedes(right.description.utf16)
    }
}
