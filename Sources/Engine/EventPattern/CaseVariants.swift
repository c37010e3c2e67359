/// A text whose characters may each be written in lower or upper case, compared character by character with the case pairs of
/// Unicode, of any length: `ß` also is `SS`.
struct CaseVariants: Sendable, Hashable {
    /// As it was written.
    let text: [UInt8]
    /// A text of nothing but ASCII, in lower case; nil for others.
    let ascii: [UInt8]?
    /// For each character: the length of the first form and the form, then the same for the second, which has length 0 when there is
    /// only one. The longer form comes first.
    let forms: [UInt8]

    init(_ text: [UInt8]) {
        self.text = text
        if text.allSatisfy({ $0 < 0x80 }) {
            ascii = text.map(Self.lowercased)
            forms = []
            return
        }
        ascii = nil
        var forms: [UInt8] = []
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let lower = Array(scalar.properties.lowercaseMapping.utf8)
            let upper = Array(scalar.properties.uppercaseMapping.utf8)
            let ordered = lower.count >= upper.count ? [lower, upper] : [upper, lower]
            forms.append(UInt8(ordered[0].count))
            forms += ordered[0]
            forms.append(lower == upper ? 0 : UInt8(ordered[1].count))
            if lower != upper { forms += ordered[1] }
        }
        self.forms = forms
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Whether the value begins with `pattern`, which is ASCII in lower case.
    static func hasPrefix(_ value: UnsafeRawBufferPointer, ascii pattern: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= pattern.count else { return false }
        for index in 0..<pattern.count where lowercased(value[index]) != pattern[index] { return false }
        return true
    }

    /// The length of the beginning of the value that has these forms; nil when it has another.
    static func prefixLength(_ value: UnsafeRawBufferPointer, forms: UnsafeRawBufferPointer) -> Int? {
        var position = 0
        var index = 0
        while index < forms.count {
            let first = form(forms, index)
            let second = form(forms, first.upperBound)
            index = second.upperBound
            if matches(value, position, forms, first) {
                position += first.count
            } else if !second.isEmpty, matches(value, position, forms, second) {
                position += second.count
            } else {
                return nil
            }
        }
        return position
    }

    /// Whether the value ends with these forms. Tries each place where that could begin: characters may differ in length.
    static func hasSuffix(_ value: UnsafeRawBufferPointer, forms: UnsafeRawBufferPointer) -> Bool {
        for start in 0...value.count {
            let rest = UnsafeRawBufferPointer(rebasing: value[start...])
            if prefixLength(rest, forms: forms) == rest.count { return true }
        }
        return false
    }

    private static func form(_ forms: UnsafeRawBufferPointer, _ index: Int) -> Range<Int> {
        (index + 1)..<(index + 1 + Int(forms[index]))
    }

    private static func matches(
        _ value: UnsafeRawBufferPointer, _ position: Int, _ forms: UnsafeRawBufferPointer, _ form: Range<Int>
    ) -> Bool {
        guard value.count - position >= form.count else { return false }
        for offset in 0..<form.count where value[position + offset] != forms[form.lowerBound + offset] { return false }
        return true
    }
}
