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

    /// Reads what `text` writes; nil for other texts and dates before 1970. A day that its month does not have is one of the next month.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        let time = halves[1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard date.count == 3, time.count == 3, let year = date[0], (1970..<20_000).contains(year),
            let month = date[1], (1...12).contains(month), let day = date[2], (1...31).contains(day),
            let hour = time[0], (0..<24).contains(hour), let minute = time[1], (0..<60).contains(minute),
            let second = time[2], (0..<60).contains(second)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    public var secondsSince1970: Int {
        let shiftedYear = month > 2 ? year : year - 1
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = shiftedYear / 400 * 146_097 + dayOfEra - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60 + second
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
