import JSONBytes

/// Typed access to the members of a request's JSON objects. JSON null counts as absent; unknown members are ignored.
///
/// A member of the wrong JSON type throws `unexpectedType`; `reading(_:as:_:)` replaces that by AWS's exact text.
struct RequestBody {
    let document: JSONDocument
    let node: JSONDocument.Node

    /// Stands for any binding error until the shapes have found the text.
    static let unexpectedType = WireError.binding("Unexpected field type")

    /// Reads a request; when that fails, binding errors anywhere in the body come before all others.
    static func reading<Request>(
        _ document: JSONDocument, as shape: Shape, _ read: (RequestBody) throws(WireError) -> Request
    ) throws(WireError) -> Request {
        guard document.kind(document.root) == .object else { throw .binding("Unexpected token received from parser") }
        do throws(WireError) {
            return try read(RequestBody(document: document, node: document.root))
        } catch {
            try shape.check(document, document.root)
            throw error
        }
    }

    func member(_ name: StaticString) -> JSONDocument.Node? {
        guard let member = document.member(name, of: node), document.kind(member) != .null else { return nil }
        return member
    }

    func string(_ name: StaticString) throws(WireError) -> String? {
        guard let member = member(name) else { return nil }
        guard document.kind(member) == .string else { throw Self.unexpectedType }
        return document.string(member)
    }

    /// A whole number; fractions are cut off, as AWS does.
    func integer(_ name: StaticString) throws(WireError) -> Int? {
        guard let member = member(name) else { return nil }
        guard document.kind(member) == .number, let value = Double(document.numberText(member)),
            value.magnitude < 9.2e18
        else { throw Self.unexpectedType }
        return Int(document.numberText(member)) ?? Int(value)
    }

    func boolean(_ name: StaticString) throws(WireError) -> Bool? {
        guard let member = member(name) else { return nil }
        switch document.kind(member) {
        case .booleanTrue: return true
        case .booleanFalse: return false
        case .string:
            switch document.string(member).lowercased() {
            case "true", "yes", "1": return true
            case "false", "no", "0": return false
            default: throw Self.unexpectedType
            }
        default: throw Self.unexpectedType
        }
    }

    func object(_ name: StaticString) throws(WireError) -> RequestBody? {
        guard let member = member(name) else { return nil }
        guard document.kind(member) == .object else { throw Self.unexpectedType }
        return RequestBody(document: document, node: member)
    }

    /// The elements of a list; JSON nulls among them are kept as nodes.
    func list(_ name: StaticString) throws(WireError) -> [JSONDocument.Node]? {
        guard let member = member(name) else { return nil }
        guard document.kind(member) == .array else { throw Self.unexpectedType }
        var elements: [JSONDocument.Node] = []
        document.forEachElement(of: member) { elements.append($0) }
        return elements
    }

    func objects(_ name: StaticString) throws(WireError) -> [RequestBody]? {
        guard let elements = try list(name) else { return nil }
        var bodies: [RequestBody] = []
        for element in elements { bodies.append(try object(at: element)) }
        return bodies
    }

    /// An object inside this one, as typed access to its members.
    func object(at node: JSONDocument.Node) throws(WireError) -> RequestBody {
        guard document.kind(node) == .object else { throw Self.unexpectedType }
        return RequestBody(document: document, node: node)
    }

    func strings(_ name: StaticString) throws(WireError) -> [String]? {
        guard let elements = try list(name) else { return nil }
        var strings: [String] = []
        for element in elements {
            guard document.kind(element) == .string else { throw Self.unexpectedType }
            strings.append(document.string(element))
        }
        return strings
    }

    /// The members of a map, in text order.
    func entries(_ name: StaticString) throws(WireError) -> [(key: JSONDocument.Node, value: JSONDocument.Node)]? {
        guard let object = try object(name) else { return nil }
        var entries: [(key: JSONDocument.Node, value: JSONDocument.Node)] = []
        document.forEachMember(of: object.node) { key, value in
            if document.kind(value) != .null { entries.append((key, value)) }
        }
        return entries
    }
}

extension JSONDocument {
    func numberText(_ node: Node) -> String {
        withRawBytes(of: node) { String(decoding: $0, as: UTF8.self) }
    }
}
