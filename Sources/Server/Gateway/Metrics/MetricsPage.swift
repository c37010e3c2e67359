import EventSources
import Foundation
import HTTPEndpoint
import LogTransport
import Metrics
import NIOHTTP1
import Partition
import Region
import Replication
import WireProtocol

/// `/metrics`: everything at this moment, for Prometheus.
struct MetricsPage {
    static let path = "/metrics"

    let regions: RegionSet
    let requests: RequestMetrics
    let latencies: ReplicationLatencies
    let lambdas: [RegionLambda]
    let publications: [PublicationReport]
    /// When the process began, in milliseconds since 1970.
    let startedMilliseconds: UInt64
    var text = PrometheusText()

    init(
        _ regions: RegionSet, _ requests: RequestMetrics, _ latencies: ReplicationLatencies, _ lambdas: [RegionLambda],
        _ publications: [PublicationReport], startedMilliseconds: UInt64
    ) {
        self.regions = regions
        self.requests = requests
        self.latencies = latencies
        self.lambdas = lambdas
        self.publications = publications
        self.startedMilliseconds = startedMilliseconds
    }

    /// Reads from the regions' stores, so it belongs on a thread that may wait.
    static func response(_ page: MetricsPage) -> HTTPResponse {
        var page = page
        page.writeRequests()
        page.writeTables()
        page.writeCapacity()
        page.writeLinks()
        page.writePublications()
        page.writeArrivals()
        page.writeHandlers()
        page.writeConsumers()
        page.writeProcess()
        return HTTPResponse(
            status: .ok, contentType: ContentType(PrometheusText.contentType), body: page.text.bytes)
    }

    // MARK: Requests

    private mutating func writeRequests() {
        let cells = requests.used.map { ($0, $0.counts) }
        text.begin("tributary_http_requests_total", .counter, "Requests of the DynamoDB and Streams APIs.")
        for (cell, counts) in cells {
            for (result, count) in [
                ("success", counts.successes), ("client_error", counts.clientErrors),
                ("server_error", counts.serverErrors),
            ] where count > 0 {
                text.sample(["region": cell.region, "operation": cell.operation, "result": result], count)
            }
        }
        text.begin(
            "tributary_http_request_duration_seconds", .histogram, "Time from a request to its answer, in seconds.")
        for (cell, counts) in cells {
            text.histogram(
                ["region": cell.region, "operation": cell.operation], bounds: RequestMetrics.Cell.boundsSeconds,
                counts: counts.buckets, sum: counts.seconds)
        }
        text.begin(
            "tributary_write_failures_total", .counter, "Writes of one item that failed, by table and reason.")
        for (failure, count) in requests.tableFailures.sorted(by: { $0.key.order < $1.key.order }) {
            guard let table = regions.region(failure.region)?.catalogue.table(number: failure.table) else { continue }
            text.sample(
                [
                    "region": failure.region.name, "table": table.name, "operation": failure.operation,
                    "reason": failure.kind.label,
                ], count)
        }
    }

    // MARK: Tables

    private mutating func writeTables() {
        let tables = regions.regions.flatMap { region in
            region.catalogue.tables.map { (region, $0, region.counters($0.number)) }
        }
        text.begin("tributary_region_up", .gauge, "1 while the region writes, 0 after its store failed.")
        for region in regions.regions { text.sample(["region": region.name.name], region.failure == nil ? 1.0 : 0) }
        if !regions.remotes.isEmpty {
            text.begin(
                "tributary_remote_region_silence_seconds", .gauge,
                "Time since a region of another process was heard of; none while it never was.")
            for remote in regions.remotes {
                guard let silence = remote.silenceMilliseconds else { continue }
                text.sample(["region": remote.name.name], Double(silence) / 1000)
            }
        }
        text.begin("tributary_table_items", .gauge, "Items of a table.")
        for (region, table, counters) in tables { text.sample(labels(region, table), counters.itemCount) }
        text.begin("tributary_table_size_bytes", .gauge, "Size of a table's items as DynamoDB counts it.")
        for (region, table, counters) in tables { text.sample(labels(region, table), counters.itemBytes) }
        text.begin("tributary_table_changes_total", .counter, "Changes in a table's log since it was made.")
        for (region, table, counters) in tables { text.sample(labels(region, table), counters.nextSequence - 1) }
        text.begin("tributary_table_stream_records", .gauge, "Changes that a table's log holds.")
        for (region, table, counters) in tables {
            text.sample(labels(region, table), counters.nextSequence - counters.firstSequence)
        }
        text.begin(
            "tributary_expired_items_total", .counter, "Expired items that the region deleted since the start.")
        for (region, table, _) in tables where table.timeToLive != nil {
            text.sample(labels(region, table), region.expiredItems(of: table.number))
        }
    }

