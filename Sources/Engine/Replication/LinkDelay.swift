/// How long the changes of a link wait after their commit: a fixed time, or one that is drawn for each change.
public enum LinkDelay: Hashable, Sendable {
    /// The longest delay, in milliseconds: one day.
    public static let millisecondsMax: UInt64 = 24 * 60 * 60 * 1000
    /// What a text must look like, for people whose text does not.
    public static let form =
        "a time such as 200ms, 1.5s or 2m, uniform:100ms..300ms or normal:200ms±50ms, from 0 up to one day"

    case fixed(milliseconds: UInt64)
    /// Every whole number of milliseconds from `lowest` to `highest` is equally likely.
    case uniform(lowest: UInt64, highest: UInt64)
    /// Around `mean`, cut off at 0 and at `millisecondsMax`. Six deviations are the furthest: the value is a sum of twelve uniform ones.
    case normal(mean: UInt64, deviation: UInt64)

    public static let none = LinkDelay.fixed(milliseconds: 0)

    /// Reads `200ms`, `uniform:100ms..300ms` or `normal:200ms±50ms` (also with `+-`); nil for other texts, negative times and those over a
    /// day.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            guard let fixed = Self.milliseconds(text[...]) else { return nil }
            self = .fixed(milliseconds: fixed)
            return
        }
        switch parts[0] {
        case "uniform":
            guard let (lowest, highest) = Self.pair(parts[1], between: ".."), lowest <= highest else { return nil }
            self = .uniform(lowest: lowest, highest: highest)
        case "normal":
            guard let (mean, deviation) = Self.pair(parts[1], between: "±") ?? Self.pair(parts[1], between: "+-")
            else { return nil }
            self = .normal(mean: mean, deviation: deviation)
        default: return nil
        }
    }

    /// A text that reads back as the same delay.
    public var text: String {
        switch self {
        case .fixed(let milliseconds): "\(milliseconds)ms"
        case .uniform(let lowest, let highest): "uniform:\(lowest)ms..\(highest)ms"
        case .normal(let mean, let deviation): "normal:\(mean)ms±\(deviation)ms"
        }
    }

    /// No change waits longer, in milliseconds.
    public var longestMilliseconds: UInt64 {
        switch self {
        case .fixed(let milliseconds): milliseconds
        case .uniform(_, let highest): highest
        case .normal(let mean, let deviation): min(Self.millisecondsMax, mean + 6 * deviation)
        }
    }

    /// The delay that goes with a random generator's next values, in milliseconds.
    func draw(_ random: inout SplitMix) -> UInt64 {
        switch self {
        case .fixed(let milliseconds): return milliseconds
        case .uniform(let lowest, let highest): return lowest + random.next() % (highest - lowest + 1)
        case .normal(let mean, let deviation):
            var sum = -6.0
            for _ in 0..<12 { sum += random.fraction() }
            let drawn = Double(mean) + sum * Double(deviation)
            return UInt64(min(max(drawn, 0), Double(Self.millisecondsMax)))
        }
    }

    private static func pair(_ text: Substring, between separator: String) -> (UInt64, UInt64)? {
        guard let range = text.firstRange(of: separator), let first = milliseconds(text[..<range.lowerBound]),
            let second = milliseconds(text[range.upperBound...])
        else { return nil }
        return (first, second)
    }

    private static func milliseconds(_ text: Substring) -> UInt64? {
        for (unit, factor) in [("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)] where text.hasSuffix(unit) {
            guard let value = Double(text.dropLast(unit.count)), value >= 0, value * factor <= Double(millisecondsMax)
            else { return nil }
            return UInt64(value * factor)
        }
        return nil
    }
}
