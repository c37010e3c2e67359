import Bytes

/// Times as recordings and people write them: ISO 8601 in UTC, as in `2026-11-21T13:24:14.089Z`; the fraction, the seconds and the time may be left
/// out.
package enum RecordedTime {
    /// The first millisecond of the year 10000.
    package static let millisecondsMax: UInt64 = 253_402_300_800_000

    /// Milliseconds since 1970; nil when the text is no such time.
    package static func milliseconds(_ text: String) -> UInt64? {
        let match = text.wholeMatch(of: /(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?Z?/)
        guard let match else { return nil }
        let whole = "\(match.1)T\(match.2 ?? "00:00"):\(match.3 ?? "00")"
        // A day that its month does not have would come out as another one.
        guard let time = CivilTime(whole), CivilTime(secondsSince1970: time.secondsSince1970).text == whole else {
            return nil
        }
        let fraction = match.4.map { $0 + String(repeating: "0", count: 3 - $0.count) }
        return UInt64(time.secondsSince1970) * 1000 + (fraction.flatMap { UInt64($0) } ?? 0)
    }
}
