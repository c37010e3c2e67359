public import EventSource

/// An event source mapping as it is kept: from a stream of this region to a function of this region.
public struct EventSourceMappingDefinition: Sendable, Equatable {
    /// How many filters a mapping may have unless the server is told otherwise, and how many at most.
    public static let filtersDefaultMax = 5
    public static let filtersMax = 10
    /// The longest filter pattern, in characters.
    public static let patternLengthMax = 4096

    public let uuid: String
    /// As the client named it, with its qualifier.
    public var function: FunctionReference
    public let streamARN: String
    public var settings: MappingSettings
    /// Records are delivered that match one of these; all records when there are none.
    public var filterPatterns: [String]
    public var failureDestination: OnFailureDestination?
    public var isEnabled: Bool
    /// Shown and without effect.
    var metrics: [String]?
    var logLevel: String?
    public var tags: [String: String]
    public let createdMilliseconds: UInt64
    public var modifiedMilliseconds: UInt64

    public init(
        uuid: String, function: FunctionReference, streamARN: String, settings: MappingSettings,
        filterPatterns: [String] = [], failureDestination: OnFailureDestination? = nil, isEnabled: Bool = true,
        tags: [String: String] = [:], createdMilliseconds: UInt64, modifiedMilliseconds: UInt64
    ) {
        self.uuid = uuid
        self.function = function
        self.streamARN = streamARN
        self.settings = settings
        self.filterPatterns = filterPatterns
        self.failureDestination = failureDestination
        self.isEnabled = isEnabled
        self.tags = tags
        self.createdMilliseconds = createdMilliseconds
        self.modifiedMilliseconds = modifiedMilliseconds
    }

    public var arn: String { MappingID.arn(uuid, function.region) }

    /// The mapping with these tags, some of which are settings.
    public func tagged(_ tags: [String: String]) throws(LambdaError) -> EventSourceMappingDefinition {
        var mapping = self
        mapping.settings = try MappingTags.applied(tags, to: settings)
        mapping.tags = tags
        return mapping
    }

    /// The mapping with the changes put in place, checked as a whole.
    public func applying(
        _ changes: MappingChanges, _ facts: MappingFacts
    ) throws(LambdaError) -> EventSourceMappingDefinition {
        var mapping = self
        mapping.function = changes.function ?? function
        mapping.settings = try MappingTags.applied(tags, to: try changes.settings.applied(to: settings))
        mapping.filterPatterns = changes.filterPatterns ?? filterPatterns
        switch changes.destination {
        case nil: break
        case .remove: mapping.failureDestination = nil
        case .set(let destination): mapping.failureDestination = destination
        }
        mapping.isEnabled = changes.isEnabled ?? isEnabled
        mapping.metrics = changes.metrics ?? metrics
        mapping.logLevel = changes.logLevel ?? logLevel
        mapping.modifiedMilliseconds = facts.nowMilliseconds
        try facts.check(mapping)
        return mapping
    }
}
