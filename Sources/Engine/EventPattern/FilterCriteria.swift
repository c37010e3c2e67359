/// The filters of one event source mapping: an event that any of them matches is delivered (reference `event-filtering.md` 1).
public struct FilterCriteria: Sendable, Equatable {
    /// Filters that a mapping may have by default.
    public static let filtersDefaultMax = 5
    /// Filters that a mapping may have after its quota was raised as far as it goes.
    public static let filtersMax = 10
    /// The longest pattern, in characters (Unicode scalars).
    public static let patternCharactersMax = 4_096

    public let patterns: [FilterPattern]

    /// - Parameter filtersMax: the quota, at most `FilterCriteria.filtersMax`.
    public init(_ texts: [[UInt8]], filtersMax: Int = filtersDefaultMax) throws(FilterCriteriaError) {
        let quota = min(filtersMax, Self.filtersMax)
        guard texts.count <= quota else { throw .tooManyFilters(count: texts.count, max: quota) }
        var patterns: [FilterPattern] = []
        for (index, text) in texts.enumerated() {
            let characters = text.count { $0 & 0xC0 != 0x80 }
            guard characters <= Self.patternCharactersMax else {
                throw .patternTooLong(index: index, characters: characters)
            }
            do throws(PatternError) {
                patterns.append(try FilterPattern(parsing: text))
            } catch {
                throw .invalidPattern(index: index, error)
            }
        }
        self.patterns = patterns
    }
}

/// Why filters are refused.
public enum FilterCriteriaError: Error, Equatable, Sendable {
    case tooManyFilters(count: Int, max: Int)
    case patternTooLong(index: Int, characters: Int)
    case invalidPattern(index: Int, PatternError)
}
