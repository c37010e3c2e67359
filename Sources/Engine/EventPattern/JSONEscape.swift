/// Resolves escape sequences of JSON strings into room that its caller keeps.
enum JSONEscape {
    /// Appends the UTF-8 value of checked string content; unpaired surrogates become U+FFFD.
    static func resolve(_ content: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        var position = 0
        while position < content.count {
            let byte = content[position]
            guard byte == UInt8(ascii: "\\"), position + 1 < content.count else {
                output.append(byte)
                position += 1
                continue
            }
            let escaped = content[position + 1]
            guard escaped == UInt8(ascii: "u") else {
                output.append(character(escaped))
                position += 2
                continue
            }
            var value = unit(content, position + 2) ?? 0xFFFD
            position += 6
            if value & 0xFC00 == 0xD800, position + 6 <= content.count, content[position] == UInt8(ascii: "\\"),
                content[position + 1] == UInt8(ascii: "u"), let low = unit(content, position + 2),
                low & 0xFC00 == 0xDC00
            {
                value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
                position += 6
            }
            append(value, to: &output)
        }
    }

    /// The UTF-16 unit that four hexadecimal digits give; nil when they are not there.
    static func unit(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            let byte = bytes[start + offset]
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            if byte &- UInt8(ascii: "0") < 10 {
                value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            } else if letter < 6 {
                value = value << 4 | UInt32(letter + 10)
            } else {
                return nil
            }
        }
        return value
    }

    private static func character(_ escaped: UInt8) -> UInt8 {
        switch escaped {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escaped
        }
    }

    private static func append(_ value: UInt32, to output: inout [UInt8]) {
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { output.append(unit) }
    }
}
