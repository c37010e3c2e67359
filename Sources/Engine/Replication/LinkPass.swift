public import AttributeModel

/// One look of a link at the source's log: which of the source's own records may travel now, and which cursor goes with them.
///
/// Records are shown in the order of the log, from the cursor on. Without re-ordering the first that must wait ends the pass. With it, a
/// record waits for its own delay and for the earlier ones of its item only; the cursor stays at the first that waits, and what was
/// applied beyond is listed in it.
public struct LinkPass: Sendable {
    public enum Decision: Sendable, Equatable {
        case travels
        /// It travelled in an earlier pass.
        case isApplied
        case waits
    }

    private let settings: LinkSettings
    private let table: String
    private let source: RegionName
    private let target: RegionName
    private let nowMilliseconds: UInt64
    private let before: LinkCursor
    private var waitingKeys: Set<EncodedKey> = []
    private var firstWaiting: UInt64?
    private var ahead: [UInt64] = []
    /// The first sequence number behind what was shown.
    private var end: UInt64
    /// The first sequence number behind the last own record of those that are applied without a gap.
    private var endOfOwn: UInt64

    /// How long it takes until the next record may travel, in milliseconds; nil when none that was shown waits for time.
    public private(set) var waitMilliseconds: UInt64?

    /// - Parameter nowMilliseconds: the source's wall clock, which stamps its records' commits.
    public init(
        _ settings: LinkSettings, table: String, from source: RegionName, to target: RegionName,
        cursor: LinkCursor, nowMilliseconds: UInt64
    ) {
        self.settings = settings
        self.table = table
        self.source = source
        self.target = target
        self.nowMilliseconds = nowMilliseconds
        before = cursor
        end = cursor.next
        endOfOwn = cursor.next
    }

    /// Whether nothing that follows can travel.
    public var isOver: Bool { firstWaiting != nil && !settings.reorders }

    /// Passes over a record that another region wrote.
    public mutating func skip(_ sequence: UInt64) {
        end = sequence + 1
    }

    /// Passes over an own record that is applied already; false when it is not.
    public mutating func skipApplied(_ sequence: UInt64) -> Bool {
        guard before.isAhead(sequence) else { return false }
        note(applied: sequence)
        return true
    }

    /// Decides about a record that the source itself wrote.
    public mutating func decide(_ sequence: UInt64, key: EncodedKey, commitMilliseconds: UInt64) -> Decision {
        if skipApplied(sequence) { return .isApplied }
        if waitingKeys.contains(key) {
            end = sequence + 1
            return .waits
        }
        if let rest = millisecondsUntilDue(sequence, commitMilliseconds) {
            waitMilliseconds = min(waitMilliseconds ?? rest, rest)
            waitingKeys.insert(key)
            firstWaiting = firstWaiting ?? sequence
            end = sequence + 1
            return .waits
        }
        note(applied: sequence)
        return .travels
    }

    /// How far the link has come, once what travels is applied.
    public func cursor(watermark: HybridTimestamp) -> LinkCursor {
        LinkCursor(next: firstWaiting ?? end, watermark: watermark, ahead: aheadOf(firstWaiting ?? end))
    }

    /// The same, but not behind trailing records of other regions, which the source might still lose: its own are durable, and so is what
    /// lies before them.
    public func safeCursor(watermark: HybridTimestamp) -> LinkCursor {
        let next = firstWaiting ?? endOfOwn
        return LinkCursor(next: next, watermark: watermark, ahead: aheadOf(next))
    }

    private func aheadOf(_ next: UInt64) -> [UInt64] { ahead + before.ahead.filter { $0 >= max(end, next) } }

    private mutating func note(applied sequence: UInt64) {
        end = sequence + 1
        if firstWaiting == nil { endOfOwn = end } else { ahead.append(sequence) }
    }

    /// Nil when the record may travel. One from the future was committed before the wall clock was put back; its delay cannot be told.
    private func millisecondsUntilDue(_ sequence: UInt64, _ commitMilliseconds: UInt64) -> UInt64? {
        guard nowMilliseconds >= commitMilliseconds else { return nil }
        let delay = settings.delayMilliseconds(ofSequence: sequence, table: table, from: source, to: target)
        let age = nowMilliseconds - commitMilliseconds
        return age < delay ? delay - age : nil
    }
}
