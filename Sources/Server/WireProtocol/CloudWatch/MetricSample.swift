public import Metrics

/// A sample that a client puts (PutMetricData).
public struct MetricSample: Sendable, Equatable {
    /// Metrics of one request.
    static let countMax = 1000
    /// Values of one metric in one request.
    static let valuesMax = 150

    public let metric: MetricIdentity
    public let unit: String
    public let milliseconds: UInt64
    public let set: StatisticSet

    static func samples(
        _ members: CloudWatchMembers, nowMilliseconds now: UInt64
    ) throws(CloudWatchError) -> [MetricSample] {
        let namespace = try members.metricNamespace()
        guard let objects = try members.objects("MetricData"), !objects.isEmpty else {
            throw CloudWatchError(.missingParameter, "The parameter MetricData is required.")
        }
        guard objects.count <= countMax else {
            throw .validation("The collection MetricData must not have a size greater than \(countMax).")
        }
        var samples: [MetricSample] = []
        for (index, object) in objects.enumerated() {
            samples.append(
                try MetricSample(object, namespace, at: "MetricData.member.\(index + 1)", nowMilliseconds: now))
        }
        return samples
    }

    private init(
        _ members: CloudWatchMembers, _ namespace: String, at path: String, nowMilliseconds now: UInt64
    ) throws(CloudWatchError) {
        guard let name = try members.string("MetricName"), !name.isEmpty else {
            throw CloudWatchError(.missingParameter, "The parameter \(path).MetricName is required.")
        }
        metric = MetricIdentity(namespace: namespace, name: name, dimensions: try members.dimensions())
        unit = try members.string("Unit") ?? "None"
        milliseconds = try members.timestamp("Timestamp") ?? now
        guard let set = try Self.set(members, path) else {
            throw CloudWatchError(
                .invalidParameterCombination,
                "At least one of the parameters must be specified: \(path).Value, \(path).StatisticValues, "
                    + "\(path).Values.")
        }
        self.set = set
    }

    private static func set(_ members: CloudWatchMembers, _ path: String) throws(CloudWatchError) -> StatisticSet? {
        if let value = try members.double("Value") { return StatisticSet(value) }
        if let object = try members.object("StatisticValues") {
            return StatisticSet(
                sampleCount: try object.required("SampleCount", try object.double("SampleCount")),
                sum: try object.required("Sum", try object.double("Sum")),
                minimum: try object.required("Minimum", try object.double("Minimum")),
                maximum: try object.required("Maximum", try object.double("Maximum")))
        }
        guard let values = try members.doubles("Values"), let first = values.first else { return nil }
        let counts = try members.doubles("Counts") ?? Array(repeating: 1, count: values.count)
        guard counts.count == values.count, values.count <= valuesMax else {
            throw CloudWatchError(
                .invalidParameterValue,
                "The parameters \(path).Values and \(path).Counts must be of the same size, up to \(valuesMax).")
        }
        var set = StatisticSet(sampleCount: 0, sum: 0, minimum: first, maximum: first)
        for (value, count) in zip(values, counts) {
            set.merge(StatisticSet(sampleCount: count, sum: value * count, minimum: value, maximum: value))
        }
        return set
    }
}

extension CloudWatchMembers {
    func metricNamespace() throws(CloudWatchError) -> String {
        let namespace = try required("Namespace", try string("Namespace"))
        guard !namespace.isEmpty, !namespace.hasPrefix(":") else {
            throw CloudWatchError(.invalidParameterValue, "The value \(namespace) for parameter Namespace is invalid.")
        }
        return namespace
    }
}
