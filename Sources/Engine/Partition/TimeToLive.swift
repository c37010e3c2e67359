public import AttributeModel
public import Bytes

/// A table's setting that lets items expire: the attribute that says when (reference `data-plane.md` 14).
///
/// An item expires when the attribute is a number of seconds since 1970 that is over, but not for longer than `ageSecondsMax`. Anything
/// else in the attribute means that the item stays.
public struct TimeToLive: Sendable, Equatable, Codable {
    /// The raw values are the API's.
    public enum Status: String, Sendable, Codable {
        /// Items that were there before the setting are still being listed by their expiry.
        case enabling = "ENABLING"
        case enabled = "ENABLED"
        /// Nothing expires any more; only the status has to settle.
        case disabling = "DISABLING"
        case disabled = "DISABLED"
    }

    /// Items whose time was over so long ago, in seconds, are not deleted: AWS takes such numbers for something else than expiries.
    public static let ageSecondsMax = 5 * 365 * 24 * 60 * 60

    public let attributeName: Text
    public var status: Status
    /// When a client last changed the setting, in milliseconds since 1970.
    public let changedMilliseconds: UInt64

    public init(attributeName: Text, status: Status, changedMilliseconds: UInt64) {
        self.attributeName = attributeName
        self.status = status
        self.changedMilliseconds = changedMilliseconds
    }

    /// Whether clients see the setting as made; it may still have to settle.
    public var isOn: Bool { status == .enabling || status == .enabled }

    /// The setting of a table that begins empty: there is nothing left to list.
    public var settled: TimeToLive {
        TimeToLive(
            attributeName: attributeName, status: isOn ? .enabled : .disabled, changedMilliseconds: changedMilliseconds)
    }

    /// When the item expires, in seconds since 1970; nil when it never does, whatever the time.
    public func expiry(of item: Item) -> DecimalNumber? {
        guard case .number(let seconds) = item.value(of: attributeName), seconds > .zero else { return nil }
        return seconds
    }

    /// Expiries that are over at a time: above the first number, up to the second.
    static func expired(atMilliseconds wallMilliseconds: UInt64) -> (above: DecimalNumber, upTo: DecimalNumber) {
        let now = Int(wallMilliseconds / 1000)
        return (DecimalNumber(max(0, now - ageSecondsMax)), DecimalNumber(now))
    }
}
