import JSONBytes
import Metrics

/// GetMetricStatistics.
public struct MetricStatisticsRequest: Sendable, Equatable {
    /// Datapoints of one answer.
    static let datapointsMax: UInt64 = 1440

    let metric: MetricIdentity
    let range: Range<UInt64>
    let periodSeconds: UInt64
    let statistics: [Statistic]
    let unit: String?

    init(_ members: CloudWatchMembers) throws(CloudWatchError) {
        metric = MetricIdentity(
            namespace: try members.metricNamespace(),
            name: try members.required("MetricName", try members.string("MetricName")),
            dimensions: try members.dimensions())
        range = try members.timeRange()
        periodSeconds = try members.metricPeriod(try members.required("Period", try members.integer("Period")))
        unit = try members.string("Unit")
        if members.has("ExtendedStatistics") { throw .noPercentiles }
        var statistics: [Statistic] = []
        for name in try members.strings("Statistics") ?? [] {
            guard let statistic = Statistic(rawValue: name) else {
                throw CloudWatchError(
                    .invalidParameterValue, "The value \(name) for parameter Statistics is invalid.")
            }
            statistics.append(statistic)
        }
        guard !statistics.isEmpty else {
            throw CloudWatchError(
                .missingParameter, "The parameters Statistics or ExtendedStatistics must be specified.")
        }
        self.statistics = statistics
        let count = (range.upperBound - range.lowerBound) / 1000 / periodSeconds
        guard count <= Self.datapointsMax else {
            throw CloudWatchError(
                .invalidParameterCombination,
                "You have requested up to \(count) datapoints, which exceeds the limit of \(Self.datapointsMax). "
                    + "You may reduce the datapoints requested by increasing Period, or decreasing the time range.")
        }
    }

    func response(reading store: MetricStore) -> CloudWatchResponse {
        let series = store[metric].flatMap { unit == nil || unit == $0.unit ? $0 : nil }
        return CloudWatchResponse { writer in
            writer.key("Label")
            writer.string(metric.name)
            writer.key("Datapoints")
            writer.beginArray()
            for point in series?.statistics(in: range, periodSeconds: periodSeconds) ?? [] {
                writer.beginObject()
                writer.key("Timestamp")
                writer.number(Double(point.startMilliseconds) / 1000)
                for statistic in statistics {
                    writer.key(statistic.rawValue)
                    writer.number(point.set.value(of: statistic))
                }
                writer.key("Unit")
                writer.string(series?.unit ?? "None")
                writer.endObject()
            }
            writer.endArray()
        }
    }
}

/// GetMetricData, without metric math.
public struct MetricDataRequest: Sendable, Equatable {
    /// Questions of one request.
    static let queriesMax = 500

    struct Query: Sendable, Equatable {
        let id: String
        let label: String
        let metric: MetricIdentity
        let statistic: Statistic
        let periodSeconds: UInt64
        let unit: String?
        let returnsData: Bool
    }

    let queries: [Query]
    let range: Range<UInt64>
    let isAscending: Bool

    init(_ members: CloudWatchMembers) throws(CloudWatchError) {
        range = try members.timeRange()
        isAscending = try members.string("ScanBy") == "TimestampAscending"
        let objects = try members.required("MetricDataQueries", try members.objects("MetricDataQueries"))
        guard (1...Self.queriesMax).contains(objects.count) else {
            throw .validation("The collection MetricDataQueries must have between 1 and \(Self.queriesMax) elements.")
        }
        var queries: [Query] = []
        for object in objects { queries.append(try Self.query(object)) }
        guard Set(queries.map(\.id)).count == queries.count else {
            throw .validation("The values for parameter id in MetricDataQueries are not unique.")
        }
        self.queries = queries
    }

