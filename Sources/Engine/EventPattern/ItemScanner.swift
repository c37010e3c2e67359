import AttributeModel
import Bytes

/// Notes the leaves of a stored item at the paths that patterns name, as they would be in its DynamoDB JSON.
struct ItemScanner {
    private let program: PatternProgram

    init(_ program: PatternProgram) {
        self.program = program
    }

    /// - Parameter names: the only attributes that are seen; nil for all.
    func scan(
        item bytes: UnsafeRawBufferPointer, node: Int32, only names: [Text]? = nil, into leaves: inout LeafTable
    ) throws(DamagedBytes) {
        var reader = CompactReader(bytes)
        let count = try reader.reader.readCount()
        try scanEntries(&reader, count: count, node: node, only: names, LeafTable.none, &leaves)
    }

    private func scanEntries(
        _ reader: inout CompactReader, count: Int, node: Int32, only names: [Text]?, _ membership: Int32,
        _ leaves: inout LeafTable
    ) throws(DamagedBytes) {
        for _ in 0..<count {
            let name = try reader.reader.readLengthPrefixed()
            let child = program.tables.steps.child(of: node, name)
            if child != StepTable.none, names?.contains(bytes: name) ?? true {
                try scanValue(&reader, child, membership, &leaves)
            } else {
                try reader.skipValue()
            }
        }
    }

    /// Reads `{"S": …}` at a node whose children are type names.
    private func scanValue(
        _ reader: inout CompactReader, _ node: Int32, _ membership: Int32, _ leaves: inout LeafTable
    ) throws(DamagedBytes) {
        let tag = try reader.readTag()
        let typed = program.tables.steps.child(of: node, type: tag)
        guard typed != StepTable.none else { return try reader.skipContent(of: tag) }
        switch tag {
        case .map:
            let count = try reader.readCount()
            try scanEntries(&reader, count: count, node: typed, only: nil, membership, &leaves)
        case .list:
            let array = leaves.beginArray()
            for index in 0..<Int32(try reader.readCount()) {
                let element = leaves.beginElement(index, of: array, in: membership)
                try scanValue(&reader, typed, element, &leaves)
            }
        default:
            let path = program.tables.steps.path(of: typed)
            guard path != StepTable.none else { return try reader.skipContent(of: tag) }
            try scanLeaves(&reader, tag, path, membership, &leaves)
        }
    }

    private func scanLeaves(
        _ reader: inout CompactReader, _ tag: CompactTag, _ path: Int32, _ membership: Int32,
        _ leaves: inout LeafTable
    ) throws(DamagedBytes) {
        switch tag {
        case .string:
            leaves.append(.string, path: path, membership: membership, text: try reader.reader.readLengthPrefixed())
        case .number:
            let number = try reader.readNumber()
            leaves.append(.string, path: path, membership: membership) { number.appendText(to: &$0) }
        case .binary:
            let content = try reader.reader.readLengthPrefixed()
            leaves.append(.string, path: path, membership: membership) { Base64.append(content, to: &$0) }
        case .booleanTrue, .null: leaves.append(.booleanTrue, path: path, membership: membership)
        case .booleanFalse: leaves.append(.booleanFalse, path: path, membership: membership)
        case .stringSet:
            for _ in 0..<(try reader.readCount()) {
                let member = try reader.reader.readLengthPrefixed()
                leaves.append(.string, path: path, membership: membership, text: member)
            }
        case .numberSet:
            for _ in 0..<(try reader.readCount()) {
                var member = CompactReader(try reader.reader.readLengthPrefixed())
                let number = try member.readNumber()
                leaves.append(.string, path: path, membership: membership) { number.appendText(to: &$0) }
            }
        case .binarySet:
            for _ in 0..<(try reader.readCount()) {
                let member = try reader.reader.readLengthPrefixed()
                leaves.append(.string, path: path, membership: membership) { Base64.append(member, to: &$0) }
            }
        case .list, .map: preconditionFailure("containers are no leaves")
        }
    }
}
