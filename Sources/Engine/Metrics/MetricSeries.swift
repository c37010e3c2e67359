/// The recent past of one metric: three hours in steps of a minute, and fifteen minutes in steps of ten seconds.
public struct MetricSeries: Sendable {
    /// The shortest period that statistics can have, in seconds.
    public static let periodSecondsMin: UInt64 = 10
    /// How far back samples are kept, in milliseconds.
    public static let retentionMilliseconds: UInt64 = 3 * 60 * 60 * 1000
    /// How far ahead of the clock a sample may be, in milliseconds: what CloudWatch allows.
    public static let aheadMillisecondsMax: UInt64 = 2 * 60 * 60 * 1000

    /// The unit of the newest sample, in AWS's words.
    public private(set) var unit: String
    private var minutes = MetricBuckets(widthMilliseconds: 60_000, retentionMilliseconds: retentionMilliseconds)
    private var tenSeconds = MetricBuckets(widthMilliseconds: 10_000, retentionMilliseconds: 15 * 60_000)

    init(unit: String) {
        self.unit = unit
    }

    var isEmpty: Bool { minutes.entries.isEmpty }

    /// - Parameters:
    ///   - time: of the sample, in milliseconds since 1970.
    ///   - now: samples that are too far from it are dropped.
    mutating func record(_ set: StatisticSet, unit: String, at time: UInt64, now: UInt64) {
        self.unit = unit
        minutes.record(set, at: time, now: now)
        tenSeconds.record(set, at: time, now: now)
    }

    mutating func trim(now: UInt64) {
        minutes.trim(now: now)
        tenSeconds.trim(now: now)
    }

    /// What each period saw that begins in the range and saw anything, oldest first.
    ///
    /// - Parameters:
    ///   - range: in milliseconds since 1970.
    ///   - periodSeconds: a multiple of `periodSecondsMin`; those under a minute reach back fifteen minutes only.
    public func statistics(
        in range: Range<UInt64>, periodSeconds: UInt64
    ) -> [(startMilliseconds: UInt64, set: StatisticSet)] {
        let period = max(periodSeconds, Self.periodSecondsMin) * 1000
        let buckets = period % 60_000 == 0 ? minutes : tenSeconds
        let first = range.lowerBound - range.lowerBound % period
        var result: [(startMilliseconds: UInt64, set: StatisticSet)] = []
        for entry in buckets.entries where entry.start >= first && entry.start < range.upperBound {
            let start = entry.start - entry.start % period
            if let last = result.indices.last, result[last].startMilliseconds == start {
                result[last].set.merge(entry.set)
            } else {
                result.append((start, entry.set))
            }
        }
        return result
    }
}

/// Stretches of time of equal width, those without samples left out.
struct MetricBuckets: Sendable {
    let widthMilliseconds: UInt64
    let retentionMilliseconds: UInt64
    /// In order of time.
    private(set) var entries: [(start: UInt64, set: StatisticSet)] = []

    init(widthMilliseconds: UInt64, retentionMilliseconds: UInt64) {
        self.widthMilliseconds = widthMilliseconds
        self.retentionMilliseconds = retentionMilliseconds
    }

    mutating func record(_ set: StatisticSet, at time: UInt64, now: UInt64) {
        guard time + retentionMilliseconds >= now, time <= now + MetricSeries.aheadMillisecondsMax else { return }
        let start = time - time % widthMilliseconds
        var position = entries.count
        while position > 0, entries[position - 1].start > start { position -= 1 }
        if position > 0, entries[position - 1].start == start {
            entries[position - 1].set.merge(set)
        } else {
            entries.insert((start, set), at: position)
            trim(now: now)
        }
    }

    /// Drops what is too old, and what a clock that was put back has left in the future.
    mutating func trim(now: UInt64) {
        while let first = entries.first, first.start + widthMilliseconds + retentionMilliseconds < now {
            entries.removeFirst()
        }
        while let last = entries.last, last.start > now + MetricSeries.aheadMillisecondsMax { entries.removeLast() }
    }
}
