import Bytes

/// The `Date` of HTTP (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The date of a time given in seconds since 1970, not before it.
    static func text(secondsSince1970 seconds: Int) -> String {
        let time = CivilTime(secondsSince1970: seconds)
        return weekdays[seconds / 86_400 % 7] + ", " + CivilTime.padded(time.day, 2) + " " + months[time.month - 1]
            + " "
            + CivilTime.padded(time.year, 4) + " " + time.timeText + " GMT"
    }
}