    private func labels(_ region: Region, _ table: TableDefinition) -> KeyValuePairs<String, String> {
        ["region": region.name.name, "table": table.name]
    }

    // MARK: Replication

    private mutating func writeLinks() {
        let links = regions.linkStatuses
        text.begin(
            "tributary_replication_lag_seconds", .gauge,
            "Age of the oldest change that a region has not got from another, in seconds; 0 when it has all.")
        for link in links { text.sample(labels(link), Double(link.lagMilliseconds) / 1000) }
        text.begin("tributary_replication_backlog_records", .gauge, "Records of the source's log not yet read.")
        for link in links { text.sample(labels(link), link.backlog) }
        text.begin("tributary_replication_applied_total", .counter, "Changes applied since the start.")
        for link in links { text.sample(labels(link), link.applied) }
        text.begin(
            "tributary_replication_lost_total", .counter, "Changes that were older than what the receiver held.")
        for link in links { text.sample(labels(link), link.lost) }
        text.begin(
            "tributary_replication_conflicts_total", .counter, "Changes concurrent with a write of the receiver.")
        for link in links { text.sample(labels(link), link.conflicts) }
        text.begin(
            "tributary_replication_latency_seconds", .summary,
            "Time from a write to its commit in another region, in seconds.")
        for link in links {
            guard let latency = latencies[.init(from: link.from, to: link.to, table: link.table)] else { continue }
            text.summary(labels(link), count: latency.sampleCount, sum: latency.sum / 1000)
        }
    }

    private func labels(_ link: LinkStatus) -> KeyValuePairs<String, String> {
        ["from": link.from.name, "to": link.to.name, "table": link.table]
    }

    private mutating func writeArrivals() {
        let arrivals = regions.regions.map { ($0, $0.arrivals) }
        text.begin(
            "tributary_transactions_half_visible", .gauge,
            "Transactions of other regions of which a region shows some items and not yet others.")
        for (region, arrivals) in arrivals { text.sample(["region": region.name.name], UInt64(arrivals.count)) }
        text.begin(
            "tributary_transactions_half_visible_oldest_seconds", .gauge,
            "For how long the oldest of these has been so, in seconds; 0 when there is none.")
        for (region, arrivals) in arrivals {
            let age = arrivals.oldestAgeMilliseconds(at: region.wallClock.milliseconds)
            text.sample(["region": region.name.name], Double(age ?? 0) / 1000)
        }
        text.begin("tributary_transactions_arrived_total", .counter, "Transactions that arrived whole since the start.")
        for (region, arrivals) in arrivals { text.sample(["region": region.name.name], arrivals.arrivedCount) }
        text.begin(
            "tributary_transactions_forgotten_total", .counter,
            "Half-visible transactions that were too many to be followed.")
        for (region, arrivals) in arrivals { text.sample(["region": region.name.name], arrivals.forgottenCount) }
    }

    // MARK: Publications

    private mutating func writePublications() {
        guard !publications.isEmpty else { return }
        text.begin("tributary_publication_up", .gauge, "1 while a topic can be written to, as far as is known.")
        for publication in publications { text.sample(labels(publication), publication.trouble == nil ? 1.0 : 0) }
        let numbers: [(String, PrometheusText.Kind, String, (PublicationReport) -> UInt64)] = [
            ("backlog_records", .gauge, "Records that are not in their topic yet.", { $0.backlog }),
            ("published_total", .counter, "Messages that are in their topic, since the start.", { $0.published }),
            ("undeliverable_total", .counter, "Records that their topic does not take.", { $0.undeliverable }),
        ]
        for (name, kind, help, value) in numbers {
            text.begin("tributary_publication_\(name)", kind, help)
            for publication in publications { text.sample(labels(publication), value(publication)) }
        }
    }

    private func labels(_ publication: PublicationReport) -> KeyValuePairs<String, String> {
        ["region": publication.region.name, "topic": publication.topic]
    }

    // MARK: Handlers

