import EventPattern

/// Whether the pattern matches the event.
func matches(_ pattern: String, _ event: String) throws -> Bool {
    var matcher = PatternMatcher(PatternSet(try FilterPattern(pattern)))
    try matcher.match(json: Array(event.utf8))
    return !matcher.matches.isEmpty
}

/// Why the pattern is refused; nil when it is not.
func refusal(_ pattern: String) -> PatternError? {
    do throws(PatternError) {
        _ = try FilterPattern(pattern)
        return nil
    } catch {
        return error
    }
}
