public import HandlerKit

/// A place in recorded changes: a time, or the sequence number of a record.
public enum ReplayMoment: Equatable, Sendable {
    /// Fewer digits are a time in seconds since 1970.
    static let sequenceDigitsMin = 16
    public static let form = "a time such as 2026-11-21T13:24:14Z, seconds since 1970, or a sequence number"

    /// In milliseconds since 1970.
    case time(UInt64)
    case sequence(String)

    /// Nil when the text is none.
    public init?(_ text: String) {
        let isDigits = !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        if isDigits, text.utf8.count >= Self.sequenceDigitsMin {
            self = .sequence(text)
        } else if isDigits, let seconds = UInt64(text) {
            self = .time(seconds * 1000)
        } else if let milliseconds = RecordedTime.milliseconds(text) {
            self = .time(milliseconds)
        } else {
            return nil
        }
    }

    /// How a change lies to the moment. Records may tell whole seconds only, so a time of whole seconds is the whole second.
    fileprivate func order(of sequenceNumber: String, _ milliseconds: UInt64) -> (isBefore: Bool, isAfter: Bool) {
        switch self {
        case .sequence(let text):
            let (place, other) = (SequencePlace(sequenceNumber), SequencePlace(text))
            return (place < other, other < place)
        case .time(let moment):
            let unit: UInt64 = moment % 1000 == 0 ? 1000 : 1
            let (time, other) = (milliseconds / unit, moment / unit)
            return (time < other, other < time)
        }
    }
}

/// Which part of the recorded changes is replayed; both ends belong to it.
public struct ReplayRange: Equatable, Sendable {
    public var from: ReplayMoment?
    public var until: ReplayMoment?
    /// Nil for all.
    public var region: String?
    public var table: String?

    public init(
        from: ReplayMoment? = nil, until: ReplayMoment? = nil, region: String? = nil, table: String? = nil
    ) {
        self.from = from
        self.until = until
        self.region = region
        self.table = table
    }

    public func contains(_ change: RecordedChange) -> Bool {
        (region ?? change.region) == change.region && (table ?? change.table) == change.table
            && place(of: change.sequenceNumber, milliseconds: change.milliseconds) == .inside
    }

    enum Place: Sendable {
        case before, inside, after
    }

    /// Where a change lies by its number and time.
    func place(of sequenceNumber: String, milliseconds: UInt64) -> Place {
        if from?.order(of: sequenceNumber, milliseconds).isBefore ?? false { return .before }
        return until?.order(of: sequenceNumber, milliseconds).isAfter ?? false ? .after : .inside
    }
}
