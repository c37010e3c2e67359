import Bytes

/// The compiled form of a set of patterns: flat arrays that refer to each other by index, so that all handlers of a stream share them
/// and matching follows no references.
struct PatternTables: Sendable {
    /// A run of elements of another array.
    struct Run: Sendable {
        var start: UInt32 = 0
        var count: UInt32 = 0

        @inline(__always)
        var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
        @inline(__always)
        var isEmpty: Bool { count == 0 }
    }

    /// One `LeafMatcher`.
    struct Matcher: Sendable {
        enum Kind: UInt8, Sendable {
            case string, number, booleanTrue, booleanFalse, null
            case prefix, suffix
            case equalsIgnoringASCIICase, prefixIgnoringASCIICase, suffixIgnoringASCIICase
            case equalsIgnoringCase, prefixIgnoringCase, suffixIgnoringCase
            case wildcard, numericRange, addressRange, exists, absent, anythingBut
        }

        var kind: Kind
        /// Among `bytes`; for `anythingBut` among `matchers`; for `addressRange` the index among `addresses`.
        var content = Run()
        /// Bounds of a range, or a number in both; not a number when a written number cannot be compared.
        var range = NumericRange()
    }

    /// What a conjunction asks of one path.
    struct Condition: Sendable {
        var path: Int32
        var matchers: Run
        /// One of the matchers is `absent`.
        var acceptsAbsence: Bool
    }

    /// One conjunction.
    struct Rule: Sendable {
        var conditions: Run
        /// Index among the patterns of the set.
        var pattern: UInt32
    }

    /// How the rules that hang on a path are found from its leaves. Each rule hangs on one of its paths.
    struct PathPlan: Sendable {
        /// Some matcher compares numbers here.
        var comparesNumbers = false
        var hasStrings = false
        var hasNumbers = false
        var hasLowercased = false
        /// The lengths of the prefixes and suffixes that rules hang on, among `lengths`, each once, ascending.
        var prefixLengths = Run()
        var suffixLengths = Run()
        /// Rules that hang on a literal, among `postings`.
        var booleanTrue = Run()
        var booleanFalse = Run()
        var null = Run()
        /// Rules that must be tried for any leaf here, among `postings`.
        var anyLeaf = Run()
    }

    var bytes: [UInt8] = []
    var matchers: [Matcher] = []
    var addresses: [AddressRange] = []
    var conditions: [Condition] = []
    var rules: [Rule] = []
    var paths: [PathPlan] = []
    var lengths: [UInt32] = []
    /// Indices of rules.
    var postings: [UInt32] = []
    /// Rules that match without any leaf, such as those of nothing but `exists: false`.
    var unanchored: [UInt32] = []
    var anchors = AnchorTable()
    var steps = StepTable(paths: [])
    var pathNames: [Text] = []
    var patternCount = 0

    /// What the tables take, in bytes.
    var byteCount: Int {
        bytes.capacity + lengths.capacity * 4 + (postings.capacity + unanchored.capacity) * 4
            + matchers.capacity * MemoryLayout<Matcher>.stride + addresses.capacity * MemoryLayout<AddressRange>.stride
            + conditions.capacity * MemoryLayout<Condition>.stride + rules.capacity * MemoryLayout<Rule>.stride
            + paths.capacity * MemoryLayout<PathPlan>.stride + anchors.byteCount + steps.byteCount
            + pathNames.reduce(0) { $0 + $1.utf8.capacity + MemoryLayout<Text>.stride }
    }
}

/// The tables of one set behind one reference, so that readers hold them without counting a reference for each array.
final class PatternProgram: Sendable {
    let tables: PatternTables
    let recordNodes: RecordNodes
    let identifiers: [Int]

    init(_ tables: PatternTables, identifiers: [Int]) {
        self.tables = tables
        recordNodes = RecordNodes(tables.steps)
        self.identifiers = identifiers
    }
}
