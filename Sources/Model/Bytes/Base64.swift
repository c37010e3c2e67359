/// Base64 with padding (RFC 4648), as DynamoDB JSON carries binary values.
public enum Base64 {
    private static let padding = UInt8(ascii: "=")
    /// What `values` holds for bytes outside the alphabet; the values themselves have six bits.
    private static let invalid: UInt8 = 0xFF
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: invalid, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    public static func append(_ content: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        let alphabet = Self.alphabet
        output.append(addingCapacity: (content.count + 2) / 3 * 4) { span in
            var index = 0
            while index < content.count {
                let left = content.count - index
                let first = content[index]
                let second = left > 1 ? content[index + 1] : 0
                let third = left > 2 ? content[index + 2] : 0
                span.append(alphabet[Int(first >> 2)])
                span.append(alphabet[Int((first & 0x03) << 4 | second >> 4)])
                span.append(left > 1 ? alphabet[Int((second & 0x0F) << 2 | third >> 6)] : padding)
                span.append(left > 2 ? alphabet[Int(third & 0x3F)] : padding)
                index += 3
            }
        }
    }

    public static func encode(_ content: [UInt8]) -> String {
        var output: [UInt8] = []
        content.withUnsafeBytes { append($0, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Strict: padding must be there, and bits that no byte uses must be zero.
    public static func decode(_ text: [UInt8]) throws(Base64Error) -> [UInt8] {
        try text.withUnsafeBufferPointer { (buffer) throws(Base64Error) in try decode(UnsafeRawBufferPointer(buffer)) }
    }

    /// Strict: padding must be there, and bits that no byte uses must be zero.
    public static func decode(_ text: UnsafeRawBufferPointer) throws(Base64Error) -> [UInt8] {
        guard text.count % 4 == 0 else { throw .length(text.count) }
        let values = Self.values
        return try [UInt8](capacity: text.count / 4 * 3) { (span) throws(Base64Error) in
            var index = 0
            while index < text.count {
                let paddings = index + 4 == text.count ? paddings(atEndOf: text) : 0
                var group: UInt32 = 0
                for offset in 0..<(4 - paddings) {
                    let value = values[Int(text[index + offset])]
                    guard value != invalid else { throw .character(text[index + offset]) }
                    group |= UInt32(value) << UInt32(18 - 6 * offset)
                }
                if paddings > 0, group & (paddings == 2 ? 0xFFFF : 0xFF) != 0 { throw .unusedBits }
                span.append(UInt8(truncatingIfNeeded: group >> 16))
                if paddings < 2 { span.append(UInt8(truncatingIfNeeded: group >> 8)) }
                if paddings < 1 { span.append(UInt8(truncatingIfNeeded: group)) }
                index += 4
            }
        }
    }

    private static func paddings(atEndOf text: UnsafeRawBufferPointer) -> Int {
        guard text[text.count - 1] == padding else { return 0 }
        return text[text.count - 2] == padding ? 2 : 1
    }
}

/// What is wrong with a base64 text.
public enum Base64Error: Error, Equatable, Sendable {
    /// The length in characters is not a multiple of four.
    case length(Int)
    /// The last character carries bits that no byte uses.
    case unusedBits
    /// A byte outside the alphabet.
    case character(UInt8)
}
