public import EventPattern
public import EventSource
public import HandlerKit
public import Replication

/// A handler as its handler.yaml describes it.
public struct HandlerDefinition: Sendable, Equatable {
    public static let timeoutSecondsRange = 1...900
    public static let timeoutMillisecondsDefault = Handler.timeoutMillisecondsDefault
    public static let concurrencyRange = 1...100
    /// Enough for the lanes of one mapping to overlap, few enough for a laptop.
    public static let concurrencyDefault = 2

    /// The folder's name, and the function's.
    public var name: String
    /// The handler's folder: its programs run there, and relative paths begin there.
    public var directory: String
    public var tables: TableSelection
    /// Nil: every region of the process.
    public var regions: [RegionName]?
    /// A record comes when one of them matches; all come when there are none.
    public var filters: [FilterPattern]
    public var settings: MappingSettings
    public var program: HandlerProgram
    /// What the handler's processes find in their environment, beside what every function has.
    public var environment: [String: String]
    public var timeoutMilliseconds: UInt64
    /// How many processes, or requests to a URL, there may be at a time in each region.
    public var concurrencyMax: Int
    /// Where records go that are given up; nil drops them with a line in the log.
    public var failureDestination: FailureDestination?
    public var failurePayload: FailurePayload
    /// Whether records are delivered. A handler that is switched off keeps its place.
    public var isEnabled: Bool

    /// Where records go that are given up unless handler.yaml says otherwise: they are never dropped silently.
    public static let failureFileDefault = "dead-letters.jsonl"
}

/// What handles the records.
public enum HandlerProgram: Sendable, Equatable {
    /// A program that speaks the Runtime API, with its arguments.
    case command([String])
    /// A function as Lambda's Python runtimes have it, run by awslambdaric.
    /// - Parameters:
    ///   - runtime: `python3` or `python3.<minor>`.
    ///   - handler: `module.function`.
    ///   - interpreter: the Python to run; nil finds the runtime's on the path.
    case python(runtime: String, handler: String, interpreter: String?)
    /// An HTTP server that gets each event as a POST.
    case url(String)
}

/// Where records go that are given up.
public enum FailureDestination: Sendable, Equatable {
    /// A file to which a JSON line is added; the path is absolute or begins in the handler's folder.
    case file(String)
    case url(String)
    /// Another handler.
    case handler(String)
    case kafkaTopic(String)
}

/// What a failure destination gets.
public enum FailurePayload: String, Sendable, CaseIterable {
    /// AWS's failure record with the event that failed as its `payload`.
    case records
    /// AWS's failure record alone, which says where the records are.
    case metadata
}
