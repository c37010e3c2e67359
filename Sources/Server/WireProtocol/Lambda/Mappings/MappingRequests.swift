import EventSource
import JSONBytes
import Replication

/// CreateEventSourceMapping (reference `event-source-mapping.md` 1, 2): checked as far as that needs neither functions nor streams.
public struct CreateEventSourceMappingRequest: Sendable, Equatable {
    let function: FunctionReference
    let streamARN: String
    let startingPosition: StartingPosition
    let changes: MappingChanges
    let tags: [String: String]

    init(_ members: LambdaMembers, in region: RegionName) throws(LambdaError) {
        let source = try members.string("EventSourceArn")
        let position = try members.string("StartingPosition")
        var constraints = Constraints()
        constraints.checkPattern(source, at: "eventSourceArn", Self.arnPattern)
        constraints.require(members.has("FunctionName"), at: "functionName")
        constraints.checkEnum(
            position, at: "startingPosition", ["LATEST", Self.atTimestamp, "TRIM_HORIZON"])
        try constraints.throwLambdaErrorIfViolated()
        let changes = try MappingChanges(members, in: region)
        guard let function = changes.function else { throw .validation("functionName is missing") }

        if source == nil, try KafkaSource(members) != nil {
            if position == Self.atTimestamp, try members.timestamp("StartingPositionTimestamp") == nil {
                throw .invalidParameter("StartingPositionTimestamp is required for the StartingPosition AT_TIMESTAMP.")
            }
            throw .hasNoKafkaSources
        }
        guard let source else { throw .invalidParameter("Unrecognized event source.") }
        self.function = function
        self.changes = changes
        streamARN = try Self.stream(source)
        startingPosition = try Self.startingPosition(position, source)
        try Self.refuseKafkaMembers(members)
        tags = try LambdaTags.checked(try members.map("Tags") ?? [:])
    }

    /// The mapping to be kept.
    /// - Parameter uuid: a new one.
    public func definition(
        uuid: String, _ facts: MappingFacts
    ) throws(LambdaError) -> EventSourceMappingDefinition {
        var settings = MappingSettings()
        settings.startingPosition = startingPosition
        let mapping = EventSourceMappingDefinition(
            uuid: uuid, function: function, streamARN: streamARN, settings: settings, tags: tags,
            createdMilliseconds: facts.nowMilliseconds, modifiedMilliseconds: facts.nowMilliseconds)
        return try mapping.applying(changes, facts)
    }

    private static let atTimestamp = "AT_TIMESTAMP"

    private static func stream(_ source: String) throws(LambdaError) -> String {
        guard let arn = ResourceARN(source), arn.service == "dynamodb" else {
            throw .invalidParameter(
                "Unrecognized event source. Event sources of this server are streams of DynamoDB tables, and not "
                    + "\(source).")
        }
        return source
    }

    private static func startingPosition(
        _ position: String?, _ source: String
    ) throws(LambdaError) -> StartingPosition {
        guard let position else {
            throw .invalidParameter(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member "
                    + "must not be null.")
        }
        guard let known = StartingPosition(rawValue: position) else {
            throw .invalidParameter("Unsupported starting position for arn type: \(source)")
        }
        return known
    }

    private static func refuseKafkaMembers(_ members: LambdaMembers) throws(LambdaError) {
        let names: [StaticString] = [
            "Topics", "SourceAccessConfigurations", "SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig",
            "StartingPositionTimestamp",
        ]
        if let name = members.firstFilled(names) { throw .unsupportedForStreams("\(name)") }
    }

    private static let arnPattern = LambdaPattern(
        text: #"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)"#
    ) { text in
        guard let arn = ResourceARN(text), arn.partition.hasPrefix("aws"), !arn.service.isEmpty else { return false }
        let digits = arn.account.utf8.allSatisfy(\.isDigit)
        return (arn.account.isEmpty || arn.account.utf8.count == 12 && digits)
            && arn.service.utf8.allSatisfy { FunctionNameParts.isNameCharacter($0) && $0 != UInt8(ascii: "_") }
            && (arn.region.isEmpty || RegionName(arn.region) != nil)
    }
}

/// UpdateEventSourceMapping. What identifies the source cannot change and is ignored.
public struct UpdateEventSourceMappingRequest: Sendable, Equatable {
    public let uuid: String
    public let changes: MappingChanges
}

/// ListEventSourceMappings: those of a stream, of a function, or all.
public struct ListEventSourceMappingsRequest: Sendable, Equatable {
    /// The page when the client asks for none.
    static let pageCountDefault = 100

    let streamARN: String?
    let function: FunctionReference?
    let page: ListPage

    init(_ query: QueryFields, in region: RegionName) throws(LambdaError) {
        streamARN = query["EventSourceArn"]
        function = try query["FunctionName"].map { (text) throws(LambdaError) in
            try FunctionReference(text, in: region, lengthMax: FunctionReference.qualifiedTextLengthMax)
        }
        page = try ListPage(query, defaultCount: Self.pageCountDefault)
    }

    private func names(_ mapping: EventSourceMappingDefinition) -> Bool {
        (streamARN == nil || mapping.streamARN == streamARN)
            && (function == nil || mapping.function.name == function?.name)
            && (function?.qualifier == nil || mapping.function.qualifier == function?.qualifier)
    }

    /// - Parameter views: all mappings of the region.
    public func response(_ views: [EventSourceMappingView]) -> LambdaResponse {
        let (shown, nextMarker) = page.cut(views.filter { names($0.definition) }) { $0.listKey }
        return .object { writer in
            writer.key("EventSourceMappings")
            writer.beginArray()
            for view in shown { view.append(to: &writer) }
            writer.endArray()
            if let nextMarker {
                writer.key("NextMarker")
                writer.string(nextMarker)
            }
        }
    }
}
