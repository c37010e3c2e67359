/// Writes values as JSON with sorted members: what `JSONEncoder` makes of them with `.sortedKeys` and `.withoutEscapingSlashes`, in a
/// fraction of the time. For types of texts, numbers (finite ones), truth values, lists and members: Foundation's own, such as `Date`, get another
/// form.
public enum SortedJSON {
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let part = try Part(value)
        var writer = JSONWriter(reserving: 2048)
        part.write(to: &writer)
        return writer.bytes
    }

    fileprivate enum Part {
        case null
        case boolean(Bool)
        case string(String)
        case integer(Int)
        case unsigned(UInt64)
        case fraction(Double)
        case node(Node)

        init<Value: Encodable>(_ value: Value) throws {
            if let scalar = Self.scalar(value) {
                self = scalar
            } else {
                let node = Node()
                try value.encode(to: node)
                self = .node(node)
            }
        }

        /// What encodes itself as itself. Types are compared before any cast, which would be slow where it fails.
        private static func scalar<Value>(_ value: Value) -> Part? {
            let type = Value.self
            if type == String.self { return (value as? String).map { .string($0) } }
            if type == Bool.self { return (value as? Bool).map { .boolean($0) } }
            if type == Double.self { return (value as? Double).map { .fraction($0) } }
            if type == UInt64.self { return (value as? UInt64).map { .unsigned($0) } }
            if type == UInt.self { return (value as? UInt).map { .unsigned(UInt64($0)) } }
            // Those that are frequent; a cast to a protocol takes long.
            if type == Int.self { return (value as? Int).map { .integer($0) } }
            if type == UInt32.self { return (value as? UInt32).map { .integer(Int($0)) } }
            if type == UInt16.self { return (value as? UInt16).map { .integer(Int($0)) } }
            let isInteger =
                type == Int64.self || type == Int32.self || type == Int16.self || type == Int8.self
                || type == UInt8.self
            guard isInteger else { return nil }
            return (value as? any BinaryInteger).map { .integer(Int($0)) }
        }

        func write(to writer: inout JSONWriter) {
            switch self {
            case .null: writer.raw(Array("null".utf8))
            case .boolean(let value): writer.boolean(value)
            case .string(let value): writer.string(value)
            case .integer(let value): writer.number(value)
            case .unsigned(let value): writer.raw(Array(value.description.utf8))
            case .fraction(let value): writer.number(value)
            case .node(let node): node.write(to: &writer)
            }
        }
    }

    /// A value on its way: `Encodable` fills containers in any order, so a document is written when it is complete.
    fileprivate final class Node {
        enum Form {
            case nothing, single, members, elements
        }

        private(set) var form = Form.nothing
        /// The parts of a list, or the one of a single value.
        private var parts: [Part] = []
        private var members: [(name: String, part: Part)] = []

        func begin(_ form: Form) {
            precondition(self.form == .nothing || self.form == form, "a value has one form")
            self.form = form
        }

        func add(_ part: Part, named name: String) {
            members.append((name, part))
        }

        func add(_ part: Part) {
            precondition(form != .single || parts.isEmpty, "a value has one form")
            parts.append(part)
        }

        var elementsCount: Int { parts.count }

        func write(to writer: inout JSONWriter) {
            switch form {
            case .single:
                guard let part = parts.first else { preconditionFailure("a value that asked for a container fills it") }
                part.write(to: &writer)
            case .nothing, .members:
                writer.beginObject()
                members.sort { $0.name < $1.name }
                for member in members {
                    writer.key(member.name)
                    member.part.write(to: &writer)
                }
                writer.endObject()
            case .elements:
                writer.beginArray()
                for part in parts { part.write(to: &writer) }
                writer.endArray()
            }
        }
    }
}

extension SortedJSON.Node: Encoder {
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        begin(.members)
        return KeyedEncodingContainer(SortedJSON.Members<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        begin(.elements)
        return SortedJSON.Elements(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        begin(.single)
        return self
    }
}

extension SortedJSON.Node: SingleValueEncodingContainer {
    func encodeNil() { add(.null) }
    func encode(_ value: String) { add(.string(value)) }
    func encode<Value: Encodable>(_ value: Value) throws { add(try SortedJSON.Part(value)) }
}

extension SortedJSON {
    // Containers have methods for the scalars that are frequent; the generic ones stand for all others.

    fileprivate struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let node: Node
        var codingPath: [any CodingKey] { [] }

        func encodeNil(forKey key: Key) { node.add(.null, named: key.stringValue) }
        func encode(_ value: Bool, forKey key: Key) { node.add(.boolean(value), named: key.stringValue) }
        func encode(_ value: String, forKey key: Key) { node.add(.string(value), named: key.stringValue) }
        func encode(_ value: Int, forKey key: Key) { node.add(.integer(value), named: key.stringValue) }
        func encode(_ value: UInt64, forKey key: Key) { node.add(.unsigned(value), named: key.stringValue) }

        func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
            node.add(try Part(value), named: key.stringValue)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            child(key.stringValue).container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            child(key.stringValue).unkeyedContainer()
        }

        func superEncoder() -> any Encoder { child("super") }
        func superEncoder(forKey key: Key) -> any Encoder { child(key.stringValue) }

        private func child(_ name: String) -> Node {
            let child = Node()
            node.add(.node(child), named: name)
            return child
        }
    }

    fileprivate struct Elements: UnkeyedEncodingContainer {
        let node: Node
        var codingPath: [any CodingKey] { [] }
        var count: Int { node.elementsCount }

        func encodeNil() { node.add(.null) }
        func encode(_ value: String) { node.add(.string(value)) }
        func encode<Value: Encodable>(_ value: Value) throws { node.add(try Part(value)) }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            child().container(keyedBy: type)
        }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
        func superEncoder() -> any Encoder { child() }

        private func child() -> Node {
            let child = Node()
            node.add(.node(child))
            return child
        }
    }
}
