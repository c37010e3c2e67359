/// Escape sequences of JSON strings.
enum JSONEscapes {
    /// The position behind the escape sequence that begins at `start`.
    static func skip(_ bytes: UnsafeRawBufferPointer, _ start: Int) throws(JSONError) -> Int {
        guard start + 1 < bytes.count else { throw JSONError(position: start) }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            guard hexadecimal(bytes, start + 2) != nil else { throw JSONError(position: start) }
            return start + 6
        default:
            throw JSONError(position: start)
        }
    }

    /// The UTF-8 value of checked string content; unpaired surrogates become U+FFFD.
    static func resolve(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == UInt8(ascii: "\\"), position + 1 < bytes.count else {
                output.append(byte)
                position += 1
                continue
            }
            if bytes[position + 1] == UInt8(ascii: "u") {
                position = appendUnicode(bytes, position, to: &output)
            } else {
                output.append(short(bytes[position + 1]))
                position += 2
            }
        }
        return output
    }

    private static func short(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: byte
        }
    }

    private static func appendUnicode(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, to output: inout [UInt8]
    ) -> Int {
        let unit = hexadecimal(bytes, start + 2) ?? 0xFFFD
        if unit & 0xFC00 == 0xD800, start + 11 < bytes.count, bytes[start + 6] == UInt8(ascii: "\\"),
            bytes[start + 7] == UInt8(ascii: "u"), let low = hexadecimal(bytes, start + 8), low & 0xFC00 == 0xDC00
        {
            append(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF, to: &output)
            return start + 12
        }
        append(unit, to: &output)
        return start + 6
    }

    private static func append(_ value: UInt32, to output: inout [UInt8]) {
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            let digit: UInt8
            switch bytes[start + offset] {
            case let byte where byte &- UInt8(ascii: "0") < 10: digit = byte &- UInt8(ascii: "0")
            case let byte where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) &- UInt8(ascii: "a") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
