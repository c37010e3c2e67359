/// Times as Lambda's events show them: ISO 8601 in UTC.
enum TimestampText {
    /// As in `2020-07-30T17:00:00Z`.
    static func seconds(_ milliseconds: UInt64) -> String { dateAndTime(milliseconds) + "Z" }

    /// As in `2019-11-14T00:13:49.717Z`.
    static func milliseconds(_ milliseconds: UInt64) -> String {
        dateAndTime(milliseconds) + "." + padded(milliseconds % 1000, 3) + "Z"
    }

    private static func dateAndTime(_ milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1000
        let date = Self.date(daysSince1970: seconds / 86_400)
        let time = seconds % 86_400
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
            + padded(time / 3600, 2) + ":" + padded(time / 60 % 60, 2) + ":" + padded(time % 60, 2)
    }

    /// The Gregorian date. Years are counted from March 0000, so that a leap day is the last of its year.
    private static func date(daysSince1970 days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let sinceMarch = days + 719_468
        let century = (4 * sinceMarch + 3) / 146_097
        let dayOfCentury = sinceMarch - century * 146_097 / 4
        let yearOfCentury = (4 * dayOfCentury + 3) / 1461
        let dayOfYear = dayOfCentury - yearOfCentury * 1461 / 4
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let isNextYear = month >= 10
        return (century * 100 + yearOfCentury + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3, day)
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
