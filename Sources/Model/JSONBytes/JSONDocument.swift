public import Bytes

/// A parsed JSON text as a flat table of nodes over its bytes: checked once as a whole, then read in any order without copies.
///
/// Nodes are in text order; a container's first child follows it directly. In objects a key node precedes each value node.
/// Limits: `bytesMax` of text and `depthMax` levels. Numbers are checked for their grammar and kept as text.
public struct JSONDocument: Sendable {
    /// The largest text, in bytes: node positions are 32 bits wide.
    public static let bytesMax = 1 << 31
    /// The deepest nesting that is read; DynamoDB's own limits lie far below.
    public static let depthMax = 512

    public enum Kind: UInt8, Sendable {
        case object, array, string, number, booleanTrue, booleanFalse, null
    }

    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline var start: UInt32
        /// One past the last byte; for strings without the quotes.
        @usableFromInline var end: UInt32
        /// The node that follows this one and all it contains.
        @usableFromInline var following: UInt32
        @usableFromInline var kind: Kind
        /// A string with escape sequences.
        @usableFromInline var isEscaped: Bool
    }

    /// The place of a value in the document.
    public struct Node: Sendable, Equatable {
        @usableFromInline let index: Int

        @usableFromInline
        init(index: Int) {
            self.index = index
        }
    }

    public let bytes: [UInt8]
    @usableFromInline let entries: [Entry]

    public init(parsing bytes: [UInt8]) throws(JSONError) {
        guard bytes.count < Self.bytesMax else { throw JSONError(position: Self.bytesMax) }
        self.bytes = bytes
        entries = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            try Self.parse(UnsafeRawBufferPointer(buffer))
        }
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> [Entry] {
        // DynamoDB JSON has a node for about ten bytes; a text of nothing but small nodes has one for every two.
        var room = bytes.count / 8 + 8
        while true {
            var isComplete = false
            let entries = try [Entry](capacity: room) { (table) throws(JSONError) in
                try table.withUnsafeMutableBufferPointer { (entries, count) throws(JSONError) in
                    var parser = JSONParser(bytes, into: entries)
                    isComplete = try parser.parse()
                    count = parser.count
                }
            }
            if isComplete { return entries }
            room *= 2
        }
    }

    public var root: Node { Node(index: 0) }

    @inlinable
    public func kind(_ node: Node) -> Kind { entries[node.index].kind }

    /// Visits key and value of each member, in text order; a repeated key is visited each time.
    @inlinable
    public func forEachMember<Failure: Error>(
        of node: Node, _ visit: (_ key: Node, _ value: Node) throws(Failure) -> Void
    ) throws(Failure) {
        let end = Int(entries[node.index].following)
        var index = node.index + 1
        while index < end {
            let value = Node(index: index + 1)
            try visit(Node(index: index), value)
            index = Int(entries[value.index].following)
        }
    }

    @inlinable
    public func forEachElement<Failure: Error>(
        of node: Node, _ visit: (_ element: Node) throws(Failure) -> Void
    ) throws(Failure) {
        let end = Int(entries[node.index].following)
        var index = node.index + 1
        while index < end {
            try visit(Node(index: index))
            index = Int(entries[index].following)
        }
    }

    /// The number of members of an object or elements of an array.
    public func count(of node: Node) -> Int {
        var count = 0
        if kind(node) == .object {
            forEachMember(of: node) { _, _ in count += 1 }
        } else {
            forEachElement(of: node) { _ in count += 1 }
        }
        return count
    }

    /// The value of the last member called `name` (as JSON libraries do with repeated keys); nil when absent.
    public func member(_ name: StaticString, of node: Node) -> Node? {
        guard kind(node) == .object else { return nil }
        var found: Node?
        forEachMember(of: node) { key, value in
            if isString(key, equalTo: name) { found = value }
        }
        return found
    }

    /// The text of the node as it stands: for strings without the quotes and with escapes unresolved.
    @inlinable
    public func withRawBytes<Result, Failure: Error>(
        of node: Node, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let range = Int(entries[node.index].start)..<Int(entries[node.index].end)
        return try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[range]))
        }
    }

    /// Whether the string has escapes, so that its raw bytes are not its value.
    @inlinable
    public func isEscaped(_ node: Node) -> Bool { entries[node.index].isEscaped }

    /// The value of a string node as UTF-8, escapes resolved as by `stringBytes`; without a copy when there are none.
    @inlinable
    public func withStringBytes<Result, Failure: Error>(
        of node: Node, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard entries[node.index].isEscaped else { return try withRawBytes(of: node, body) }
        return try stringBytes(node).withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The value of a string node as UTF-8, escapes resolved; unpaired surrogates become U+FFFD.
    public func stringBytes(_ node: Node) -> [UInt8] {
        let entry = entries[node.index]
        guard entry.isEscaped else { return Array(bytes[Int(entry.start)..<Int(entry.end)]) }
        return withRawBytes(of: node) { JSONEscapes.resolve($0) }
    }

    public func string(_ node: Node) -> String { String(decoding: stringBytes(node), as: UTF8.self) }

    public func text(_ node: Node) -> Text { Text(utf8: stringBytes(node)) }

    /// Whether the string node's value is exactly `name`.
    public func isString(_ node: Node, equalTo name: StaticString) -> Bool {
        guard entries[node.index].kind == .string else { return false }
        let expected = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return withStringBytes(of: node) { $0.count == expected.count && $0.compare(with: expected) == 0 }
    }
}

/// The text is not JSON.
public struct JSONError: Error, Equatable, Sendable {
    /// Where reading stopped, in bytes from the start.
    public var position: Int

    public init(position: Int) {
        self.position = position
    }
}
