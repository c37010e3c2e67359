public import EventPattern
public import EventSource
public import Replication

/// An event handler as a value: which records it wants, how they come, and what it does with them.
///
/// The same value runs in a process of its own (`HandlerRuntime`), inside a server that it is registered with, and in a test (`HandlerDriver`).
/// In a process of its own, handler.yaml says which records come: `tables`, `regions`, `filters` and `settings` then count in tests only.
public struct Handler: Sendable {
    public typealias Body = @Sendable (HandlerBatch, HandlerContext) async throws -> HandlerResponse
    /// From the event's JSON to the response's.
    package typealias Invoke = @Sendable (_ payload: [UInt8], HandlerContext) async -> Result<[UInt8], HandlerFailure>

    /// The most filters of a handler (reference `event-filtering.md` 1).
    public static let filtersMax = 10
    public static let timeoutMillisecondsRange: ClosedRange<UInt64> = 1_000...900_000
    /// How long an invocation may take unless the handler says otherwise, in milliseconds.
    public static let timeoutMillisecondsDefault: UInt64 = 30_000

    /// 1 to 64 letters, digits, hyphens and underscores.
    public let name: String
    public var tables: TableSelection
    /// Nil: all that the server holds.
    public var regions: [RegionName]?
    /// A record comes when one of them matches; all come when there are none.
    public var filters: [FilterPattern]
    public var settings: MappingSettings
    public var timeoutMilliseconds: UInt64
    private let invoke: Invoke

    public init(
        name: String, tables: TableSelection = .all, regions: [RegionName]? = nil, filters: [FilterPattern] = [],
        settings: MappingSettings = .handler, timeoutMilliseconds: UInt64 = Handler.timeoutMillisecondsDefault,
        body: @escaping Body
    ) {
        self.init(
            name: name, tables: tables, regions: regions, filters: filters, settings: settings,
            timeoutMilliseconds: timeoutMilliseconds
        ) { payload, context in
            do {
                let batch = try HandlerBatch(parsing: payload)
                return .success(try await body(batch, context).json(window: batch.window))
            } catch {
                return .failure(HandlerFailure(error))
            }
        }
    }

    /// A handler whose code is elsewhere, in a process of its own for instance.
    package init(
        name: String, tables: TableSelection, regions: [RegionName]?, filters: [FilterPattern],
        settings: MappingSettings, timeoutMilliseconds: UInt64, invoke: @escaping Invoke
    ) {
        self.name = name
        self.tables = tables
        self.regions = regions
        self.filters = filters
        self.settings = settings
        self.timeoutMilliseconds = timeoutMilliseconds
        self.invoke = invoke
    }

    /// Everything that keeps the handler from being used, as sentences; empty when all is well.
    public var violations: [String] {
        var found: [String] = []
        if !HandlerName.isValid(name) { found.append("name \(HandlerName.rule), but is \"\(name)\"") }
        if filters.count > Self.filtersMax {
            found.append("filters must be at most \(Self.filtersMax), but are \(filters.count)")
        }
        if !Self.timeoutMillisecondsRange.contains(timeoutMilliseconds) {
            let range = Self.timeoutMillisecondsRange
            found.append(
                "timeoutMilliseconds must be \(range.lowerBound) to \(range.upperBound), but is \(timeoutMilliseconds)")
        }
        return found + settings.violations.map(\.description)
    }

    /// One invocation, from the event's JSON to the response's, as a Lambda function does it. Never throws: a failing handler is a result.
    public func respond(to payload: [UInt8], _ context: HandlerContext) async -> Result<[UInt8], HandlerFailure> {
        await invoke(payload, context)
    }
}

/// Which tables' streams a handler reads.
public enum TableSelection: Sendable, Equatable {
    /// Every table with a stream, those made later too.
    case all
    /// Tables that need not exist yet.
    case named([String])

    public func contains(_ table: String) -> Bool {
        switch self {
        case .all: true
        case .named(let names): names.contains(table)
        }
    }
}

/// Names of handlers are names of Lambda functions.
public enum HandlerName {
    public static let lengthMax = 64
    public static let rule = "must be 1 to \(lengthMax) letters, digits, hyphens and underscores"

    public static func isValid(_ name: String) -> Bool {
        (1...lengthMax).contains(name.utf8.count) && name.utf8.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension MappingSettings {
    /// The settings of handlers that do not say otherwise, in handler.yaml and in Swift.
    ///
    /// They differ from Lambda's where those let one bad record hold up all others of its shard for a day:
    /// * 4 lanes instead of 1: a record that fails holds up a quarter of the items.
    /// * 8 retries instead of as many as fit into a day: with the back-off about 25 seconds, then the record is given up (and goes to the
    ///   OnFailure destination).
    /// * A failing batch is halved, so that its good records do not share the fate of the bad one.
    /// * `batchItemFailures` counts: a response that names failed records would otherwise mean that all are done.
    /// * A new handler begins with the next change (LATEST), not with the last day's: dropping a folder into `Handlers` should not replay
    ///   thousands of old changes into whatever it calls.
    public static let handler = MappingSettings(
        parallelizationFactor: 4, retryAttemptsMax: 8, bisectsBatchOnError: true, reportsBatchItemFailures: true,
        startingPosition: .latest)
}

extension FilterPattern {
    /// A filter from its JSON text, as in `filters: [try .pattern(#"{"eventName":["INSERT"]}"#)]`.
    public static func pattern(_ json: String) throws(PatternError) -> FilterPattern {
        try FilterPattern(parsing: Array(json.utf8))
    }
}
