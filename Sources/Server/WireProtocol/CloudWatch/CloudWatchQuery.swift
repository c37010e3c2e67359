import Bytes
import JSONBytes

/// Requests of the query protocol as JSON: `MetricData.member.1.Value=3` is `{"MetricData":[{"Value":"3"}]}`.
///
/// Everything is text there. What must be a number or a time becomes one; text that is none stays, and is refused where it is read.
enum CloudWatchQuery {
    /// Fields of one form that are read; more than the largest PutMetricData has.
    static let fieldsMax = 100_000

    private final class Branch {
        var text: String?
        var children: [String: Branch] = [:]
    }

    static func json(of fields: FormFields) -> [UInt8] {
        let root = Branch()
        for (name, value) in fields.all where name != "Action" && name != "Version" {
            var branch = root
            for part in name.split(separator: ".", maxSplits: depthMax, omittingEmptySubsequences: true) {
                let next = branch.children[String(part)] ?? Branch()
                branch.children[String(part)] = next
                branch = next
            }
            branch.text = value
        }
        var writer = JSONWriter()
        append(root, member: "", to: &writer)
        return writer.bytes
    }

    /// Parts of a field's name; what lies deeper stays one part, which no operation knows.
    private static let depthMax = 16

    private static func append(_ branch: Branch, member: String, to writer: inout JSONWriter) {
        if let list = branch.children["member"], branch.children.count == 1 {
            writer.beginArray()
            for (_, element) in list.children.sorted(by: { (Int($0.key) ?? 0, $0.key) < (Int($1.key) ?? 0, $1.key) }) {
                append(element, member: member, to: &writer)
            }
            writer.endArray()
        } else if !branch.children.isEmpty || member.isEmpty {
            writer.beginObject()
            for (name, child) in branch.children.sorted(by: { $0.key < $1.key }) {
                writer.key(name)
                append(child, member: name, to: &writer)
            }
            writer.endObject()
        } else {
            append(branch.text ?? "", member: member, to: &writer)
        }
    }

    private static func append(_ text: String, member: String, to writer: inout JSONWriter) {
        if text.isEmpty, CloudWatchTypes.lists.contains(member) {
            writer.beginArray()
            writer.endArray()
        } else if CloudWatchTypes.integers.contains(member), let number = Int(text) {
            writer.number(number)
        } else if CloudWatchTypes.times.contains(member), let milliseconds = TimeText.milliseconds(text) {
            writer.number(Double(milliseconds) / 1000)
        } else {
            writer.string(text)
        }
    }
}

/// Times as in `2026-11-29T07:12:30.5Z` or with `+01:00` (ISO 8601).
enum TimeText {
    /// In milliseconds since 1970; nil for what is no time after 1970.
    static func milliseconds(_ text: String) -> UInt64? {
        guard let time = CivilTime(text.prefix(secondsLength)) else { return nil }
        var rest = Array(text.utf8.dropFirst(secondsLength))[...]
        var fraction = 0
        if skip(".", &rest) {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let padded = (Array(digits) + Array("000".utf8)).prefix(3)
            fraction = Int(String(decoding: padded, as: UTF8.self)) ?? 0
            rest = rest.dropFirst(digits.count)
        }
        guard let offset = offsetMinutes(&rest), rest.isEmpty else { return nil }
        return UInt64(exactly: (time.secondsSince1970 - offset * 60) * 1000 + fraction)
    }

    /// Characters up to the seconds.
    private static let secondsLength = 19

    private static func offsetMinutes(_ rest: inout ArraySlice<UInt8>) -> Int? {
        if rest.isEmpty || skip("Z", &rest) { return 0 }
        let sign = skip("-", &rest) ? -1 : 1
        guard sign < 0 || skip("+", &rest), let hours = digits(2, &rest) else { return nil }
        _ = skip(":", &rest)
        guard let minutes = digits(2, &rest) else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func digits(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        rest = rest.dropFirst(count)
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func skip(_ character: Character, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, first == character.asciiValue else { return false }
        rest = rest.dropFirst()
        return true
    }
}
