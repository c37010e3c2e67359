public import ArgumentParser
public import ChangeMessage
import Foundation
import KafkaLog
import LogTransport
import Logging
public import RecordLog
import Replication

/// The options of `serve` that publish changes to Kafka, and what they come to.
struct KafkaOptions: ParsableArguments {
    static let embedded = "embedded"

    @Option(
        name: .customLong("kafka"),
        help: ArgumentHelp(
            "Publish a region's changes to a Kafka cluster and replicate from there, as in us-east-1=broker:9092 (several brokers separated by commas). May be repeated; regions may share a cluster. A region that is not among --regions is served by another process: its changes are read there. Or embedded: a mock cluster of this process for all regions, for a developer's consumers; in memory, and a topic partition keeps only its last 5 MiB.",
            valueName: "region=host:port"))
    var clusters: [String] = []

    @Option(
        name: .customLong("kafka-property"),
        help: ArgumentHelp(
            "A property of librdkafka, for one region or all, as in security.protocol=SASL_SSL. May be repeated. A secret is better kept in a file.",
            valueName: "[region:]name=value"))
    var properties: [String] = []

    @Option(
        name: .customLong("kafka-properties-file"),
        help: ArgumentHelp("A file with properties of librdkafka, one name=value a line.", valueName: "file"))
    var propertiesFile: String?

    @Option(help: "What the names of all topics begin with.")
    var topicPrefix = TopicNames.prefixDefault

    @Option(help: "How values show changes: streams (as Lambda receives them), debezium or plain.")
    var recordFormat = RecordFormat.streams

    @Option(help: "Partitions of new topics. Topics that exist stay as they are.")
    var topicPartitions: Int32 = 6

    @Option(help: "Replication factor of new topics. Default: the broker's.")
    var topicReplicationFactor: Int16?

    @Option(
        help: ArgumentHelp(
            "How long new topics keep changes: hours or days, as in 48h or 7d, at least 24h; or forever.",
            valueName: "time"))
    var topicRetention = "7d"

    @Option(help: "How messages are compressed: none, gzip, snappy, lz4 or zstd.")
    var kafkaCompression = Compression.zstd

    /// - Parameter regions: those that this process holds.
    func check(_ regions: [RegionName]) throws {
        let isUsed = !clusters.isEmpty
        if !isUsed, !properties.isEmpty || propertiesFile != nil {
            throw ValidationError("--kafka-property and --kafka-properties-file need --kafka")
        }
        _ = try servers(regions)
        guard TopicNames(prefix: topicPrefix) != nil else {
            throw ValidationError(
                "--topic-prefix '\(topicPrefix)' must be 1 to \(TopicNames.prefixLengthMax) letters, digits, '.', '_' or '-'"
            )
        }
        guard (1...TransportConfiguration.partitionsMax).contains(topicPartitions) else {
            throw ValidationError(
                "--topic-partitions must be between 1 and \(TransportConfiguration.partitionsMax), not \(topicPartitions)"
            )
        }
        if let factor = topicReplicationFactor, factor < 1 {
            throw ValidationError("--topic-replication-factor must be at least 1, not \(factor)")
        }
        _ = try retentionMilliseconds()
    }

    /// The brokers of each region; nil for the mock cluster of this process.
    private func servers(_ regions: [RegionName]) throws -> [RegionName: String]? {
        if clusters.contains(Self.embedded) {
            guard clusters.count == 1 else {
                throw ValidationError("--kafka embedded is for all regions and excludes other --kafka options")
            }
            return nil
        }
        var servers: [RegionName: String] = [:]
        for cluster in clusters {
            let sides = cluster.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[1].isEmpty, let name = RegionName(String(sides[0])) else {
                throw ValidationError(
                    "--kafka: '\(cluster)' is neither of the form us-east-1=broker:9092 nor 'embedded'")
            }
            guard servers.updateValue(String(sides[1]), forKey: name) == nil else {
                throw ValidationError("--kafka: \(name) is named twice")
            }
        }
        let remote = servers.keys.filter { !regions.contains($0) }.sorted()
        if let remote = remote.first, let silent = regions.first(where: { servers[$0] == nil }) {
            throw ValidationError(
                "--kafka: \(remote) is a region of another process, which can know \(silent) only by Kafka: name its cluster too, as in --kafka \(silent)=broker:9092"
            )
        }
        guard servers.count <= Serve.regionsMax else {
            throw ValidationError("--kafka: at most \(Serve.regionsMax) regions, those of other processes included")
        }
        return servers
    }

