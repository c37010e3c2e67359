import Bytes
import ChangeStream
import JSONBytes
public import Replication

/// Transactions of other regions of which this region shows some items and not yet others.
///
/// How much has arrived follows from the cursors of the links (`LinkCursor.covered`), so repeats never count twice. Items of tables that
/// have no replica here, or none that is linked to the home region, are not waited for.
public struct Arrivals: Sendable, Equatable {
    /// Half-arrived transactions that a region remembers; beyond it the oldest is forgotten, and its end is not told.
    public static let transactionsMax = 10_000

    private var byID: [String: Arrival] = [:]
    /// Transactions that have arrived whole since the process started.
    public private(set) var arrivedCount: UInt64 = 0
    /// Those that were forgotten since the process started.
    public private(set) var forgottenCount: UInt64 = 0
    /// The last of these, as many as are remembered at most.
    public private(set) var forgottenIDs: Set<String> = []
    private var forgottenOrder: [String] = []

    init(_ arrivals: [Arrival] = []) {
        for arrival in arrivals { byID[arrival.id] = arrival }
    }

    /// How many transactions are half visible.
    public var count: Int { byID.count }

    /// The half-visible transactions, those that have been so for longest first.
    public var halfArrived: [Arrival] {
        byID.values.sorted { ($0.sinceMilliseconds, $0.id) < ($1.sinceMilliseconds, $1.id) }
    }

    public var halfArrivedIDs: Set<String> { Set(byID.keys) }

    /// When the oldest half-visible transaction began to arrive, in milliseconds since 1970 by the region's clock.
    public var oldestMilliseconds: UInt64? { byID.values.lazy.map(\.sinceMilliseconds).min() }

    /// For how long the oldest half-visible transaction has been so, in milliseconds; nil when there is none.
    public func oldestAgeMilliseconds(at nowMilliseconds: UInt64) -> UInt64? {
        oldestMilliseconds.map { nowMilliseconds - min(nowMilliseconds, $0) }
    }

    subscript(_ id: String) -> Arrival? { byID[id] }

    mutating func remember(_ arrival: Arrival) {
        byID[arrival.id] = arrival
        forgottenIDs.remove(arrival.id)
    }

    mutating func complete(_ id: String) {
        byID[id] = nil
        forgottenIDs.remove(id)
        arrivedCount += 1
    }

    mutating func drop(_ id: String) {
        byID[id] = nil
    }

    /// The oldest one, when there are too many.
    mutating func forgetOldest() -> Arrival? {
        guard byID.count > Self.transactionsMax else { return nil }
        let oldest = byID.values.min { ($0.sinceMilliseconds, $0.id) < ($1.sinceMilliseconds, $1.id) }
        if let oldest {
            byID[oldest.id] = nil
            forgottenCount += 1
            forgottenIDs.insert(oldest.id)
            forgottenOrder.append(oldest.id)
            if forgottenOrder.count > Self.transactionsMax { forgottenIDs.remove(forgottenOrder.removeFirst()) }
        }
        return oldest
    }
}

/// A transaction on its way into this region.
public struct Arrival: Sendable, Equatable {
    public let id: String
    /// The region that made it.
    public let home: RegionName
    let shares: [ChangeRecord.Transaction.Share]
    /// When the first item came, in milliseconds since 1970 by this region's clock.
    public let sinceMilliseconds: UInt64
    /// Items that are there.
    public internal(set) var arrived: UInt64
    /// Items that this region will show.
    public internal(set) var size: UInt64

    func event(_ kind: ControlEvent.Kind, nowMilliseconds: UInt64) -> ControlEvent {
        ControlEvent(kind: kind, subject: id) { writer in
            writer.key("transaction")
            writer.string(id)
            writer.key("homeRegion")
            writer.string(home.name)
            writer.key("arrived")
            writer.number(Int(clamping: arrived))
            writer.key("size")
            writer.number(Int(clamping: size))
            writer.key("halfVisibleMilliseconds")
            writer.number(Int(clamping: nowMilliseconds - min(nowMilliseconds, sinceMilliseconds)))
        }
    }

    /// Home region, since, arrived, size, shares.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLengthPrefixed(Array(home.name.utf8))
        for number in [sinceMilliseconds, arrived, size] { Varint.append(number, to: &bytes) }
        ChangeRecord.Transaction.append(shares, to: &bytes)
        return bytes
    }

    init(
        id: String, home: RegionName, shares: [ChangeRecord.Transaction.Share], sinceMilliseconds: UInt64,
        arrived: UInt64, size: UInt64
    ) {
        self.id = id
        self.home = home
        self.shares = shares
        self.sinceMilliseconds = sinceMilliseconds
        self.arrived = arrived
        self.size = size
    }

    init(id: String, decoding reader: inout ByteReader) throws(DamagedBytes) {
        self.id = id
        home = RegionName(stored: String(decoding: try reader.readLengthPrefixed(), as: UTF8.self))
        sinceMilliseconds = try reader.readVarint()
        arrived = try reader.readVarint()
        size = try reader.readVarint()
        shares = try ChangeRecord.Transaction.readShares(&reader)
    }
}
