/// A self-managed Kafka cluster as event source (reference `event-source-mapping.md` 1, 5): checked as Lambda does, and then refused.
struct KafkaSource {
    static let serversMax = 10
    static let accessConfigurationsMax = 22
    private static let accessTypes = [
        "BASIC_AUTH", "VPC_SUBNET", "VPC_SECURITY_GROUP", "SASL_SCRAM_512_AUTH", "SASL_SCRAM_256_AUTH", "VIRTUAL_HOST",
        "CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE",
    ]

    let bootstrapServers: [String]
    let topic: String

    /// Nil when the request names no such source.
    init?(_ members: LambdaMembers) throws(LambdaError) {
        guard let source = try members.object("SelfManagedEventSource") else { return nil }
        let servers = try source.object("Endpoints")?.strings("KAFKA_BOOTSTRAP_SERVERS") ?? []
        let topics = try members.strings("Topics") ?? []
        let accesses = try members.objects("SourceAccessConfigurations")
        let group = try members.object("SelfManagedKafkaEventSourceConfig")?.string("ConsumerGroupId")
        var constraints = Constraints()
        Self.check(servers: servers, topics: topics, &constraints)
        if let accesses {
            constraints.checkCount(
                accesses.count, shown: "\(accesses.count) members", at: "sourceAccessConfigurations",
                0...Self.accessConfigurationsMax)
            for access in accesses {
                constraints.checkEnum(try access.string("Type"), at: access.path("Type"), Self.accessTypes)
                constraints.checkLength(try access.string("URI"), at: access.path("URI"), 1...200)
            }
        }
        constraints.checkLength(group, at: "selfManagedKafkaEventSourceConfig.consumerGroupId", 1...200)
        try constraints.throwLambdaErrorIfViolated()
        if accesses == nil { throw .invalidParameter("Required 'sourceAccessConfigurations' parameter is missing.") }
        bootstrapServers = servers
        topic = topics[0]
    }

    private static func check(servers: [String], topics: [String], _ constraints: inout Constraints) {
        let endpoints = "selfManagedEventSource.endpoints"
        constraints.checkCount(servers.count, shown: "\(servers)", at: endpoints, 1...serversMax)
        for server in servers {
            constraints.checkLength(server, at: endpoints, 1...300)
            constraints.checkPattern(server, at: endpoints, serverPattern)
        }
        constraints.checkCount(topics.count, shown: "\(topics)", at: "topics", 1...1)
        for topic in topics {
            constraints.checkLength(topic, at: "topics.1.member", 1...249)
            constraints.checkPattern(topic, at: "topics.1.member", topicPattern)
        }
    }

    private static let serverPattern = LambdaPattern(
        text: #"(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])\.)*"#
            + #"([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9]):[0-9]{1,5}"#
    ) { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && (1...5).contains(parts[1].utf8.count) && UInt32(parts[1]) != nil
            && !parts[1].hasPrefix("+")
            && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { FunctionNameParts.isNameCharacter($0) && $0 != UInt8(ascii: "_") }
            }
    }
    static let topicPattern = LambdaPattern(text: #"[^.]([a-zA-Z0-9\-_.]+)"#) { text in
        text.utf8.count > 1 && !text.hasPrefix(".")
            && text.dropFirst().utf8.allSatisfy { FunctionNameParts.isNameCharacter($0) || $0 == UInt8(ascii: ".") }
    }
}
