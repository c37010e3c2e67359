import Bytes
import JSONBytes

/// Takes a pattern's JSON apart into its conjunctions, in the order of the text: what comes later for the same field replaces what
/// came before, and each `$or` multiplies what has been read so far (reference `event-filtering.md` 2 and 3.8).
struct PatternParser {
    private static let alternativesName: Text = "$or"
    /// Names that no field inside `$or` may have.
    private static let reservedNames: Set<Text> = [
        "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
        "=",
        "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after",
        "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range",
    ]

    private let document: JSONDocument
    /// Whether `$or` is the operator, or a field like others.
    private let hasAlternatives: Bool
    /// One dictionary from path to matchers for each combination of alternatives; none before the first field.
    private var combinations: [[Text: [LeafMatcher]]] = []
    private var matcherCount = 0

    init(_ document: JSONDocument, hasAlternatives: Bool = true) {
        self.document = document
        self.hasAlternatives = hasAlternatives
    }

    mutating func parse() throws(PatternError) -> [Conjunction] {
        guard document.kind(document.root) == .object else { throw PatternError("Filter is not an object") }
        try parseObject(document.root, path: nil, isAlternative: false)
        var seen: Set<Conjunction> = []
        return combinations.map { Conjunction($0) }.filter { seen.insert($0).inserted }
    }

    private mutating func parseObject(
        _ node: JSONDocument.Node, path: Text?, isAlternative: Bool
    ) throws(PatternError) {
        var isEmpty = true
        for (key, value) in members(of: node) {
            isEmpty = false
            let name = document.text(key)
            if hasAlternatives, name == Self.alternativesName {
                try parseAlternatives(value, path: path)
                continue
            }
            let inner = path.map { Text(utf8: $0.utf8 + [UInt8(ascii: ".")] + name.utf8) } ?? name
            if isAlternative, Self.reservedNames.contains(name) {
                throw PatternError(
                    "\(name) is Ruler reserved fieldName which cannot be used inside \(Self.alternativesName).",
                    path: inner)
            }
            switch document.kind(value) {
            case .object: try parseObject(value, path: inner, isAlternative: isAlternative)
            case .array: try add(try MatcherParser(document, path: inner).matchers(value), path: inner)
            default: throw PatternError("\"\(name)\" must be an object or an array", path: inner)
            }
        }
        if isEmpty { throw PatternError("Empty objects are not allowed", path: path ?? "") }
    }

    private mutating func parseAlternatives(_ node: JSONDocument.Node, path: Text?) throws(PatternError) {
        let place = path ?? ""
        guard document.kind(node) == .array else {
            throw PatternError("It must be an Array followed with \(Self.alternativesName).", path: place)
        }
        let before = combinations
        let matchersBefore = matcherCount
        var all: [[Text: [LeafMatcher]]] = []
        var alternatives = 0
        matcherCount = 0
        for alternative in elements(of: node) {
            guard document.kind(alternative) == .object else {
                throw PatternError(
                    "Only JSON object is allowed in array of \(Self.alternativesName) relationship.", path: place)
            }
            alternatives += 1
            combinations = before.isEmpty ? [[:]] : before
            matcherCount += matchersBefore
            try parseObject(alternative, path: path, isAlternative: true)
            all += combinations
            try checkLimits(combinations: all.count)
        }
        guard alternatives >= 2 else {
            throw PatternError(
                "There must have at least 2 Objects in \(Self.alternativesName) relationship.", path: place)
        }
        combinations = all
    }

    private mutating func add(_ matchers: [LeafMatcher], path: Text) throws(PatternError) {
        if combinations.isEmpty { combinations = [[:]] }
        let size = matchers.reduce(0) { $0 + $1.size }
        matcherCount += size * combinations.count
        try checkLimits(combinations: combinations.count)
        for index in combinations.indices {
            combinations[index][path] = matchers
            guard combinations[index].count <= FilterPattern.fieldsMax else {
                throw PatternError("The pattern names more than \(FilterPattern.fieldsMax) fields")
            }
        }
    }

    private func checkLimits(combinations count: Int) throws(PatternError) {
        guard count <= FilterPattern.combinationsMax else {
            throw PatternError(
                "The pattern has more than \(FilterPattern.combinationsMax) combinations of \(Self.alternativesName) "
                    + "alternatives")
        }
        guard matcherCount <= FilterPattern.matchersMax else {
            throw PatternError(
                "The pattern has more than \(FilterPattern.matchersMax) tests over all combinations of "
                    + "\(Self.alternativesName) alternatives")
        }
    }

    private func members(of node: JSONDocument.Node) -> [(key: JSONDocument.Node, value: JSONDocument.Node)] {
        var members: [(key: JSONDocument.Node, value: JSONDocument.Node)] = []
        document.forEachMember(of: node) { members.append((key: $0, value: $1)) }
        return members
    }

    private func elements(of node: JSONDocument.Node) -> [JSONDocument.Node] {
        var elements: [JSONDocument.Node] = []
        document.forEachElement(of: node) { elements.append($0) }
        return elements
    }
}

extension LeafMatcher {
    /// How many tests it takes at the most.
    fileprivate var size: Int {
        guard case .anythingBut(let refused) = self else { return 1 }
        return 1 + refused.count
    }
}
