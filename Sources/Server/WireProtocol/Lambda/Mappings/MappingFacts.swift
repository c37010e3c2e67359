public import Replication

/// What decisions about a mapping may know of its region: functions, streams, the mappings that are there, and the time.
public struct MappingFacts: Sendable {
    public let region: RegionName
    public let nowMilliseconds: UInt64
    /// All mappings of the region.
    public let mappings: [EventSourceMappingDefinition]
    public let hasFunction: @Sendable (String) -> Bool
    /// Whether a stream of that ARN can be read.
    public let hasStream: @Sendable (String) -> Bool
    /// Why a Kafka topic cannot take what mappings give up; nil when it can.
    public let refusalOfTopic: RefusalOfTopic
    /// How many filters a mapping may have.
    public let filtersMax: Int

    public typealias RefusalOfTopic = @Sendable (_ topic: String) -> String?
    public static let noKafka: RefusalOfTopic = { _ in "it needs --kafka, and the server runs without" }

    /// - Parameter filtersMax: at most `EventSourceMappingDefinition.filtersMax`, as on AWS after a raised quota.
    public init(
        region: RegionName, nowMilliseconds: UInt64, mappings: [EventSourceMappingDefinition],
        filtersMax: Int = EventSourceMappingDefinition.filtersDefaultMax,
        hasFunction: @escaping @Sendable (String) -> Bool, hasStream: @escaping @Sendable (String) -> Bool,
        refusalOfTopic: @escaping RefusalOfTopic = Self.noKafka
    ) {
        self.region = region
        self.nowMilliseconds = nowMilliseconds
        self.mappings = mappings
        self.filtersMax = min(filtersMax, EventSourceMappingDefinition.filtersMax)
        self.hasFunction = hasFunction
        self.hasStream = hasStream
        self.refusalOfTopic = refusalOfTopic
    }

    /// With the streams that the catalogue has.
    public init(
        _ context: RequestContext, mappings: [EventSourceMappingDefinition],
        filtersMax: Int = EventSourceMappingDefinition.filtersDefaultMax,
        hasFunction: @escaping @Sendable (String) -> Bool, refusalOfTopic: @escaping RefusalOfTopic = Self.noKafka
    ) {
        self.init(
            region: context.region, nowMilliseconds: context.wallMilliseconds, mappings: mappings,
            filtersMax: filtersMax, hasFunction: hasFunction,
            hasStream: { (try? StreamPlace.find($0, in: context)) != nil }, refusalOfTopic: refusalOfTopic)
    }

    /// Checks what holds for every mapping, new or changed.
    func check(_ mapping: EventSourceMappingDefinition) throws(LambdaError) {
        if mapping.filterPatterns.count > filtersMax {
            throw .invalidParameter(
                "The filter criteria have \(mapping.filterPatterns.count) filters, more than the \(filtersMax) that an "
                    + "event source mapping may have.")
        }
        guard mapping.function.isLatest, hasFunction(mapping.function.name) else {
            throw .invalidParameter("Function does not exist")
        }
        guard hasStream(mapping.streamARN) else {
            throw .invalidParameter("Stream not found: \(mapping.streamARN)")
        }
        try checkDestination(mapping)
        let twin = mappings.first { other in
            other.uuid != mapping.uuid && other.streamARN == mapping.streamARN
                && other.function.name == mapping.function.name
        }
        if let twin {
            throw LambdaError(
                .resourceConflict,
                "The event source arn (\" \(mapping.streamARN) \") and function (\" \(mapping.function.name) \") "
                    + "provided mapping already exists. Please update or delete the existing mapping with UUID "
                    + twin.uuid)
        }
    }

    private func checkDestination(_ mapping: EventSourceMappingDefinition) throws(LambdaError) {
        if case .function(let destination) = mapping.failureDestination {
            guard destination.isLatest, hasFunction(destination.name) else {
                throw .invalidParameter("The OnFailure destination does not exist: \(destination.arn)")
            }
        }
        if case .kafkaTopic(let topic) = mapping.failureDestination, let reason = refusalOfTopic(topic) {
            throw .invalidParameter("The OnFailure destination kafka://\(topic) is not possible: \(reason)")
        }
        try DestinationLoop.check(mapping, among: mappings)
    }
}
