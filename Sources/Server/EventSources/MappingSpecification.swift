public import EventPattern
public import EventSource

/// One event source mapping as it is to run: which stream, which function, how. The Lambda API, `handler.yaml` and code all end here.
public struct MappingSpecification: Sendable, Equatable {
    /// Unique in the region and the same after a restart: the position is kept under it.
    public var id: String
    /// The function in the region's registry.
    public var functionName: String
    /// As records of failures name the function.
    public var functionARN: String
    public var tableName: String
    public var streamARN: String
    public var settings: MappingSettings
    /// ORed; none lets everything pass.
    public var filters: [FilterPattern]
    public var failureDestination: Destination?
    public var isEnabled: Bool
    /// The handler of `handler.yaml` or code that the mapping is of; nil for those of the API. With Kafka it names the consumer group, so
    /// that workers in other processes come to the same.
    public var handlerName: String?

    public init(
        id: String, functionName: String, functionARN: String, tableName: String, streamARN: String,
        settings: MappingSettings, filters: [FilterPattern], failureDestination: Destination?, isEnabled: Bool
    ) {
        self.id = id
        self.functionName = functionName
        self.functionARN = functionARN
        self.tableName = tableName
        self.streamARN = streamARN
        self.settings = settings
        self.filters = filters
        self.failureDestination = failureDestination
        self.isEnabled = isEnabled
    }
}

extension MappingSpecification {
    /// Where records go that the mapping gives up.
    public struct Destination: Sendable, Equatable {
        public enum Target: Sendable, Equatable {
            /// One JSON line for each batch is appended to this file.
            case file(path: String)
            /// One POST for each batch.
            case url(String)
            /// An asynchronous invocation of a function of the region for each batch.
            case function(name: String)
            /// One message for each batch; its key is the function's name.
            case kafkaTopic(String)
        }

        public var target: Target
        /// Whether the failed records go along, as S3 destinations get them, or only where they are in the stream, as queues do.
        public var includesPayload: Bool

        public init(target: Target, includesPayload: Bool) {
            self.target = target
            self.includesPayload = includesPayload
        }
    }
}