    private var mappings: [(Region, EventSourceMappingDefinition, MappingStatus)] {
        lambdas.flatMap { lambda in
            lambda.allMappings.sorted { $0.definition.uuid < $1.definition.uuid }.compactMap { mapping in
                lambda.eventSources.status(of: mapping.definition.uuid).map { (lambda.region, mapping.definition, $0) }
            }
        }
    }

    private mutating func writeHandlers() {
        let mappings = mappings
        let counters: [(String, String, (MappingStatus) -> UInt64)] = [
            ("invocations", "Calls of a function by an event source mapping.", { $0.invocationsCount }),
            ("failures", "Calls of a function by an event source mapping that failed.", { $0.failuresCount }),
            ("records", "Records that calls of a function carried.", { $0.recordsCount }),
            ("discarded_records", "Records that were given up.", { $0.discardedRecordsCount }),
        ]
        for (name, help, value) in counters {
            text.begin("tributary_handler_\(name)_total", .counter, help)
            for (region, definition, status) in mappings { text.sample(labels(region, definition), value(status)) }
        }
        text.begin("tributary_handler_backlog_records", .gauge, "Records of the stream behind the mapping's place.")
        for (region, definition, status) in mappings { text.sample(labels(region, definition), status.backlog) }
        text.begin(
            "tributary_handler_iterator_age_seconds", .gauge,
            "Age of the oldest record that a mapping has not handled, in seconds.")
        for (region, definition, status) in mappings {
            guard let age = IteratorAge.milliseconds(of: definition.streamARN, status, in: region) else { continue }
            text.sample(labels(region, definition), Double(age) / 1000)
        }
        writeGroups(mappings.compactMap { $0.2.membership })
    }

    /// The name and labels are those of Kafka's exporters. This process tells of the partitions that it has.
    private mutating func writeGroups(_ memberships: [GroupMembership]) {
        guard !memberships.isEmpty else { return }
        text.begin(
            "kafka_consumergroup_lag", .gauge, "Messages of a topic's partition behind the offset of a consumer group.")
        for membership in memberships {
            for (partition, lag) in membership.lag.sorted(by: { $0.key < $1.key }) {
                text.sample(
                    [
                        "consumergroup": membership.group, "topic": membership.topic, "partition": "\(partition)",
                    ], UInt64(lag))
            }
        }
    }

    /// Under the name that Kafka's exporters use: every reader of a change log as a consumer group of the topic that the log is published
    /// to, and the log as one partition.
    private mutating func writeConsumers() {
        text.begin("kafka_consumergroup_lag", .gauge, "Records of a change log that a mapping or a link has not read.")
        for (region, definition, status) in mappings {
            let table = definition.streamARN.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            text.sample(
                consumer("\(definition.function.name).\(definition.uuid)", of: table, in: region.name), status.backlog)
        }
        for link in regions.linkStatuses {
            text.sample(consumer("link.\(link.to.name)", of: link.table, in: link.from), link.backlog)
        }
    }

    private func consumer(
        _ group: String, of table: String, in region: RegionName
    ) -> KeyValuePairs<String, String> {
        ["consumergroup": group, "topic": "tributary.\(region.name).\(table).changes", "partition": "0"]
    }

    private func labels(
        _ region: Region, _ definition: EventSourceMappingDefinition
    ) -> KeyValuePairs<String, String> {
        ["region": region.name.name, "function": definition.function.name, "mapping": definition.uuid]
    }

    // MARK: Process

    /// The names are those of Prometheus's client libraries.
    private mutating func writeProcess() {
        text.begin("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        if let bytes = Self.residentBytes { text.sample([:], bytes) }
        text.begin("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        text.sample([:], Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000)
        text.begin("process_open_fds", .gauge, "Number of open file descriptors.")
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            text.sample([:], UInt64(files.count))
        }
        text.begin("process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
        text.sample([:], Double(startedMilliseconds) / 1000)
    }

    private static var residentBytes: UInt64? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? UInt64(fields[1]).map { $0 * UInt64(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }
}

extension RequestMetrics.TableFailure {
    fileprivate var order: String { "\(region) \(table) \(operation) \(kind)" }
}

extension RequestMetrics.TableFailure.Kind {
    fileprivate var label: String {
        switch self {
        case .conditionalCheckFailed: "conditional_check_failed"
        case .transactionConflict: "transaction_conflict"
        case .throttled: "throttled"
        case .system: "system"
        }
    }
}
