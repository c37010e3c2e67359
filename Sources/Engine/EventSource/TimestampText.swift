import Bytes

/// Times as Lambda's events show them: ISO 8601 in UTC.
enum TimestampText {
    /// As in `2020-07-30T17:00:00Z`.
    static func seconds(_ milliseconds: UInt64) -> String { dateAndTime(milliseconds) + "Z" }

    /// As in `2019-11-14T00:13:49.717Z`.
    static func milliseconds(_ milliseconds: UInt64) -> String {
        dateAndTime(milliseconds) + "." + CivilTime.padded(Int(milliseconds % 1000), 3) + "Z"
    }

    private static func dateAndTime(_ milliseconds: UInt64) -> String {
        CivilTime(secondsSince1970: Int(milliseconds / 1000)).text
    }
}
