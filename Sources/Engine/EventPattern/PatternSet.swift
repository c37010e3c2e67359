public import Bytes

/// Patterns compiled together, to be matched against an event all at once: an immutable value that any number of `PatternMatcher`s
/// share, and that its owner may replace by another while they run.
///
/// Time per event hardly depends on the number of patterns, as long as each asks somewhere for a value of its own: a string, a prefix
/// or suffix, a number. Patterns that ask for nothing but ranges, `anything-but`, `exists`, `cidr` or inner wildcards are tried one by
/// one for each event that has the field.
public struct PatternSet: Sendable {
    let program: PatternProgram

    /// - Parameter patterns: in any number; an identifier may stand for several patterns, and is then reported for each that matches.
    public init(_ patterns: [(identifier: Int, pattern: FilterPattern)]) {
        var builder = PatternTablesBuilder()
        for (_, pattern) in patterns { builder.add(pattern) }
        program = PatternProgram(builder.build(), identifiers: patterns.map(\.identifier))
    }

    /// One pattern, with the identifier 0.
    public init(_ pattern: FilterPattern) {
        self.init([(identifier: 0, pattern: pattern)])
    }

    /// The identifiers, in the order of the patterns.
    public var identifiers: [Int] { program.identifiers }

    /// What the compiled form takes, in bytes.
    public var byteCount: Int {
        program.tables.byteCount + program.identifiers.capacity * MemoryLayout<Int>.stride
    }

    /// The fields that some pattern names, their names joined by dots: the only ones that are read of an event.
    public var paths: [Text] { program.tables.pathNames }
}
