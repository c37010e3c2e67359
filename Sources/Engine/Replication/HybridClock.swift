/// The clock that stamps a region's writes: never behind the wall clock, what it gave out before, or what it has seen from trusted peers.
public struct HybridClock: Sendable {
    /// How far ahead of the wall clock a peer may be before its timestamps stop moving this clock (reference `reliability.md` 4.2).
    public static let skewMilliseconds: UInt64 = 500

    /// The last timestamp given out or taken over. Every later write of this region has a greater one.
    public private(set) var last: HybridTimestamp

    public init(last: HybridTimestamp = .zero) {
        self.last = last
    }

    /// The timestamp of a local write that overwrites a state of timestamp `overwritten`: greater than it, whatever the clocks say, and
    /// greater than `floor`.
    ///
    /// A state far in the future lifts this one item's timestamp, not the clock; so does the floor.
    public mutating func stamp(
        wallMilliseconds: UInt64, overwriting overwritten: HybridTimestamp?, above floor: HybridTimestamp? = nil
    ) -> HybridTimestamp {
        last = max(last.successor, HybridTimestamp(milliseconds: wallMilliseconds))
        let below = max(overwritten ?? .zero, floor ?? .zero)
        return below < last ? last : below.successor
    }

    /// Takes note of a peer's timestamp. Answers false, and stays where it is, when the peer is too far ahead of the wall clock.
    public mutating func observe(_ timestamp: HybridTimestamp, wallMilliseconds: UInt64) -> Bool {
        guard timestamp.milliseconds <= wallMilliseconds + Self.skewMilliseconds else { return false }
        last = max(last, timestamp)
        return true
    }

    /// Moves up to the wall clock without a write, so that an idle region can promise that no older write will follow.
    public mutating func advance(wallMilliseconds: UInt64) {
        last = max(last, HybridTimestamp(milliseconds: wallMilliseconds))
    }
}
