import AttributeModel
import Bytes
import ChangeStream

/// What a path leads to in the records of a stream.
enum RecordField {
    case leaf(RecordLeaf)
    /// No leaf, and why.
    case nothing(String)

    var reason: String {
        switch self {
        case .leaf: ""
        case .nothing(let reason): reason
        }
    }

    private static let text = RecordField.leaf(RecordLeaf(kind: .string))
    private static let number = RecordField.leaf(RecordLeaf(kind: .number))
    private static let scalarTypes: Set<Text> = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"]

    init(_ path: Text, _ stream: FilterLint.Stream) {
        let parts = path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
            Text(utf8: Array($0))
        }
        let below = Array(parts.dropFirst())
        switch parts[0] {
        case "eventID", "eventVersion", "eventSource", "awsRegion": self = Self.end(Self.text, below)
        case "eventName": self = Self.end(Self.oneOf(["INSERT", "MODIFY", "REMOVE"]), below)
        case "eventSourceARN":
            self =
                stream.hasEventSourceARN
                ? Self.end(Self.text, below)
                : .nothing("eventSourceARN is added to events after they were filtered")
        case "userIdentity":
            self = Self.member(below, ["type": Self.text, "principalId": Self.text], of: "userIdentity")
        case "tributary":
            self = Self.member(
                below,
                [
                    "originRegion": Self.text, "replicated": .leaf(RecordLeaf(kind: .boolean)),
                    "cause": Self.oneOf(["user", "ttl", "restore"]), "transactionId": Self.text,
                ], of: "tributary")
        case "dynamodb": self = Self.change(below, stream)
        case "$or":
            self = .nothing("$or is read as a field name here: its value must be an array of at least two objects")
        default: self = .nothing("stream records have no member \"\(parts[0])\"")
        }
    }

    private static func oneOf(_ values: [Text]) -> RecordField {
        .leaf(RecordLeaf(kind: .string, values: values))
    }

    private static func end(_ field: RecordField, _ below: [Text]) -> RecordField {
        below.isEmpty ? field : .nothing("the field has no members")
    }

    private static func member(_ below: [Text], _ members: [Text: RecordField], of parent: String) -> RecordField {
        guard let name = below.first else { return .nothing("\(parent) is an object: test one of its members") }
        guard let field = members[name] else { return .nothing("\(parent) has no member \"\(name)\"") }
        return end(field, Array(below.dropFirst()))
    }

    private static func change(_ below: [Text], _ stream: FilterLint.Stream) -> RecordField {
        let rest = Array(below.dropFirst())
        switch below.first {
        case "Keys": return item(rest, "Keys", stream)
        case "NewImage":
            if stream.viewType?.showsNewImage == false { return .nothing("the stream's view type hides NewImage") }
            return item(rest, "NewImage", stream)
        case "OldImage":
            if stream.viewType?.showsOldImage == false { return .nothing("the stream's view type hides OldImage") }
            return item(rest, "OldImage", stream)
        default:
            return member(
                below,
                [
                    "ApproximateCreationDateTime": number, "SizeBytes": number, "SequenceNumber": text,
                    "StreamViewType": oneOf(StreamViewType.allCases.map { Text($0.rawValue) }),
                ], of: "dynamodb")
        }
    }

    // MARK: items

    private static func item(_ parts: [Text], _ parent: String, _ stream: FilterLint.Stream) -> RecordField {
        guard let attribute = parts.first else {
            return .nothing("\(parent) is an object: test a typed leaf, such as a key attribute's")
        }
        // Names with dots are looked for only where the plain reading leads nowhere.
        guard let type = ItemPath(parts).leafType ?? ItemPath(parts, hasDottedNames: true).leafType else {
            return .nothing(missingType(parts))
        }
        if let schema = stream.keySchema, let complaint = keyComplaint(attribute, parts, parent, schema) {
            return .nothing(complaint)
        }
        let kind: RecordLeaf.Kind = type == "BOOL" || type == "NULL" ? .boolean : .string
        return .leaf(RecordLeaf(kind: kind, type: type.description))
    }

    private static func missingType(_ parts: [Text]) -> String {
        if let last = parts.last, ItemPath(parts).isComplete, last == "M" || last == "L" {
            return "\(last) is a container: test a typed leaf in it"
        }
        if parts.count == 1 {
            return "attributes are objects of their type: write {\"\(parts[0])\":{\"S\":[…]}}, or N, BOOL and so on"
        }
        return "the path does not end at a type's value: each attribute name is followed by its type, such as S, and "
            + "members of M by theirs"
    }

    private static func keyComplaint(
        _ attribute: Text, _ parts: [Text], _ parent: String, _ schema: KeySchema
    ) -> String? {
        guard let key = schema.attributes.first(where: { $0.name == attribute }) else {
            // A key's name may have dots itself.
            let hasDots = schema.attributes.contains { $0.name.utf8.contains(UInt8(ascii: ".")) }
            return parent == "Keys" && !hasDots ? "the table has no key attribute \"\(attribute)\"" : nil
        }
        guard parts.count == 2, parts[1] != Text(key.type.rawValue) else { return nil }
        return "the key attribute \"\(attribute)\" is of type \(key.type.rawValue)"
    }

    /// The reading of a path through DynamoDB JSON: name, type, and for M a name again, for L a type again.
    private struct ItemPath {
        /// The type whose value is at the end of the path.
        private(set) var leafType: Text?
        /// Whether the path could go on.
        private(set) var isComplete = false

        private struct State: OptionSet {
            let rawValue: Int
            static let expectsName = State(rawValue: 1)
            static let hasName = State(rawValue: 2)
            static let expectsType = State(rawValue: 4)
        }

        init(_ parts: [Text], hasDottedNames: Bool = false) {
            var state = State.expectsName
            for (index, part) in parts.enumerated() {
                var next: State = state.contains(.expectsName) ? .hasName : []
                if state.contains(.hasName), hasDottedNames { next.insert(.hasName) }
                if state.contains(.hasName) || state.contains(.expectsType) {
                    if part == "M" { next.insert(.expectsName) }
                    if part == "L" { next.insert(.expectsType) }
                    if RecordField.scalarTypes.contains(part), index == parts.count - 1 { leafType = part }
                }
                state = next
            }
            isComplete = !state.isEmpty
        }
    }
}
