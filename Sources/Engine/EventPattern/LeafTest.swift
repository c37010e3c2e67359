/// Whether a compiled matcher accepts a leaf (reference `event-filtering.md` 2).
extension PatternProgram {
    @inline(__always)
    private func content(_ matcher: PatternTables.Matcher, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[matcher.content.range])
    }

    /// Whether one of the matchers accepts the leaf.
    @inline(__always)
    func accepts(_ run: PatternTables.Run, _ leaf: LeafTable.Leaf) -> Bool {
        for index in run.range where accepts(tables.matchers[index], leaf) { return true }
        return false
    }

    func accepts(_ matcher: PatternTables.Matcher, _ leaf: LeafTable.Leaf) -> Bool {
        switch matcher.kind {
        case .booleanTrue: return leaf.kind == .booleanTrue
        case .booleanFalse: return leaf.kind == .booleanFalse
        case .null: return leaf.kind == .null
        case .exists: return true
        case .absent: return false
        case .anythingBut: return !accepts(matcher.content, leaf)
        case .number:
            guard leaf.kind == .number else { return false }
            // Not equal when either is not comparable; then the texts decide.
            if leaf.number == matcher.range.low { return true }
            return !matcher.content.isEmpty
                && tables.bytes.withUnsafeBytes { ByteHash.isEqual(leaf.text, content(matcher, in: $0)) }
        case .numericRange: return leaf.kind == .number && matcher.range.contains(leaf.number)
        case .addressRange: return leaf.kind == .string && accepts(address: matcher, leaf.text)
        default:
            guard leaf.kind == .string else { return false }
            return tables.bytes.withUnsafeBytes { accepts(matcher, string: leaf.text, content(matcher, in: $0)) }
        }
    }

    private func accepts(
        _ matcher: PatternTables.Matcher, string value: UnsafeRawBufferPointer, _ content: UnsafeRawBufferPointer
    ) -> Bool {
        switch matcher.kind {
        case .string: return ByteHash.isEqual(value, content)
        case .prefix:
            return value.count >= content.count
                && ByteHash.isEqual(UnsafeRawBufferPointer(rebasing: value.prefix(content.count)), content)
        case .suffix:
            return value.count >= content.count
                && ByteHash.isEqual(UnsafeRawBufferPointer(rebasing: value.suffix(content.count)), content)
        case .equalsIgnoringASCIICase: return ByteHash.isEqualLowercased(value, content)
        case .prefixIgnoringASCIICase: return CaseVariants.hasPrefix(value, ascii: content)
        case .suffixIgnoringASCIICase:
            return value.count >= content.count
                && CaseVariants.hasPrefix(
                    UnsafeRawBufferPointer(rebasing: value.suffix(content.count)), ascii: content)
        case .equalsIgnoringCase: return CaseVariants.prefixLength(value, forms: content) == value.count
        case .prefixIgnoringCase: return CaseVariants.prefixLength(value, forms: content) != nil
        case .suffixIgnoringCase: return CaseVariants.hasSuffix(value, forms: content)
        case .wildcard: return Wildcard.matches(value, pattern: content)
        default:
            preconditionFailure("other matchers are decided before the text is looked at")
        }
    }

    /// The range is among `addresses`, not `bytes`.
    private func accepts(address matcher: PatternTables.Matcher, _ value: UnsafeRawBufferPointer) -> Bool {
        guard let address = IPAddress(value) else { return false }
        return tables.addresses[Int(matcher.content.start)].contains(address)
    }
}
