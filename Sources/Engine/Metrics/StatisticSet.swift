/// What a stretch of time saw of a metric: enough for the statistics of CloudWatch, but not for percentiles.
public struct StatisticSet: Sendable, Equatable {
    public private(set) var sampleCount: Double
    public private(set) var sum: Double
    public private(set) var minimum: Double
    public private(set) var maximum: Double

    public init(_ value: Double) {
        self.init(sampleCount: 1, sum: value, minimum: value, maximum: value)
    }

    public init(sampleCount: Double, sum: Double, minimum: Double, maximum: Double) {
        self.sampleCount = sampleCount
        self.sum = sum
        self.minimum = minimum
        self.maximum = maximum
    }

    public mutating func merge(_ other: StatisticSet) {
        sampleCount += other.sampleCount
        sum += other.sum
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    public func value(of statistic: Statistic) -> Double {
        switch statistic {
        case .sampleCount: sampleCount
        case .average: sampleCount > 0 ? sum / sampleCount : 0
        case .sum: sum
        case .minimum: minimum
        case .maximum: maximum
        }
    }
}

/// How the samples of a period become one number. The raw values are AWS's names.
public enum Statistic: String, Sendable, CaseIterable {
    case sampleCount = "SampleCount"
    case average = "Average"
    case sum = "Sum"
    case minimum = "Minimum"
    case maximum = "Maximum"
}
