import Bytes
import ChangeStream
import Partition

/// Changes of provisioned capacity of a table or an index, with AWS's limits on decreases (reference `data-plane.md` 12.3).
struct ThroughputChange {
    enum Subject {
        case table
        case index(String)
    }

    /// How often a table may become on-demand within any 24 hours.
    static let onDemandChangesPerDayMax = 4
    private static let freeDecreasesPerDay = 4
    private static let decreasesPerDayMax = 27
    private static let decreaseIntervalMilliseconds: UInt64 = 3_600_000

    let subject: Subject
    let nowMilliseconds: UInt64

    /// The capacity after the change, with its bookkeeping.
    func applied(_ wanted: Throughput, to current: Throughput) throws(WireError) -> Throughput {
        let isIncrease = wanted.readUnits > current.readUnits || wanted.writeUnits > current.writeUnits
        let isDecrease = wanted.readUnits < current.readUnits || wanted.writeUnits < current.writeUnits
        guard isIncrease || isDecrease else { throw unchanged(wanted) }
        var changed = current
        changed.readUnits = wanted.readUnits
        changed.writeUnits = wanted.writeUnits
        if isIncrease { changed.increasedMilliseconds = nowMilliseconds }
        if isDecrease {
            let decreases = current.decreases(onDayOf: nowMilliseconds)
            try checkDecrease(after: decreases, last: current.decreasedMilliseconds ?? 0)
            changed.decreasesToday = decreases + 1
            changed.decreasedMilliseconds = nowMilliseconds
        }
        return changed
    }

    private func checkDecrease(after decreases: Int, last: UInt64) throws(WireError) {
        let next = last + Self.decreaseIntervalMilliseconds
        if decreases < Self.freeDecreasesPerDay { return }
        if decreases < Self.decreasesPerDayMax, nowMilliseconds >= next { return }
        throw WireError(
            .limitExceeded,
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first "
                + "\(Self.freeDecreasesPerDay) decreases, each subsequent decrease in the same UTC day can be performed at most "
                + "once every 3600 seconds. Number of decreases today: \(decreases). "
                + "Last decrease at \(LongDate.text(milliseconds: last)). "
                + "Next decrease can be made at \(LongDate.text(milliseconds: next))")
    }

    /// AWS's text is not known.
    func checkChangeToOnDemand(after changes: [UInt64]) throws(WireError) {
        let recent = changes.filter { nowMilliseconds < $0 + dayMilliseconds }
        guard recent.count >= Self.onDemandChangesPerDayMax, let first = recent.first, let last = recent.last else {
            return
        }
        throw WireError(
            .limitExceeded,
            "Subscriber limit exceeded: Updates to PAY_PER_REQUEST mode are limited to \(Self.onDemandChangesPerDayMax) times in "
                + "24 hours. Last update at \(LongDate.text(milliseconds: last)). "
                + "Next update can be made at \(LongDate.text(milliseconds: first + dayMilliseconds))")
    }

    private func unchanged(_ units: Throughput) -> WireError {
        let (what, kind) =
            switch subject {
            case .table: ("table", "table")
            case .index(let name): ("index \(name)", "index")
            }
        return .validation(
            "The provisioned throughput for the \(what) will not change. The requested value equals the current value. "
                + "Current ReadCapacityUnits provisioned for the \(kind): \(units.readUnits). "
                + "Requested ReadCapacityUnits: \(units.readUnits). "
                + "Current WriteCapacityUnits provisioned for the \(kind): \(units.writeUnits). "
                + "Requested WriteCapacityUnits: \(units.writeUnits). "
                + "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.")
    }
}

private let dayMilliseconds: UInt64 = 86_400_000

extension Throughput {
    /// `decreasesToday` counts for the UTC day of the last decrease only.
    func decreases(onDayOf nowMilliseconds: UInt64) -> Int {
        guard let last = decreasedMilliseconds, last / dayMilliseconds == nowMilliseconds / dayMilliseconds else {
            return 0
        }
        return decreasesToday
    }
}

/// Times as AWS's limit texts spell them: `Monday, February 13, 2023 at 10:25:39 AM Coordinated Universal Time`.
enum LongDate {
    /// From the first day of 1970 on.
    private static let weekdays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    static func text(milliseconds: UInt64) -> String {
        let time = CivilTime(secondsSince1970: Int(milliseconds / 1000))
        let weekday = weekdays[Int(milliseconds / dayMilliseconds % 7)]
        let hour = time.hour % 12 == 0 ? 12 : time.hour % 12
        return "\(weekday), \(months[time.month - 1]) \(time.day), \(time.year) at \(hour):"
            + "\(CivilTime.padded(time.minute, 2)):\(CivilTime.padded(time.second, 2)) \(time.hour < 12 ? "AM" : "PM") "
            + "Coordinated Universal Time"
    }
}
