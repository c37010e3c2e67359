/// Times as recordings and people write them: ISO 8601 in UTC, as in `2026-11-21T13:24:14.089Z`; the fraction and the time may be left out.
package enum RecordedTime {
    /// The first millisecond of the year 10000.
    package static let millisecondsMax: UInt64 = 253_402_300_800_000

    /// Milliseconds since 1970; nil when the text is no such time.
    package static func milliseconds(_ text: String) -> UInt64? {
        let match = text.wholeMatch(
            of: /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?Z?/)
        guard let match, let year = Int(match.1), let month = Int(match.2), let day = Int(match.3) else { return nil }
        func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
        let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
        guard year >= 1970, 1...12 ~= month, 1...daysIn(month, of: year) ~= day, hour < 24, minute < 60, second < 60
        else { return nil }
        let fraction = match.7.map { $0 + String(repeating: "0", count: 3 - $0.count) }
        let days = daysSince1970(year, month, day)
        return UInt64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + UInt64(number(fraction))
    }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Counts years from March, so that the leap day is the last of its year.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let yearOfEra = shifted % 400
        return shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
