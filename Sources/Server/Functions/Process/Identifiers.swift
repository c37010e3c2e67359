import Bytes

/// A random UUID (version 4) in lower case.
public enum RandomUUID {
    public static func make() -> String {
        let (high, low) = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        let digits = hexadecimal(high & ~0xF000 | 0x4000, 16) + hexadecimal(low & ~(0x3 << 62) | 0x2 << 62, 16)
        let characters = Array(digits.utf8)
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return parts.map { String(decoding: characters[$0], as: UTF8.self) }.joined(separator: "-")
    }
}

/// A trace header in X-Ray's form; nothing is traced.
enum TraceID {
    static func make(_ wallMilliseconds: UInt64) -> String {
        let root = hexadecimal(UInt64.random(in: 0...UInt64(UInt32.max)), 8) + randomDigits()
        let parent = randomDigits()
        return "Root=1-\(hexadecimal(wallMilliseconds / 1000, 8))-\(root);Parent=\(parent);Sampled=0"
    }
}

/// The name of a process's log stream: the day and 32 digits, the first half of which are those of this server.
enum LogStreamName {
    static func make(wallMilliseconds: UInt64) -> String {
        let date = CivilTime(secondsSince1970: Int(wallMilliseconds / 1000))
        let day = "\(date.year)/\(CivilTime.padded(date.month, 2))/\(CivilTime.padded(date.day, 2))"
        return day + "/[$LATEST]" + ProcessGuardian.mark + randomDigits()
    }
}

/// Sixteen of them.
func randomDigits() -> String { hexadecimal(.random(in: .min ... .max), 16) }

private func hexadecimal(_ number: UInt64, _ width: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
