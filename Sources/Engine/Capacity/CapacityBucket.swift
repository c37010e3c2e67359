/// What a table or an index may use of its provisioned capacity at this moment, in one direction: a token bucket.
///
/// Each second brings one second's worth of units; what is not used stays for `burstSeconds`. A request is let in while the bucket holds
/// the least that a request can cost. What it really costs is known afterwards and may leave a debt, which the seconds that follow pay
/// off: so an item that is larger than the whole bucket can be written, and the average never exceeds what is provisioned.
///
/// A new bucket holds one second's worth: unused capacity is gathered from then on.
public struct CapacityBucket: Sendable, Equatable {
    /// For how many seconds unused capacity is kept (DynamoDB developer guide, burst capacity).
    public static let burstSeconds = 300
    static let thousandths = 1000

    public private(set) var unitsPerSecond: Int
    /// In thousandths of a unit, which is what one unit a second brings in a millisecond; negative while there is a debt.
    private var level: Int
    /// Until when the level counts; nil before the first use.
    private var filledMilliseconds: UInt64?

    /// - Parameters:
    ///   - unitsPerSecond: at most 10^12, so that nothing overflows.
    ///   - now: from when on unused capacity is gathered; nil for the first use.
    public init(unitsPerSecond: Int, nowMilliseconds now: UInt64? = nil) {
        self.unitsPerSecond = unitsPerSecond
        filledMilliseconds = now
        level = unitsPerSecond * Self.thousandths
    }

    /// Units that could be used now; negative while there is a debt.
    public func available(atMilliseconds now: UInt64) -> Double {
        var filled = self
        filled.fill(nowMilliseconds: now)
        return Double(filled.level) / Double(Self.thousandths)
    }

    /// Whether a request that costs at least so much is let in.
    public mutating func admits(atLeast units: Double, nowMilliseconds now: UInt64) -> Bool {
        fill(nowMilliseconds: now)
        return level >= Self.thousandths(units)
    }

    /// Takes what a request has cost, whether it is there or not.
    public mutating func charge(_ units: Double, nowMilliseconds now: UInt64) {
        fill(nowMilliseconds: now)
        // Far below all that can be paid off in a lifetime, and far above overflow.
        level = max(level - Self.thousandths(units), Int.min / 4)
    }

    /// Provisions another capacity. More is there at once, with one second's worth of it; less cuts what was gathered.
    public mutating func provision(unitsPerSecond units: Int) {
        level += max(0, units - unitsPerSecond) * Self.thousandths
        unitsPerSecond = units
        level = min(level, capacity)
    }

    private var capacity: Int { unitsPerSecond * Self.burstSeconds * Self.thousandths }

    /// A clock that was put back brings nothing, and counts on from there.
    private mutating func fill(nowMilliseconds now: UInt64) {
        guard let filled = filledMilliseconds, now != filled else { return filledMilliseconds = now }
        filledMilliseconds = now
        guard now > filled, level < capacity else { return }
        let elapsed = now - filled
        let missing = UInt64(capacity - level)
        // Elapsed time is bounded by what the bucket lacks before it is multiplied.
        guard elapsed < missing / UInt64(unitsPerSecond) + 1 else { return level = capacity }
        level = min(capacity, level + Int(elapsed) * unitsPerSecond)
    }

    private static func thousandths(_ units: Double) -> Int {
        Int((units * Double(thousandths)).rounded())
    }
}
