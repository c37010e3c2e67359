import ChangeStream
import Replication

/// Versions, causes and times as headers show them.
extension Version {
    /// Reads what `description` writes: `<milliseconds>.<counter>@<region>`.
    init?(headerText text: String) {
        let sides = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let region = RegionName(String(sides[1])) else { return nil }
        let numbers = sides[0].split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 2, let milliseconds = UInt64(numbers[0]), milliseconds < 1 << 48,
            let counter = UInt16(numbers[1])
        else { return nil }
        self.init(timestamp: HybridTimestamp(milliseconds: milliseconds, counter: counter), region: region)
    }
}

extension ChangeRecord.Cause {
    var headerText: String {
        switch self {
        case .user: "user"
        case .ttl: "ttl"
        case .restore: "restore"
        }
    }

    init?(headerText text: String) {
        switch text {
        case "user": self = .user
        case "ttl": self = .ttl
        case "restore": self = .restore
        default: return nil
        }
    }
}

extension ChangeRecord.Transaction.Share {
    var headerText: String { "\(table):\(first):\(count)" }

    init?(headerText text: Substring) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let first = UInt64(parts[1]), let count = UInt64(parts[2]),
            !first.addingReportingOverflow(count).overflow
        else { return nil }
        self.init(table: String(parts[0]), first: first, count: count)
    }
}

/// `2026-11-29T07:12:41.123Z`; the year has more digits when it needs them.
enum TimeText {
    static func text(milliseconds: UInt64) -> String { StreamLabel.text(milliseconds: milliseconds) + "Z" }

    /// Reads what `text` writes.
    static func milliseconds(_ text: String) -> UInt64? {
        let halves = text.split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2, halves[1].utf8.count == 13, halves[1].utf8.last == UInt8(ascii: "Z") else {
            return nil
        }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        let time = halves[1].dropLast().split(whereSeparator: { $0 == ":" || $0 == "." }).map { UInt64($0) }
        guard date.count == 3, time.count == 4, let year = date[0], year < 20_000, let month = date[1],
            (1...12).contains(month), let day = date[2], (1...31).contains(day), let hour = time[0], hour < 24,
            let minute = time[1], minute < 60, let second = time[2], second < 60, let rest = time[3], rest < 1000
        else { return nil }
        guard let days = daysSince1970(year: year, month: month, day: day) else { return nil }
        return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + rest
    }

    /// The inverse of the Gregorian date, counting years from March so that the leap day is the last of its year; nil before 1970.
    private static func daysSince1970(year: UInt64, month: UInt64, day: UInt64) -> UInt64? {
        guard year >= 1970 else { return nil }
        let shiftedYear = month > 2 ? year : year - 1
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
