public import AttributeModel
public import Bytes
public import ChangeStream

/// Finds what a valid pattern asks in vain of the records of a DynamoDB stream (reference `event-filtering.md` 5, rows 40 to 52).
public enum FilterLint {
    public struct Warning: Sendable, Hashable {
        public enum Kind: String, Sendable {
            /// No record can meet the field's condition, nor the combination of conditions that it belongs to.
            case neverMatches = "never-matches"
            /// One of the field's values is in vain.
            case valueNeverMatches = "value-never-matches"
            /// Every record meets the condition.
            case alwaysMatches = "always-matches"
            /// Written to keep out replicated writes, which it lets through.
            case matchesInEveryRegion = "matches-in-every-region"
        }

        public let kind: Kind
        /// The field, its names joined by dots.
        public let path: Text
        /// What is wrong, and what to write instead.
        public let message: String
    }

    /// What is known of the stream.
    public struct Stream: Sendable {
        public var keySchema: KeySchema?
        public var viewType: StreamViewType?
        /// Whether events have `eventSourceARN` when they are filtered; AWS adds it later.
        public var hasEventSourceARN: Bool

        public init(keySchema: KeySchema? = nil, viewType: StreamViewType? = nil, hasEventSourceARN: Bool = false) {
            self.keySchema = keySchema
            self.viewType = viewType
            self.hasEventSourceARN = hasEventSourceARN
        }
    }

    /// In the order of the pattern's fields, each once.
    public static func warnings(for pattern: FilterPattern, stream: Stream = Stream()) -> [Warning] {
        var seen: Set<Warning> = []
        return pattern.conjunctions.flatMap(\.conditions).flatMap { ConditionLint($0, stream).warnings }
            .filter { seen.insert($0).inserted }
    }
}

/// The check of one field.
private struct ConditionLint {
    private let condition: FieldCondition
    private let field: RecordField
    private let isReplicationAttribute: Bool
    private(set) var warnings: [FilterLint.Warning] = []

    init(_ condition: FieldCondition, _ stream: FilterLint.Stream) {
        self.condition = condition
        field = RecordField(condition.path, stream)
        isReplicationAttribute = condition.path.description.contains(".aws:rep:")
        if isReplicationAttribute {
            checkReplicationAttribute()
        } else if case .leaf(let leaf) = field {
            checkValues(leaf)
        } else {
            checkMissingLeaf()
        }
    }

    private mutating func warn(_ kind: FilterLint.Warning.Kind, _ message: String) {
        warnings.append(FilterLint.Warning(kind: kind, path: condition.path, message: message))
    }

    /// Version 2017.11.29 of global tables marked replicated writes in the item; later versions do not.
    private mutating func checkReplicationAttribute() {
        let instead = #"write {"tributary":{"originRegion":["<this region>"]}} for writes of this region, deletes too"#
        if condition.matchers.contains(.absent) {
            warn(
                .matchesInEveryRegion,
                "only global tables of 2017 write aws:rep: attributes, so exists:false lets every record through; \(instead)"
            )
        } else {
            warn(.neverMatches, "only global tables of 2017 write aws:rep: attributes; \(instead)")
        }
    }

    /// No leaf can be at the path.
    private mutating func checkMissingLeaf() {
        let reason = field.reason
        if condition.matchers.contains(.absent) {
            warn(.alwaysMatches, "exists:false is true for every record: \(reason)")
        } else {
            warn(.neverMatches, reason)
        }
    }

    private mutating func checkValues(_ leaf: RecordLeaf) {
        let complaints = condition.matchers.map { leaf.complaint(about: $0) }
        let isHopeless = !complaints.contains(nil)
        for complaint in complaints {
            if let complaint { warn(isHopeless ? .neverMatches : .valueNeverMatches, complaint) }
        }
    }
}
