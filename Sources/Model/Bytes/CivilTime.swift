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
        var text = String(text)
        guard let time = text.withUTF8({ CivilTime(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = time
    }

    /// Reads what `append` writes, likewise.
    public init?(utf8 text: UnsafeRawBufferPointer) {
        // Behind the year, which has four digits or five.
        let rest = text.count - 15
        guard rest == 4 || rest == 5, text[rest] == UInt8(ascii: "-"), text[rest + 3] == UInt8(ascii: "-"),
            text[rest + 6] == UInt8(ascii: "T"), text[rest + 9] == UInt8(ascii: ":"),
            text[rest + 12] == UInt8(ascii: ":"), let year = UInt64(decimal: text, 0..<rest),
            (rest == 4 ? 1970..<10_000 : 10_000..<20_000).contains(year),
            let month = UInt64(decimal: text, rest + 1..<rest + 3),
            (1...12).contains(month), let day = UInt64(decimal: text, rest + 4..<rest + 6), (1...31).contains(day),
            let hour = UInt64(decimal: text, rest + 7..<rest + 9), hour < 24,
            let minute = UInt64(decimal: text, rest + 10..<rest + 12), minute < 60,
            let second = UInt64(decimal: text, rest + 13..<rest + 15), second < 60
        else { return nil }
        self.year = Int(year)
        self.month = Int(month)
        self.day = Int(day)
        self.hour = Int(hour)
        self.minute = Int(minute)
        self.second = Int(second)
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
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `text`.
    public func append(to bytes: inout [UInt8]) {
        if year < 10_000 { bytes.appendDecimal(UInt64(year), width: 4) } else { bytes.appendDecimal(UInt64(year)) }
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(UInt64(month), width: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(UInt64(day), width: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.appendDecimal(UInt64(hour), width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(UInt64(minute), width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(UInt64(second), width: 2)
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
