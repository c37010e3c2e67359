/// The metrics of one region, in memory.
public struct MetricStore: Sendable {
    /// Metrics that are kept at the most; further ones are refused until others fall silent.
    public static let seriesMax = 10_000

    private var series: [MetricIdentity: MetricSeries] = [:]

    public init() {}

    /// Adds samples to a metric.
    ///
    /// - Returns: false when there are too many metrics to begin another.
    @discardableResult
    public mutating func record(
        _ set: StatisticSet, unit: String, of metric: MetricIdentity, at time: UInt64, now: UInt64
    ) -> Bool {
        guard series[metric] != nil || series.count < Self.seriesMax else { return false }
        series[metric, default: MetricSeries(unit: unit)].record(set, unit: unit, at: time, now: now)
        return true
    }

    /// Nil for a metric that nobody has heard of lately.
    public subscript(metric: MetricIdentity) -> MetricSeries? { series[metric] }

    /// Forgets metrics that have been silent for as long as samples are kept.
    public mutating func trim(now: UInt64) {
        for metric in series.keys {
            series[metric]?.trim(now: now)
            if series[metric]?.isEmpty ?? false { series[metric] = nil }
        }
    }

    /// The metrics that a filter lets pass, in order.
    public func metrics(matching filter: MetricFilter) -> [MetricIdentity] {
        series.keys.filter(filter.matches).sorted()
    }
}

/// Which metrics a list shows; what is nil or empty lets all pass.
public struct MetricFilter: Sendable, Equatable {
    public var namespace: String?
    public var name: String?
    /// The dimensions that a metric must have, with this value or with any.
    public var dimensions: [(name: String, value: String?)]

    public init(namespace: String?, name: String?, dimensions: [(name: String, value: String?)]) {
        self.namespace = namespace
        self.name = name
        self.dimensions = dimensions
    }

    public func matches(_ metric: MetricIdentity) -> Bool {
        (namespace == nil || namespace == metric.namespace) && (name == nil || name == metric.name)
            && dimensions.allSatisfy { wanted in
                metric.dimensions.contains {
                    $0.name == wanted.name && (wanted.value == nil || wanted.value == $0.value)
                }
            }
    }

    public static func == (left: MetricFilter, right: MetricFilter) -> Bool {
        left.namespace == right.namespace && left.name == right.name
            && left.dimensions.elementsEqual(right.dimensions) { $0 == $1 }
    }
}
