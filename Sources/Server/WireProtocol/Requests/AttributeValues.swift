import AttributeModel
import Bytes
import JSONBytes

/// Attribute values of a request (reference `data-plane.md` 4.1, 4.2, 4.5).
extension RequestBody {
    /// A map from names to attribute values, such as Item and Key.
    func item(_ name: StaticString) throws(WireError) -> Item? {
        guard let member = member(name) else { return nil }
        return try Item(inRequest: document, member)
    }

    func attributeValue(_ name: StaticString) throws(WireError) -> AttributeValue? {
        guard let member = member(name) else { return nil }
        return try AttributeValue(inRequest: document, member)
    }

    func attributeValues(_ name: StaticString) throws(WireError) -> [AttributeValue]? {
        guard let elements = try list(name) else { return nil }
        var values: [AttributeValue] = []
        for element in elements { values.append(try AttributeValue(inRequest: document, element)) }
        return values
    }
}

extension Item {
    /// The longest attribute name, in bytes.
    static let nameBytesMax = 65_535

    init(inRequest document: JSONDocument, _ node: JSONDocument.Node) throws(WireError) {
        do throws(AttributeValueError) {
            try self.init(document, node)
        } catch {
            throw WireError(error)
        }
        // Shorter items cannot have such a name.
        if bytes.count > Self.nameBytesMax, attributes.hasOverlongName { throw .overlongAttributeName }
    }
}

extension AttributeValue {
    init(inRequest document: JSONDocument, _ node: JSONDocument.Node) throws(WireError) {
        do throws(AttributeValueError) {
            try self.init(document, node)
        } catch {
            throw WireError(error)
        }
        if hasOverlongName { throw .overlongAttributeName }
    }

    fileprivate var hasOverlongName: Bool {
        switch self {
        case .map(let map): map.hasOverlongName
        case .list(let elements): elements.contains { $0.hasOverlongName }
        default: false
        }
    }
}

extension AttributeMap {
    fileprivate var hasOverlongName: Bool {
        entries.contains { $0.name.count > Item.nameBytesMax || $0.value.hasOverlongName }
    }
}

extension WireError {
    init(_ error: AttributeValueError) {
        self = error == .binding ? RequestBody.unexpectedType : .validation(error.message)
    }

    static let overlongAttributeName = invalidParameter(
        "Attribute name is too large, must be less than \(Item.nameBytesMax + 1) bytes")
}
