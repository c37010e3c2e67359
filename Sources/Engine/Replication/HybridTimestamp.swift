/// A hybrid logical timestamp: 48 bits of milliseconds since 1970, then 16 bits that count within the millisecond.
///
/// Counting past 65,535 carries into the milliseconds.
public struct HybridTimestamp: RawRepresentable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public init(milliseconds: UInt64, counter: UInt16 = 0) {
        rawValue = milliseconds << 16 | UInt64(counter)
    }

    public static let zero = HybridTimestamp(rawValue: 0)

    public var milliseconds: UInt64 { rawValue >> 16 }
    public var counter: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
    /// The next later timestamp.
    public var successor: HybridTimestamp { HybridTimestamp(rawValue: rawValue + 1) }
    public var description: String { "\(milliseconds).\(counter)" }

    public static func < (left: HybridTimestamp, right: HybridTimestamp) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Which write an item's state comes from: the higher version wins, everywhere. Two regions never make equal versions.
public struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let timestamp: HybridTimestamp
    public let region: RegionName

    public init(timestamp: HybridTimestamp, region: RegionName) {
        self.timestamp = timestamp
        self.region = region
    }

    public var description: String { "\(timestamp)@\(region)" }

    public static func < (left: Version, right: Version) -> Bool {
        left.timestamp == right.timestamp ? left.region < right.region : left.timestamp < right.timestamp
    }
}
