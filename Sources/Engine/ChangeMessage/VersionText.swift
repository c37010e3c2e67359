import Bytes
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
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 4, parts[1].utf8.last == UInt8(ascii: "Z"),
            let rest = UInt64(parts[1].dropLast()), let time = CivilTime(parts[0])
        else { return nil }
        return UInt64(time.secondsSince1970) * 1000 + rest
    }
}
