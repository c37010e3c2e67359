import EventSources
import HTTPEndpoint
import JSONBytes
import LogTransport
import NIOHTTP1
import NIOPosix
import RecordLog
import Region
import Replication
import WireProtocol

/// `/_tributary/topics`: what is published where and how far, and what links and handlers have not read.
struct TopicPages: Sendable {
    static let path = "/_tributary/topics"

    let regions: RegionSet
    /// Nil when nothing is published.
    let transport: LogTransport?

    /// Answers on a thread that may wait, because brokers are asked for offsets. False for all other requests.
    /// - Parameter lambdas: whose mappings are shown as consumer groups.
    func answer(
        _ request: HTTPRequest, _ lambdas: [RegionLambda], on threads: NIOThreadPool, _ responder: Responder
    ) -> Bool {
        guard request.head.method == .GET, request.head.uri.prefix(while: { $0 != "?" }) == Self.path else {
            return false
        }
        threads.submit { [self] _ in responder.respond(AdminPages.json(.ok, page(lambdas))) }
        return true
    }

    private func page(_ lambdas: [RegionLambda]) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("kafka")
        writer.boolean(transport != nil)
        writer.key("topics")
        writer.beginArray()
        for report in transport?.reports ?? [] { append(report, to: &writer) }
        writer.endArray()
        writer.key("links")
        writer.beginArray()
        for link in regions.linkStatuses { Self.append(link, to: &writer) }
        writer.endArray()
        writer.key("groups")
        writer.beginArray()
        for lambda in lambdas {
            for mapping in lambda.allMappings.sorted(by: { $0.definition.uuid < $1.definition.uuid }) {
                append(mapping, of: lambda, to: &writer)
            }
        }
        writer.endArray()
        writer.endObject()
        return writer
    }

    private func append(_ report: PublicationReport, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("region")
        writer.string(report.region.name)
        if let table = report.table {
            writer.key("table")
            writer.string(table)
        }
        writer.key("content")
        writer.string(report.content.rawValue)
        writer.key("topic")
        writer.string(report.topic)
        for (name, number) in [
            ("backlog", report.backlog), ("published", report.published), ("undeliverable", report.undeliverable),
        ] {
            writer.key(name)
            writer.number(Int(clamping: number))
        }
        appendPartitions(of: report, to: &writer)
        if let trouble = report.trouble {
            writer.key("trouble")
            writer.string(trouble)
        }
        if !report.differences.isEmpty {
            writer.key("differences")
            writer.beginArray()
            for difference in report.differences { writer.string(difference) }
            writer.endArray()
        }
        writer.endObject()
    }

    /// The offsets of each partition; absent while the broker does not tell.
    private func appendPartitions(of report: PublicationReport, to writer: inout JSONWriter) {
        writer.key("partitionCount")
        writer.number(Int(report.partitions))
        // A broker that does not answer now is not asked for every topic again.
        guard report.trouble == nil, let log = transport?.configuration.logs[report.region] else { return }
        let partitions = (0..<report.partitions).map { TopicPartition(report.topic, $0) }
        guard let ranges = try? log.offsets(of: partitions) else { return }
        writer.key("partitions")
        writer.beginArray()
        for (partition, range) in zip(partitions, ranges) {
            writer.beginObject()
            for (name, number) in [
                ("partition", Int64(partition.partition)), ("start", range.start), ("end", range.end),
            ] {
                writer.key(name)
                writer.number(Int(number))
            }
            writer.endObject()
        }
        writer.endArray()
    }

    /// A mapping's consumer group over all of its topic, whichever process has the partitions.
    private func append(_ mapping: RegionLambda.Mapping, of lambda: RegionLambda, to writer: inout JSONWriter) {
        guard let membership = lambda.eventSources.status(of: mapping.definition.uuid)?.membership else { return }
        writer.beginObject()
        for (name, text) in [
            ("region", lambda.region.name.name), ("function", mapping.definition.function.name),
            ("group", membership.group), ("topic", membership.topic),
        ] {
            writer.key(name)
            writer.string(text)
        }
        if let lags = lags(of: membership, in: lambda.region.name) {
            writer.key("lag")
            writer.number(Int(lags.reduce(0) { $0 + $1.lag }))
            writer.key("partitions")
            writer.beginArray()
            for (partition, committed, lag) in lags {
                writer.beginObject()
                for (name, number) in [("partition", Int64(partition)), ("committed", committed), ("lag", lag)] {
                    writer.key(name)
                    writer.number(Int(number))
                }
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
    }

    /// Nil while the broker does not tell. What a group has not committed lags from the oldest message on.
    private func lags(
        of membership: GroupMembership, in region: RegionName
    ) -> [(partition: Int32, committed: Int64, lag: Int64)]? {
        guard let log = transport?.configuration.logs[region],
            let topic = try? log.topics(withPrefix: membership.topic).first(where: { $0.name == membership.topic }),
            let ranges = try? log.offsets(of: topic.topicPartitions),
            let committed = try? log.committedOffsets(ofGroup: membership.group, in: topic.topicPartitions)
        else { return nil }
        return topic.topicPartitions.indices.map { index in
            let place = max(committed[index] ?? 0, ranges[index].start)
            return (topic.topicPartitions[index].partition, place, max(0, ranges[index].end - place))
        }
    }

    private static func append(_ link: LinkStatus, to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, text) in [("from", link.from.name), ("to", link.to.name), ("table", link.table)] {
            writer.key(name)
            writer.string(text)
        }
        writer.key("backlog")
        writer.number(Int(clamping: link.backlog))
        writer.key("lagMilliseconds")
        writer.number(Int(clamping: link.lagMilliseconds))
        writer.endObject()
    }
}
