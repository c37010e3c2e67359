/// Matches events against a `PatternSet`, one after another. It keeps its working memory from event to event, so that matching makes no
/// allocations once it has seen the largest events.
///
/// Use one for each thread; begin with a new one when the set is replaced.
public struct PatternMatcher: Sendable {
    let program: PatternProgram
    var leaves: LeafTable
    private var search: RuleSearch

    public init(_ set: PatternSet) {
        program = set.program
        leaves = LeafTable(pathCount: program.tables.paths.count)
        search = RuleSearch(program.tables)
    }

    /// The identifiers of the patterns that match the last event, each pattern once, in no particular order.
    public var matches: [Int] { search.matches }

    /// Matches an event given as JSON text: one object, as a Lambda function would get it.
    public mutating func match(json: UnsafeRawBufferPointer) throws(EventError) {
        leaves.removeAll()
        var scanner = EventScanner(json, program)
        do throws(EventError) {
            try scanner.scan(into: &leaves)
        } catch {
            forget()
            throw error
        }
        findMatches()
    }

    public mutating func match(json: [UInt8]) throws(EventError) {
        try json.withUnsafeBufferPointer { (json) throws(EventError) in
            try match(json: UnsafeRawBufferPointer(json))
        }
    }

    /// Nothing matches what cannot be read.
    mutating func forget() {
        leaves.removeAll()
        search.removeAll()
    }

    /// Whether one rule holds for the leaves of the last event.
    mutating func holds(rule: Int) -> Bool {
        search.holds(program.tables.rules[rule], program, leaves)
    }

    mutating func findMatches() {
        guard !leaves.scratch.isEmpty else { return search.run(program, leaves) }
        let texts = leaves.scratch
        texts.withUnsafeBytes {
            leaves.settle($0)
            search.run(program, leaves)
        }
    }
}
