/// Date and time of day in UTC, Gregorian calendar, without leap seconds.
public struct CivilTime: Sendable, Equatable {
    public var year: Int
    /// From 1.
    public var month: Int
    /// From 1.
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int

    /// - Parameter seconds: since 1970-01-01T00:00:00Z, not before it.
    public init(secondsSince1970 seconds: Int) {
        // Years are counted from March, so that the leap day is the last of its year, in eras of 400 years of equal length.
        let days = seconds / 86_400 + 719_468
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        year = yearOfEra + days / 146_097 * 400 + (month <= 2 ? 1 : 0)
        hour = seconds % 86_400 / 3600
        minute = seconds / 60 % 60
        second = seconds % 60
    }

    /// ISO 8601 to the second, without a zone: `2015-05-11T21:21:33`.
    public var text: String {
        Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T" + timeText
    }

    /// `21:21:33`.
    public var timeText: String {
        Self.padded(hour, 2) + ":" + Self.padded(minute, 2) + ":" + Self.padded(second, 2)
    }

    /// A number that is not negative, with zeros in front up to the width.
    public static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
