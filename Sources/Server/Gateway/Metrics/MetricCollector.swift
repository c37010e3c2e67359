import Bytes
import EventSource
import EventSources
import KeyValueStore
import Logging
import Metrics
import Partition
import Region
import Replication
import Synchronization
import WireProtocol

/// Reads what the process knows of itself and makes CloudWatch metrics of it, under AWS's names. Used by one thread.
///
/// What counts up is recorded by how much it grew, and not at all when it did not: AWS shows gaps there too.
struct MetricCollector {
    private static let tables = "AWS/DynamoDB"
    private static let functions = "AWS/Lambda"
    /// What AWS has no metrics for.
    private static let own = "Tributary"

    private let set: RegionSet
    private let regions: [RegionName: RegionMetrics]
    private let requests: RequestMetrics
    private let lambdas: [RegionLambda]
    private let logger: Logger
    private let latencies: ReplicationLatencies
    private var samplers: [RegionName: ChangeLogSampler] = [:]
    private var capacity: CapacityCollector
    /// Counters as the last look found them, and as this one has so far.
    private var counters: [Counter: Double] = [:]
    private var newCounters: [Counter: Double] = [:]

    private struct Counter: Hashable {
        let region: RegionName
        let metric: MetricIdentity
        /// What tells counters of one metric apart.
        var part = ""
    }

    init(
        _ set: RegionSet, _ regions: [RegionName: RegionMetrics], _ requests: RequestMetrics,
        _ lambdas: [RegionLambda], _ latencies: ReplicationLatencies, logger: Logger
    ) {
        self.set = set
        self.regions = regions
        self.requests = requests
        self.lambdas = lambdas
        self.latencies = latencies
        self.logger = logger
        capacity = CapacityCollector(regions)
        for region in set.regions {
            samplers[region.name] = ChangeLogSampler(region.catalogue.tables, in: region)
        }
    }

    mutating func collect() {
        newCounters = [:]
        for region in set.regions where region.failure == nil { collectTables(of: region) }
        capacity.collect(set.regions)
        collectLinks()
        collectArrivals()
        collectRequests()
        for lambda in lambdas { collectMappings(of: lambda) }
        counters = newCounters
    }

    // MARK: Tables and links

    private mutating func collectTables(of region: Region) {
        let tables = region.catalogue.tables
        guard var sampler = samplers[region.name] else { return }
        sampler.forget(apartFrom: tables)
        for table in tables {
            count(
                Double(region.expiredItems(of: table.number)), "Count",
                metric(Self.tables, "TimeToLiveDeletedItemCount", ("TableName", table.name)), in: region.name,
                part: "\(table.number)")
            do throws(StoreError) {
                let set = self.set
                let sample = try sampler.sample(table, in: region) { set.region($0)?.wallClock.offsetMilliseconds ?? 0 }
                if let sample { record(sample, of: table, in: region.name) }
            } catch {
                logger.error(
                    "the metrics cannot read a table's log",
                    metadata: ["region": "\(region.name)", "table": "\(table.name)", "error": "\(error)"])
            }
        }
        samplers[region.name] = sampler
    }

    /// ReplicationLatency belongs to the region where the write was made (reference `global-tables.md` 8).
    private func record(_ sample: ChangeLogSampler.Sample, of table: TableDefinition, in region: RegionName) {
        for (origin, latency) in sample.latencies {
            let metric = metric(
                Self.tables, "ReplicationLatency", ("TableName", table.name), ("ReceivingRegion", region.name))
            regions[origin]?.record(latency, "Milliseconds", of: metric)
            latencies.add(latency, .init(from: origin, to: region, table: table.name))
        }
    }

    private mutating func collectLinks() {
        for link in set.linkStatuses {
            let metric = metric(
                Self.tables, "PendingReplicationCount", ("TableName", link.table), ("ReceivingRegion", link.to.name))
            regions[link.from]?.record(StatisticSet(Double(link.backlog)), "Count", of: metric)
            // Told where the two writes met.
            count(
                Double(link.conflicts), "Count",
                self.metric(Self.own, "ConflictCount", ("TableName", link.table), ("SourceRegion", link.from.name)),
                in: link.to, part: "")
        }
    }

    /// How many transactions are half visible in each region, and for how long the oldest has been.
    private func collectArrivals() {
        for region in set.regions {
            let arrivals = region.arrivals
            let age = arrivals.oldestAgeMilliseconds(at: region.wallClock.milliseconds) ?? 0
            regions[region.name]?.record(
                StatisticSet(Double(arrivals.count)), "Count", of: metric(Self.own, "HalfVisibleTransactionCount"))
            regions[region.name]?.record(
                StatisticSet(Double(age)), "Milliseconds", of: metric(Self.own, "OldestHalfVisibleTransactionAge"))
        }
    }

    // MARK: Requests

