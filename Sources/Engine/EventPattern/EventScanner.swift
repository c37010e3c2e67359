/// Reads an event's JSON text once and notes the leaves at the paths that patterns name. Everything else is checked and skipped.
struct EventScanner: ~Copyable {
    private var json: JSONScanner
    private let program: PatternProgram
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer, _ program: PatternProgram) {
        json = JSONScanner(bytes)
        self.program = program
    }

    mutating func scan(into leaves: inout LeafTable) throws(EventError) {
        guard json.nextByte() == UInt8(ascii: "{") else {
            // Other JSON is told from what is no JSON.
            try json.skipValue(depth: 0)
            throw .notAnObject
        }
        try scanObject(StepTable.root, LeafTable.none, &leaves)
        _ = json.nextByte()
        guard json.position == json.bytes.count else { throw json.failure }
    }

    private mutating func scanObject(
        _ node: Int32, _ membership: Int32, _ leaves: inout LeafTable
    ) throws(EventError) {
        guard program.tables.steps.hasChildren(node) else { return try json.skipValue(depth: depth) }
        guard depth < JSONScanner.depthMax else { throw json.failure }
        depth += 1
        json.position += 1
        var isFirst = true
        while try json.hasNext(isFirst: isFirst, end: UInt8(ascii: "}")) {
            isFirst = false
            let key = try json.readString()
            try json.expect(UInt8(ascii: ":"))
            let child = key.isEscaped ? escapedChild(of: node, key.raw) : program.tables.steps.child(of: node, key.raw)
            if child == StepTable.none {
                try json.skipValue(depth: depth)
            } else {
                try scanValue(child, membership, &leaves)
            }
        }
        depth -= 1
    }

    @inline(never)
    private func escapedChild(of node: Int32, _ raw: UnsafeRawBufferPointer) -> Int32 {
        var name: [UInt8] = []
        JSONEscape.resolve(raw, into: &name)
        return name.withUnsafeBytes { program.tables.steps.child(of: node, $0) }
    }

    private mutating func scanValue(
        _ node: Int32, _ membership: Int32, _ leaves: inout LeafTable
    ) throws(EventError) {
        let byte = json.nextByte()
        switch byte {
        case UInt8(ascii: "{"): try scanObject(node, membership, &leaves)
        case UInt8(ascii: "["): try scanArray(node, membership, &leaves)
        default:
            let path = program.tables.steps.path(of: node)
            if path == StepTable.none {
                try json.skipValue(depth: depth)
            } else {
                try scanLeaf(byte, path, membership, &leaves)
            }
        }
    }

    private mutating func scanLeaf(
        _ byte: UInt8, _ path: Int32, _ membership: Int32, _ leaves: inout LeafTable
    ) throws(EventError) {
        switch byte {
        case UInt8(ascii: "\""):
            let content = try json.readString()
            if content.isEscaped {
                leaves.append(.string, path: path, membership: membership) {
                    JSONEscape.resolve(content.raw, into: &$0)
                }
            } else {
                leaves.append(.string, path: path, membership: membership, text: content.raw)
            }
        case UInt8(ascii: "t"):
            try json.readWord("true")
            leaves.append(.booleanTrue, path: path, membership: membership)
        case UInt8(ascii: "f"):
            try json.readWord("false")
            leaves.append(.booleanFalse, path: path, membership: membership)
        case UInt8(ascii: "n"):
            try json.readWord("null")
            leaves.append(.null, path: path, membership: membership)
        default:
            let text = try json.readNumber()
            let number = program.tables.paths[Int(path)].comparesNumbers ? ComparableNumber.value(of: text) : nil
            leaves.append(.number, path: path, membership: membership, text: text, number: number ?? .nan)
        }
    }

    /// Arrays have no step of their own: their scalars are leaves of the array's path.
    private mutating func scanArray(
        _ node: Int32, _ membership: Int32, _ leaves: inout LeafTable
    ) throws(EventError) {
        guard depth < JSONScanner.depthMax else { throw json.failure }
        depth += 1
        json.position += 1
        let array = leaves.beginArray()
        var index: Int32 = 0
        while try json.hasNext(isFirst: index == 0, end: UInt8(ascii: "]")) {
            let byte = json.nextByte()
            let isContainer = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
            try scanValue(
                node, isContainer ? leaves.beginElement(index, of: array, in: membership) : membership, &leaves)
            index += 1
        }
        depth -= 1
    }
}
