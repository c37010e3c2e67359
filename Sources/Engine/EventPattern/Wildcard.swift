/// A text in which `*` stands for any number of bytes, none included; `\*` and `\\` stand for themselves.
struct Wildcard: Sendable, Hashable {
    /// Stands for `*`; no UTF-8 has it.
    static let star: UInt8 = 0xFF

    /// The text without escapes, `star` in place of each `*`.
    let bytes: [UInt8]

    /// - Parameter text: well-formed UTF-8.
    init(_ text: [UInt8]) throws(PatternError) {
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            let next = index + 1 < text.count ? text[index + 1] : nil
            switch text[index] {
            case UInt8(ascii: "*"):
                // Positions are those in the text with its quotes, as event-ruler counts them.
                if next == UInt8(ascii: "*") {
                    throw PatternError("Consecutive wildcard characters at pos \(index + 1)")
                }
                bytes.append(Self.star)
            case UInt8(ascii: "\\"):
                guard let next, next == UInt8(ascii: "*") || next == UInt8(ascii: "\\") else {
                    throw PatternError("Invalid escape character at pos \(index + 1)")
                }
                bytes.append(next)
                index += 1
            default: bytes.append(text[index])
            }
            index += 1
        }
        self.bytes = bytes
    }

    /// Goes back to the last star only: what earlier stars took never needs to change.
    static func matches(_ value: UnsafeRawBufferPointer, pattern: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        var index = 0
        var starIndex = -1
        var starPosition = 0
        while position < value.count {
            if index < pattern.count, pattern[index] == star {
                starIndex = index
                starPosition = position
                index += 1
            } else if index < pattern.count, pattern[index] == value[position] {
                index += 1
                position += 1
            } else {
                guard starIndex >= 0 else { return false }
                starPosition += 1
                position = starPosition
                index = starIndex + 1
            }
        }
        while index < pattern.count, pattern[index] == star { index += 1 }
        return index == pattern.count
    }
}