    private mutating func collectRequests() {
        for region in set.regions {
            for cell in requests.cells(in: region.name) { collect(cell, in: region.name) }
        }
        for (failure, total) in requests.tableFailures {
            guard let table = set.region(failure.region)?.catalogue.table(number: failure.table) else { continue }
            let (name, byOperation) =
                switch failure.kind {
                case .conditionalCheckFailed: ("ConditionalCheckFailedRequests", false)
                case .transactionConflict: ("TransactionConflict", false)
                case .throttled: ("ThrottledRequests", true)
                case .system: ("SystemErrors", true)
                }
            let dimensions = [("TableName", table.name)] + (byOperation ? [("Operation", failure.operation)] : [])
            count(
                Double(total), "Count", metric(Self.tables, name, dimensions), in: failure.region,
                part: failure.operation + "\(failure.table)")
        }
    }

    private mutating func collect(_ cell: RequestMetrics.Cell, in region: RegionName) {
        let counts = cell.counts
        guard counts.total > 0 else { return }
        count(
            Double(counts.userErrors), "Count", metric(Self.tables, "UserErrors", []), in: region,
            part: cell.operation)
        let latency = metric(Self.tables, "SuccessfulRequestLatency", ("Operation", cell.operation))
        let requests = growth(Double(counts.successes), latency, in: region, part: "requests")
        let milliseconds = growth(counts.successSeconds * 1000, latency, in: region, part: "milliseconds")
        guard requests > 0 else { return }
        let average = milliseconds / requests
        regions[region]?.record(
            StatisticSet(sampleCount: requests, sum: milliseconds, minimum: average, maximum: average),
            "Milliseconds", of: latency)
    }

    // MARK: Functions

    private mutating func collectMappings(of lambda: RegionLambda) {
        let region = lambda.region.name
        for mapping in lambda.allMappings {
            let definition = mapping.definition
            guard let status = lambda.eventSources.status(of: definition.uuid) else { continue }
            let function = ("FunctionName", definition.function.name)
            let uuid = ("EventSourceMappingUUID", definition.uuid)
            for (name, value, dimension) in [
                ("Invocations", status.invocationsCount, function), ("Errors", status.failuresCount, function),
                ("InvokedEventCount", status.recordsCount, uuid),
                ("DroppedEventCount", status.discardedRecordsCount, uuid),
            ] {
                count(
                    Double(value), "Count", metric(Self.functions, name, dimension), in: region,
                    part: definition.uuid)
            }
            if let age = IteratorAge.milliseconds(of: definition.streamARN, status, in: lambda.region) {
                regions[region]?.record(
                    StatisticSet(Double(age)), "Milliseconds", of: metric(Self.functions, "IteratorAge", function))
            }
        }
    }

    // MARK: Counters

    /// Records by how much a counter grew.
    private mutating func count(
        _ total: Double, _ unit: String, _ metric: MetricIdentity, in region: RegionName, part: String
    ) {
        let grown = growth(total, metric, in: region, part: part)
        guard grown > 0 else { return }
        regions[region]?.record(
            StatisticSet(sampleCount: grown, sum: grown, minimum: 1, maximum: 1), unit, of: metric)
    }

    /// Counters begin at 0, with the process or with what they count for.
    private mutating func growth(
        _ total: Double, _ metric: MetricIdentity, in region: RegionName, part: String
    ) -> Double {
        let counter = Counter(region: region, metric: metric, part: part)
        newCounters[counter] = total
        let known = counters[counter] ?? 0
        return total >= known ? total - known : total
    }

    private func metric(_ namespace: String, _ name: String, _ dimensions: (String, String)...) -> MetricIdentity {
        metric(namespace, name, dimensions)
    }

    private func metric(_ namespace: String, _ name: String, _ dimensions: [(String, String)]) -> MetricIdentity {
        MetricIdentity(namespace: namespace, name: name, dimensions: dimensions.map { .init($0.0, $0.1) })
    }
}

/// How old the oldest record is that a mapping has not handled.
enum IteratorAge {
    /// 0 when it has handled all; nil when that cannot be told.
    static func milliseconds(of streamARN: String, _ status: MappingStatus, in region: Region) -> UInt64? {
        guard status.state == .enabled else { return nil }
        guard status.backlog > 0 else { return 0 }
        if let membership = status.membership {
            let now = region.wallClock.milliseconds
            return membership.oldestMilliseconds.map { now - min(now, $0) }
        }
        let parts = streamARN.split(separator: "/")
        guard parts.count > 1, let log = StreamLog(arn: streamARN, tableName: String(parts[1]), in: region),
            let committed = try? ChangeLogSampler.commitMilliseconds(
                of: status.checkpoint + 1, table: log.table.number, in: region)
        else { return nil }
        let now = region.wallClock.milliseconds
        return now - min(now, committed)
    }
}

/// How long replicated changes were under way, in total since the process started.
final class ReplicationLatencies: Sendable {
    struct Way: Hashable, Sendable {
        let from: RegionName
        let to: RegionName
        let table: String
    }

    /// Links and tables that are remembered; beyond it all are forgotten.
    private static let waysMax = 10_000
    private let totals = Mutex<[Way: StatisticSet]>([:])

    func add(_ latency: StatisticSet, _ way: Way) {
        totals.withLock { totals in
            if totals[way]?.merge(latency) != nil { return }
            if totals.count >= Self.waysMax { totals = [:] }
            totals[way] = latency
        }
    }

    subscript(way: Way) -> StatisticSet? { totals.withLock { $0[way] } }
}
