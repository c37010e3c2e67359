import ChangeStream
import EventPattern

/// The handler's filters, applied as the server does.
struct DriverFilter: Sendable {
    private let context: RecordContext
    /// Nil: everything matches.
    private var matcher: PatternMatcher?

    init(_ filters: [FilterPattern], _ context: RecordContext) {
        self.context = context
        guard !filters.isEmpty else { return }
        let patterns = filters.enumerated().map { (identifier: $0.offset, pattern: $0.element) }
        matcher = PatternMatcher(PatternSet(patterns))
    }

    mutating func matches(_ record: ChangeRecord) -> Bool {
        matcher?.match(record, in: context)
        return matcher.map { !$0.matches.isEmpty } ?? true
    }
    /// A record that was written down is matched as it stands.
    mutating func matches(event: [UInt8]) throws(EventError) -> Bool {
        try matcher?.match(json: event)
        return matcher.map { !$0.matches.isEmpty } ?? true
    }
}