    /// The regions of other processes.
    func remoteRegions(_ regions: [RegionName]) throws -> [RegionName] {
        (try servers(regions)?.keys.filter { !regions.contains($0) } ?? []).sorted()
    }

    private func retentionMilliseconds() throws -> Int64 {
        if topicRetention == "forever" { return -1 }
        let hours = topicRetention.last == "h" ? 1 : topicRetention.last == "d" ? 24 : nil as Int64?
        guard let hours, let count = Int64(topicRetention.dropLast()), (1...1_000_000).contains(count),
            count * hours * 3_600_000 >= TransportConfiguration.retentionMillisecondsMin
        else {
            throw ValidationError(
                "--topic-retention must be hours or days, as in 48h or 7d, at least 24h, or forever; not '\(topicRetention)'"
            )
        }
        return count * hours * 3_600_000
    }

    /// Nil without `--kafka`. Does not wait for the clusters to be there.
    func transport(_ regions: [RegionName], logger: Logger) throws -> LogTransport? {
        guard !clusters.isEmpty, let names = TopicNames(prefix: topicPrefix) else { return nil }
        do {
            var configuration: TransportConfiguration
            if let servers = try servers(regions) {
                var logs: [RegionName: any RecordLog] = [:]
                for (name, brokers) in servers {
                    let own = try properties(of: name, Array(servers.keys))
                    logs[name] = try KafkaLog(
                        own.merging(KafkaProperties(bootstrapServers: brokers)), logger: logger)
                }
                configuration = TransportConfiguration(logs: logs, servers: servers, names: names)
            } else {
                let cluster = try MockKafkaCluster()
                var logs: [RegionName: any RecordLog] = [:]
                for name in regions {
                    logs[name] = try KafkaLog(cluster, properties(of: name, regions), logger: logger)
                }
                let servers = Dictionary(uniqueKeysWithValues: regions.map { ($0, cluster.bootstrapServers) })
                configuration = TransportConfiguration(logs: logs, servers: servers, names: names)
                configuration.isEmbedded = true
            }
            configuration.format = recordFormat
            configuration.partitions = topicPartitions
            configuration.replicationFactor = topicReplicationFactor
            configuration.retentionMilliseconds = try retentionMilliseconds()
            configuration.compression = kafkaCompression
            return LogTransport(configuration, logger: logger)
        } catch let error as RecordLogError {
            throw CommandFailure("--kafka: \(error)")
        }
    }

    /// The file's properties, then those of the command line, the region's own last.
    private func properties(of region: RegionName, _ regions: [RegionName]) throws -> KafkaProperties {
        var found = KafkaProperties()
        if let propertiesFile { try found.setAll(inFile: propertiesFile) }
        let own = "\(region):"
        for property in properties where !regions.contains(where: { property.hasPrefix("\($0):") }) {
            try found.set(property)
        }
        for property in properties where property.hasPrefix(own) {
            try found.set(String(property.dropFirst(own.count)))
        }
        return found
    }

    /// What the start-up output says, a line each.
    ///
    /// - Parameter regions: those of this process.
    func startLines(_ configuration: TransportConfiguration, _ regions: [RegionName]) -> [String] {
        let formats = "topics \(topicPrefix).*, values \(recordFormat.rawValue)"
        guard configuration.isEmbedded else {
            let held = regions.sorted().compactMap { name in
                configuration.servers[name].map { "\(name) at \($0) (\(formats))" }
            }
            let remote = configuration.servers.filter { !regions.contains($0.key) }.sorted { $0.key < $1.key }
            return held + remote.map { "\($0.key) at \($0.value) (served by another process)" }
        }
        return [
            "\(configuration.servers.values.first ?? "") (embedded; \(formats))",
            "an embedded cluster is in memory and ends with this process; a topic partition keeps 5 MiB,",
            "what is older vanishes without a word. It listens on 127.0.0.1 only.",
        ]
    }
}

extension KafkaProperties {
    /// Sets the properties that are in a file of `--kafka-properties-file`.
    mutating func setAll(inFile file: String) throws {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandFailure("--kafka-properties-file \(file) cannot be read")
        }
        try setAll(inText: text, ofFile: file)
    }
}

extension RecordFormat: ExpressibleByArgument {}
extension Compression: ExpressibleByArgument {}
