public import Bytes
import JSONBytes

/// Why a pattern matches an event or not: for each combination of its `$or` alternatives, what each field found.
public struct FilterExplanation: Sendable, Equatable {
    /// The most values of a field that are shown.
    public static let valuesMax = 20

    /// What one field of the pattern found in the event.
    public struct Field: Sendable, Equatable {
        /// The names of the field, joined by dots.
        public var path: Text
        /// Whether the field's condition holds: with the others where all hold together, else by itself.
        public var isMet: Bool
        /// The value that decided, and the part of the pattern that accepts it, both as JSON; nil when none does.
        public var accepted: Accepted?
        /// The values at the path, as JSON, at most `valuesMax`; none when the event has no such field.
        public var values: [String]
        /// How many values there are.
        public var valueCount: Int
        /// What the pattern asks for, as JSON.
        public var wanted: [String]
    }

    public struct Accepted: Sendable, Equatable {
        public var value: String
        public var matcher: String
    }

    public struct Combination: Sendable, Equatable {
        public var holds: Bool
        public var fields: [Field]
        /// Each field finds a value, but not in the same elements of arrays.
        public var isInconsistent: Bool { !holds && fields.allSatisfy(\.isMet) }
    }

    public let matches: Bool
    /// The event matches when one of these holds.
    public let combinations: [Combination]

    public init(of pattern: FilterPattern, on event: [UInt8]) throws(EventError) {
        var matcher = PatternMatcher(PatternSet(pattern))
        combinations = try event.withUnsafeBufferPointer { (event) throws(EventError) in
            try matcher.match(json: UnsafeRawBufferPointer(event))
            return pattern.conjunctions.enumerated().map { number, conjunction in
                matcher.explain(conjunction, rule: number)
            }
        }
        matches = combinations.contains { $0.holds }
    }
}

extension PatternMatcher {
    /// - Parameter rule: the conjunction's number among those of the only pattern of the set.
    fileprivate mutating func explain(_ conjunction: Conjunction, rule: Int) -> FilterExplanation.Combination {
        let conditions = program.tables.rules[rule].conditions.range
        let texts = leaves.scratch
        return texts.withUnsafeBytes { texts in
            leaves.settle(texts)
            let holds = holds(rule: rule)
            let fields = zip(conjunction.conditions, conditions).map {
                explain($0, program.tables.conditions[$1], allHold: holds)
            }
            return FilterExplanation.Combination(holds: holds, fields: fields)
        }
    }

    private func explain(
        _ condition: FieldCondition, _ compiled: PatternTables.Condition, allHold: Bool
    ) -> FilterExplanation.Field {
        var field = FilterExplanation.Field(
            path: condition.path, isMet: allHold || leaves.meets(compiled, program), accepted: nil, values: [],
            valueCount: 0, wanted: condition.matchers.map { matcher in json { matcher.appendJSON(to: &$0) } })
        var index = leaves.heads[Int(compiled.path)]
        while index != LeafTable.none {
            let leaf = leaves.leaves[Int(index)]
            index = leaf.next
            let value = json { leaf.appendJSON(to: &$0) }
            field.valueCount += 1
            if field.values.count < FilterExplanation.valuesMax { field.values.append(value) }
            let offset = compiled.matchers.range.firstIndex { program.accepts(program.tables.matchers[$0], leaf) }
            if let offset {
                let wanted = field.wanted[offset - compiled.matchers.range.lowerBound]
                field.accepted = FilterExplanation.Accepted(value: value, matcher: wanted)
            }
        }
        field.values.reverse()
        return field
    }

    private func json(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension LeafTable.Leaf {
    fileprivate func appendJSON(to writer: inout JSONWriter) {
        switch kind {
        case .string: writer.string(utf8: text)
        case .number: writer.raw(Array(text))
        case .booleanTrue: writer.boolean(true)
        case .booleanFalse: writer.boolean(false)
        case .null: writer.raw(Array("null".utf8))
        }
    }
}
