import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Replication
import Testing

/// An item from DynamoDB JSON.
func item(_ json: String) -> Item {
    let document = try! JSONDocument(parsing: Array(json.utf8))
    return try! Item(document, document.root)
}

func version(_ milliseconds: UInt64, _ region: String = "us-east-1", counter: UInt16 = 0) -> Version {
    Version(
        timestamp: HybridTimestamp(milliseconds: milliseconds, counter: counter), region: RegionName(stored: region))
}

func record(
    _ change: ChangeRecord.Change, sequence: UInt64 = 7, version: Version = version(1_700_000_000_123),
    baseVersion: Version? = nil, commitMilliseconds: UInt64 = 1_700_000_000_999, cause: ChangeRecord.Cause = .user,
    transaction: ChangeRecord.Transaction? = nil
) -> ChangeRecord {
    ChangeRecord(
        sequence: sequence, version: version, baseVersion: baseVersion, commitMilliseconds: commitMilliseconds,
        cause: cause, transaction: transaction, change: change)
}

/// The milliseconds since 1970 of a UTC date, counted day by day: slow, and too simple to be wrong.
func milliseconds(_ year: Int, _ month: Int, _ day: Int) -> UInt64 {
    var days = 0
    for passed in 1970..<year { days += isLeap(passed) ? 366 : 365 }
    for passed in 1..<month { days += daysOf(month: passed, year) }
    return UInt64(days + day - 1) * 86_400_000
}

func daysOf(month: Int, _ year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}

func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
