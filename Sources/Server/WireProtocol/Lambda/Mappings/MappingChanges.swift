import EventPattern
import Replication

/// The members that CreateEventSourceMapping and UpdateEventSourceMapping share; nil where the request says nothing.
public struct MappingChanges: Sendable, Equatable {
    let function: FunctionReference?
    let isEnabled: Bool?
    let settings: MappingSettingsChange
    /// Empty for `{}` and `{"Filters":[]}`, which clear the criteria.
    let filterPatterns: [String]?
    /// What the request says of OnFailure.
    let destination: DestinationChange?
    let metrics: [String]?
    let logLevel: String?

    enum DestinationChange: Sendable, Equatable {
        case remove
        case set(OnFailureDestination)
    }

    /// Checks what needs neither functions nor streams.
    init(_ members: LambdaMembers, in region: RegionName) throws(LambdaError) {
        isEnabled = try members.boolean("Enabled")
        settings = try MappingSettingsChange(members)
        metrics = try members.object("MetricsConfig").flatMap { (config) throws(LambdaError) in
            try config.strings("Metrics")
        }
        logLevel = try members.object("LoggingConfig")?.string("SystemLogLevel")
        let patterns = try Self.patterns(members)
        let destinations = try members.object("DestinationConfig")
        let destinationText = try destinations?.object("OnFailure")?.string("Destination")

        var constraints = Constraints()
        settings.check(&constraints)
        constraints.checkChoices(
            metrics, at: "metricsConfig.metrics", countMax: 3, ["EventCount", "ErrorCount", "KafkaMetrics"])
        constraints.checkEnum(logLevel, at: "loggingConfig.systemLogLevel", ["DEBUG", "INFO", "WARN"])
        for (index, pattern) in (patterns ?? []).enumerated() {
            constraints.checkLength(
                pattern, at: "filterCriteria.filters.\(index + 1).member.pattern",
                0...EventSourceMappingDefinition.patternLengthMax)
        }
        constraints.checkLength(
            destinationText, at: "destinationConfig.onFailure.destination", 0...OnFailureDestination.lengthMax)
        try constraints.throwLambdaErrorIfViolated()

        function = try members.string("FunctionName").map { (text) throws(LambdaError) in
            try FunctionReference(text, in: region, lengthMax: FunctionReference.qualifiedTextLengthMax)
        }
        if try destinations?.object("OnSuccess")?.firstFilled(["Destination"]) != nil {
            throw .unsupportedForStreams("DestinationConfig")
        }
        try Self.refuseOtherSources(members)
        try Self.check(patterns ?? [])
        filterPatterns = patterns
        let set = try OnFailureDestination(destinationText ?? "", in: region)
        destination = destinations == nil ? nil : set.map { .set($0) } ?? .remove
    }

    /// What belongs to sources that are not here, or would silently do nothing.
    private static func refuseOtherSources(_ members: LambdaMembers) throws(LambdaError) {
        let names: [StaticString] = [
            "ScalingConfig", "DocumentDBEventSourceConfig", "AmazonManagedKafkaEventSourceConfig", "Queues",
            "ProvisionedPollerConfig",
        ]
        if let name = members.firstFilled(names) { throw .unsupportedForStreams("\(name)") }
        if members.firstFilled(["KMSKeyArn"]) != nil {
            throw .invalidParameter("KMSKeyArn is not supported: filter criteria are kept as they are given.")
        }
    }

    private static func patterns(_ members: LambdaMembers) throws(LambdaError) -> [String]? {
        guard let criteria = try members.object("FilterCriteria") else { return nil }
        var patterns: [String] = []
        for filter in try criteria.objects("Filters") ?? [] {
            guard let pattern = try filter.string("Pattern") else { throw .invalidFilterPattern }
            patterns.append(pattern)
        }
        return patterns
    }

    private static func check(_ patterns: [String]) throws(LambdaError) {
        for pattern in patterns {
            do throws(PatternError) {
                _ = try FilterPattern(pattern)
            } catch {
                throw .invalidFilterPattern
            }
        }
    }
}

extension LambdaError {
    static let invalidFilterPattern = invalidParameter("Invalid filter pattern definition.")

    static func unsupportedForStreams(_ member: String) -> LambdaError {
        .invalidParameter("Unsupported \(member) parameter for given event source mapping type.")
    }
}
