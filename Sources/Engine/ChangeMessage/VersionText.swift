import Bytes
import ChangeStream
import Replication

/// Versions, causes and times as headers show them.
extension Version {
    /// Appends `description`.
    func append(to bytes: inout [UInt8]) {
        bytes.appendDecimal(timestamp.milliseconds)
        bytes.append(UInt8(ascii: "."))
        bytes.appendDecimal(UInt64(timestamp.counter))
        bytes.append(UInt8(ascii: "@"))
        bytes.append(contentsOf: region.name.utf8)
    }

    /// Reads what `description` writes: `<milliseconds>.<counter>@<region>`.
    init?(headerText text: UnsafeRawBufferPointer) {
        guard let point = text.firstIndex(of: UInt8(ascii: ".")), let at = text.firstIndex(of: UInt8(ascii: "@")),
            point < at, let milliseconds = UInt64(decimal: text, 0..<point), milliseconds < 1 << 48,
            let counter = UInt64(decimal: text, point + 1..<at).flatMap({ UInt16(exactly: $0) }),
            let region = RegionName(String(decoding: text[(at + 1)...], as: UTF8.self))
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

    /// Appends `text`.
    static func append(milliseconds: UInt64, to bytes: inout [UInt8]) {
        StreamLabel.append(milliseconds: milliseconds, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Reads what `text` writes.
    static func milliseconds(_ text: UnsafeRawBufferPointer) -> UInt64? {
        let point = text.count - 5
        guard point > 0, text[point] == UInt8(ascii: "."), text[point + 4] == UInt8(ascii: "Z"),
            let rest = UInt64(decimal: text, point + 1..<point + 4),
            let time = CivilTime(utf8: UnsafeRawBufferPointer(rebasing: text[..<point]))
        else { return nil }
        return UInt64(time.secondsSince1970) * 1000 + rest
    }
}
