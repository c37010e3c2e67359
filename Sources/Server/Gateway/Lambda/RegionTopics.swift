import ChangeMessage
import ChangeStream
import EventSources
import LogTransport
import RecordLog
import Replication

/// Where one region's changes are published.
struct RegionTopics: Sendable {
    let region: RegionName
    let log: any RecordLog
    let names: TopicNames

    /// Nil when the region has no log of its own.
    init?(_ configuration: TransportConfiguration, of region: RegionName) {
        guard let log = configuration.logs[region] else { return nil }
        self.region = region
        self.log = log
        names = configuration.names
    }

    /// What mappings of the region read and call.
    func place(
        calls: FunctionCalls, reports: MappingReports, clock: @escaping @Sendable () -> UInt64
    ) -> KafkaPlace {
        let (region, names) = (region, names)
        return KafkaPlace(
            region: region, log: log, topicName: { names.topic(.changes, of: $0, in: region) }, prefix: names.prefix,
            calls: calls, reports: reports, clock: clock)
    }

    private var changesStart: String { "\(names.prefix).\(region.name)." }
    private static let changesEnd = ".\(TopicNames.Content.changes.rawValue)"

    /// The tables that have a `.changes` topic, as the topics' names show them: of a name that is too long, what stands for it.
    func tables() throws(RecordLogError) -> [String] {
        let start = changesStart
        return try log.topics(withPrefix: start).map(\.name).filter { $0.hasSuffix(Self.changesEnd) }
            .map { String($0.dropFirst(start.count).dropLast(Self.changesEnd.count)) }
            .filter { names.topic(.changes, of: $0, in: region) == start + $0 + Self.changesEnd }
    }
}
