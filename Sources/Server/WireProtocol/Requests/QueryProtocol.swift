/// The fields of an `application/x-www-form-urlencoded` body, as AWS's query protocol has them. Of a field that stands there twice the first
/// one counts.
struct FormFields {
    private var values: [String: String] = [:]

    /// - Parameter countMax: how many fields are read.
    init(_ form: [UInt8], countMax: Int) {
        for field in form.split(separator: UInt8(ascii: "&"), maxSplits: countMax - 1) {
            let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(parts[0])
            if values[name] == nil { values[name] = parts.count == 2 ? Self.decoded(parts[1]) : "" }
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// In no order.
    var all: [String: String] { values }

    private static func decoded(_ text: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = text[index...].dropFirst().prefix(2)
                if digits.count == 2, let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                    bytes.append(byte)
                    index += 2
                } else {
                    bytes.append(UInt8(ascii: "%"))
                }
            case let byte: bytes.append(byte)
            }
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

enum XMLText {
    /// Text as XML content: markup escaped, and characters that XML cannot hold replaced.
    static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\t", "\n", "\r", "\u{20}"..."\u{FFFD}", "\u{10000}"...: output.unicodeScalars.append(scalar)
            default: output.unicodeScalars.append("\u{FFFD}")
            }
        }
        return output
    }
}
