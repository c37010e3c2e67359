import ArgumentParser
import Foundation
import KafkaLog
import Logging
import RecordLog

/// The options of `replay` that name a topic, and the log that it is in.
struct TopicOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read the changes of a table from the Kafka topic that a region published them to, as in tributary.us-east-1.Orders.changes.",
            valueName: "name"))
    var topic: String?

    @Option(
        help: ArgumentHelp(
            "The Kafka cluster of --topic (several brokers separated by commas).", valueName: "host:port"))
    var kafka: String?

    @Option(
        name: .customLong("kafka-property"),
        help: ArgumentHelp(
            "A property of librdkafka, as in security.protocol=SASL_SSL. May be repeated. A secret is better kept in a file.",
            valueName: "name=value"))
    var properties: [String] = []

    @Option(
        name: .customLong("kafka-properties-file"),
        help: ArgumentHelp("A file with properties of librdkafka, one name=value a line.", valueName: "file"))
    var propertiesFile: String?

    func check() throws {
        guard (topic == nil) == (kafka == nil) else {
            throw ValidationError("--topic needs --kafka, and --kafka is for --topic")
        }
        guard kafka != nil || (properties.isEmpty && propertiesFile == nil) else {
            throw ValidationError("--kafka-property and --kafka-properties-file need --kafka")
        }
    }

    /// The log of the cluster. Does not wait for it to be there.
    func log(_ brokers: String, logger: Logger) throws -> any RecordLog {
        do {
            var found = KafkaProperties()
            if let propertiesFile { try found.setAll(inFile: propertiesFile) }
            for property in properties { try found.set(property) }
            return try KafkaLog(found.merging(KafkaProperties(bootstrapServers: brokers)), logger: logger)
        } catch let error as RecordLogError {
            throw CommandFailure("--kafka: \(error)")
        }
    }
}
