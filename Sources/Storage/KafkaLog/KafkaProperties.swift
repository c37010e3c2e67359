import CRdKafka
public import RecordLog

/// Properties of librdkafka, by its names (`security.protocol=SASL_SSL`): where the brokers are, credentials, tuning.
///
/// Each is checked by librdkafka when it is set; files and certificates that they name are read when a client is made. Values of secret
/// properties are never part of a description or an error.
public struct KafkaProperties: Sendable {
    private var values: [(name: String, value: String)] = []

    public init() {}

    /// Properties that only say where the cluster is: `host:port`, several separated by commas.
    public init(bootstrapServers: String) throws(RecordLogError) {
        try set("bootstrap.servers", to: bootstrapServers)
    }

    /// The brokers to begin with; nil when none are named.
    public var bootstrapServers: String? {
        values.last { Self.canonicalName($0.name) == "bootstrap.servers" }?.value
    }

    /// Sets a property; a later value replaces an earlier one. Error: `invalidConfiguration`, in librdkafka's words.
    public mutating func set(_ name: String, to value: String) throws(RecordLogError) {
        if Self.namesSetByTributary.contains(Self.canonicalName(name)) {
            throw .invalidConfiguration(reason: "Kafka property \"\(name)\" is set by Tributary itself")
        }
        let scratch = ClientConfiguration()
        do {
            try scratch.set(name, to: value)
        } catch {
            throw .invalidConfiguration(reason: "Kafka property \"\(name)\": \(redacted(error.text, value, of: name))")
        }
        values.removeAll { Self.canonicalName($0.name) == Self.canonicalName(name) }
        values.append((name, value))
    }

    /// Sets a property from text like `name=value`. Spaces around both are dropped.
    public mutating func set(_ text: String) throws(RecordLogError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].trimmed
        guard parts.count == 2, !name.isEmpty else {
            // The text may be a secret whose name was forgotten.
            throw .invalidConfiguration(reason: "a Kafka property is written NAME=VALUE")
        }
        try set(name, to: parts[1].trimmed)
    }

    /// Sets the properties of a file: one `name=value` a line; empty lines and lines that begin with `#` or `!` are skipped. There are no
    /// escapes and no continued lines. Errors name the file and the line.
    public mutating func setAll(inText text: String, ofFile file: String) throws(RecordLogError) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#"), !line.hasPrefix("!") else { continue }
            do {
                try set(line)
            } catch {
                guard case .invalidConfiguration(let reason) = error else { throw error }
                throw .invalidConfiguration(reason: "\(file), line \(index + 1): \(reason)")
            }
        }
    }

    /// These properties with others over them.
    public func merging(_ others: KafkaProperties) -> KafkaProperties {
        var merged = self
        for (name, value) in others.values {
            merged.values.removeAll { Self.canonicalName($0.name) == Self.canonicalName(name) }
            merged.values.append((name, value))
        }
        return merged
    }

    func apply(to configuration: borrowing ClientConfiguration) throws(KafkaFailure) {
        for (name, value) in values { try configuration.set(name, to: value) }
    }

    /// The text without the values of secrets.
    func redacted(_ text: String) -> String {
        values.reduce(text) { redacted($0, $1.value, of: $1.name) }
    }

    private func redacted(_ text: String, _ value: String, of name: String) -> String {
        guard Self.isSecret(name), !value.isEmpty else { return text }
        return text.replacing(value, with: Self.redaction)
    }
}

extension KafkaProperties {
    /// They carry the guarantees of producers and consumers.
    private static let namesSetByTributary: Set<String> = [
        "acks", "enable.idempotence", "enable.gapless.guarantee", "transactional.id", "delivery.report.only.error",
        "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof", "group.id",
        "log.queue",
    ]

    private static let aliases = [
        "metadata.broker.list": "bootstrap.servers", "request.required.acks": "acks",
        "auto.commit.enable": "enable.auto.commit",
    ]

    private static func canonicalName(_ name: String) -> String { aliases[name] ?? name }

    private static let redaction = "(secret)"

    /// Whether the value must not be shown: passwords, keys, tokens, and configurations that contain them.
    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        let parts = ["password", "secret", "key.pem", "token", "sasl.oauthbearer.config", "sasl.jaas"]
        return parts.contains { name.contains($0) } && !name.hasSuffix(".url")
    }
}

extension KafkaProperties: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        values.map { "\($0.name)=\(Self.isSecret($0.name) ? Self.redaction : $0.value)" }.joined(separator: " ")
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["properties": description]) }
}

extension Substring {
    fileprivate var trimmed: String {
        let isSpace = { (character: Character) in character.isWhitespace }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
