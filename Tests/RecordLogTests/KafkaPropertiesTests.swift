import KafkaLog
import Logging
import RecordLog
import Synchronization
import Testing

/// Properties of librdkafka as users give them.
@Suite struct KafkaPropertiesTests {
    @Test(
        "what librdkafka refuses is told in its words",
        arguments: [
            ("no.such=1", "Kafka property \"no.such\": No such configuration property: \"no.such\""),
            (
                "linger.ms=soon",
                "Kafka property \"linger.ms\": Invalid value for configuration property \"queue.buffering.max.ms\""
            ),
            ("enable.idempotence=false", "Kafka property \"enable.idempotence\" is set by Tributary itself"),
            ("request.required.acks=1", "Kafka property \"request.required.acks\" is set by Tributary itself"),
            ("linger.ms", "a Kafka property is written NAME=VALUE"),
            ("=1", "a Kafka property is written NAME=VALUE"),
        ])
    func refusedProperties(text: String, reason: String) {
        var properties = KafkaProperties()
        #expect(throws: RecordLogError.invalidConfiguration(reason: reason)) { try properties.set(text) }
    }

    @Test func readsAFile() throws {
        var properties = KafkaProperties()
        try properties.setAll(
            inText: """
                # Where the brokers are
                metadata.broker.list = one:9092,two:9092

                ! Credentials
                security.protocol=SASL_SSL
                sasl.mechanism=SCRAM-SHA-512
                sasl.username = tributary\r
                sasl.password=open=sesame
                linger.ms=5
                linger.ms=2
                """, ofFile: "kafka.properties")
        #expect(properties.bootstrapServers == "one:9092,two:9092")
        #expect(
            properties.description
                == "metadata.broker.list=one:9092,two:9092 security.protocol=SASL_SSL sasl.mechanism=SCRAM-SHA-512 "
                + "sasl.username=tributary sasl.password=(secret) linger.ms=2")
    }

    @Test func namesFileAndLineOfAnError() {
        var properties = KafkaProperties()
        let reason = "k.properties, line 3: Kafka property \"b\": No such configuration property: \"b\""
        #expect(throws: RecordLogError.invalidConfiguration(reason: reason)) {
            try properties.setAll(inText: "linger.ms=1\n\nb=2\n", ofFile: "k.properties")
        }
    }

    @Test(
        "secrets are shown nowhere",
        arguments: [
            "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.config",
        ])
    func secrets(name: String) throws {
        var properties = KafkaProperties()
        try properties.set("\(name)=hunter2")
        var dumped = ""
        dump(properties, to: &dumped)
        for text in [properties.description, "\(properties)", String(reflecting: properties), dumped] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains(name))
        }
    }

    @Test func laterPropertiesCoverEarlierOnes() throws {
        var common = KafkaProperties()
        try common.set("metadata.broker.list=common:1")
        try common.set("linger.ms=1")
        let merged = common.merging(try KafkaProperties(bootstrapServers: "own:2"))
        #expect(merged.description == "linger.ms=1 bootstrap.servers=own:2")
    }

    @Test(
        "the packaged librdkafka can do what real clusters ask for",
        arguments: [
            ["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", "sasl.username=u", "sasl.password=p"],
            ["security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-256", "sasl.username=u", "sasl.password=p"],
            ["security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512", "sasl.username=u", "sasl.password=p"],
            ["security.protocol=SSL", "ssl.ca.location=probe", "ssl.endpoint.identification.algorithm=https"],
        ])
    func securityProperties(lines: [String]) throws {
        var properties = try KafkaProperties(bootstrapServers: "127.0.0.1:1")
        for line in lines { try properties.set(line) }
        let log = try KafkaLog(properties, logger: quiet)
        let producer = try log.makeProducer(ProducerSettings()) { _ in }
        producer.close()
    }

    @Test(
        "a certificate that is not there is told when the log is made",
        arguments: ["ssl.ca.location", "ssl.certificate.location", "ssl.key.location"])
    func missingCertificate(name: String) throws {
        var properties = try KafkaProperties(bootstrapServers: "127.0.0.1:1")
        try properties.set("security.protocol=ssl")
        try properties.set("\(name)=/does/not/exist.pem")
        #expect {
            _ = try KafkaLog(properties, logger: quiet)
        } throws: { error in
            guard case .invalidConfiguration(let reason) = error as? RecordLogError else { return false }
            return reason.contains(name)
        }
    }

    @Test func aLogNeedsBrokers() {
        let reason = "no Kafka brokers are named (bootstrap.servers)"
        #expect(throws: RecordLogError.invalidConfiguration(reason: reason)) {
            _ = try KafkaLog(KafkaProperties(), logger: quiet)
        }
    }

    @Test func whatLibrdkafkaSaysGoesToTheLogger() throws {
        let lines = LogLines()
        let logger = Logger(label: "test") { _ in lines.handler }
        let log = try KafkaLog(KafkaProperties(bootstrapServers: "127.0.0.1:1"), logger: logger)
        let producer = try TestProducer(log: log, settings: ProducerSettings())
        try producer.append([LogMessage(value: "a")], to: "topic")
        try until("it complains") {
            lines.all.contains { $0.contains("127.0.0.1:1") && $0.hasPrefix("warning kafka: ") }
        }
        producer.producer.close()
    }
}

/// Keeps what is logged.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var handler: any LogHandler { Handler(lines: self) }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.level) \(event.message)") }
        }
    }
}