    private static func query(_ members: CloudWatchMembers) throws(CloudWatchError) -> Query {
        let id = try members.required("Id", try members.string("Id"))
        guard id.utf8.first.map({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) ?? false else {
            throw .validation("The value \(id) for parameter id must begin with a lower-case letter.")
        }
        guard !members.has("Expression"), let stat = try members.object("MetricStat"),
            let metric = try stat.object("Metric")
        else { throw .validation("The query \(id) must have a MetricStat: this server has no metric math.") }
        guard let statistic = Statistic(rawValue: try stat.required("Stat", try stat.string("Stat"))) else {
            throw .noPercentiles
        }
        let name = try metric.required("MetricName", try metric.string("MetricName"))
        return Query(
            id: id, label: try members.string("Label") ?? name,
            metric: MetricIdentity(
                namespace: try metric.metricNamespace(), name: name, dimensions: try metric.dimensions()),
            statistic: statistic,
            periodSeconds: try stat.metricPeriod(try stat.required("Period", try stat.integer("Period"))),
            unit: try stat.string("Unit"), returnsData: try members.boolean("ReturnData") ?? true)
    }

    func response(reading store: MetricStore) -> CloudWatchResponse {
        CloudWatchResponse { writer in
            writer.key("MetricDataResults")
            writer.beginArray()
            for query in queries where query.returnsData { append(query, store[query.metric], to: &writer) }
            writer.endArray()
            writer.key("Messages")
            writer.beginArray()
            writer.endArray()
        }
    }

    private func append(_ query: Query, _ series: MetricSeries?, to writer: inout JSONWriter) {
        var points = series?.statistics(in: range, periodSeconds: query.periodSeconds) ?? []
        if let unit = query.unit, unit != series?.unit { points = [] }
        if !isAscending { points.reverse() }
        writer.beginObject()
        writer.key("Id")
        writer.string(query.id)
        writer.key("Label")
        writer.string(query.label)
        writer.key("Timestamps")
        writer.beginArray()
        for point in points { writer.number(Double(point.startMilliseconds) / 1000) }
        writer.endArray()
        writer.key("Values")
        writer.beginArray()
        for point in points { writer.number(point.set.value(of: query.statistic)) }
        writer.endArray()
        writer.key("StatusCode")
        writer.string("Complete")
        writer.endObject()
    }
}

/// ListMetrics.
public struct MetricListRequest: Sendable, Equatable {
    /// Metrics of one answer.
    static let pageMax = 500

    let filter: MetricFilter
    /// How many metrics earlier pages have shown.
    let offset: Int

    init(_ members: CloudWatchMembers) throws(CloudWatchError) {
        var dimensions: [(name: String, value: String?)] = []
        for object in try members.objects("Dimensions") ?? [] {
            dimensions.append((try object.required("Name", try object.string("Name")), try object.string("Value")))
        }
        filter = MetricFilter(
            namespace: try members.string("Namespace"), name: try members.string("MetricName"), dimensions: dimensions)
        guard let token = try members.string("NextToken") else {
            offset = 0
            return
        }
        guard let offset = Int(token), offset >= 0 else {
            throw CloudWatchError(.invalidParameterValue, "Invalid nextToken")
        }
        self.offset = offset
    }

    func response(reading store: MetricStore) -> CloudWatchResponse {
        let metrics = store.metrics(matching: filter).dropFirst(offset)
        return CloudWatchResponse { writer in
            writer.key("Metrics")
            writer.beginArray()
            for metric in metrics.prefix(Self.pageMax) { metric.appendJSON(to: &writer) }
            writer.endArray()
            if metrics.count > Self.pageMax {
                writer.key("NextToken")
                writer.string(String(offset + Self.pageMax))
            }
        }
    }
}

extension MetricIdentity {
    fileprivate func appendJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("Namespace")
        writer.string(namespace)
        writer.key("MetricName")
        writer.string(name)
        appendDimensions(to: &writer)
        writer.endObject()
    }

    func appendDimensions(to writer: inout JSONWriter) {
        writer.key("Dimensions")
        writer.beginArray()
        for dimension in dimensions {
            writer.beginObject()
            writer.key("Name")
            writer.string(dimension.name)
            writer.key("Value")
            writer.string(dimension.value)
            writer.endObject()
        }
        writer.endArray()
    }
}

extension CloudWatchMembers {
    fileprivate func timeRange() throws(CloudWatchError) -> Range<UInt64> {
        let start = try required("StartTime", try timestamp("StartTime"))
        let end = try required("EndTime", try timestamp("EndTime"))
        guard start < end else {
            throw CloudWatchError(
                .invalidParameterValue, "The parameter StartTime must be less than the parameter EndTime.")
        }
        return start..<end
    }

    /// - Parameter seconds: the member's value.
    func metricPeriod(_ seconds: Int) throws(CloudWatchError) -> UInt64 {
        guard seconds > 0, [10, 20, 30].contains(seconds) || seconds % 60 == 0 else {
            throw CloudWatchError(
                .invalidParameterValue,
                "The parameter Period must be 10, 20, 30 or a multiple of 60; this server keeps no shorter periods.")
        }
        return UInt64(seconds)
    }
}

extension CloudWatchError {
    static let noPercentiles = CloudWatchError(
        .invalidParameterValue,
        "This server keeps SampleCount, Average, Sum, Minimum and Maximum, but no percentiles or other statistics.")
}
