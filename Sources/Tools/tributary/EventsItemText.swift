import JSONBytes

/// Items as DynamoDB JSON has them, in a short form for people: `{city: "Lisbon", n: 3}`.
struct EventsItemText {
    /// Characters of one value that are shown.
    static let valueCharactersMax = 80

    let document: JSONDocument

    typealias Node = JSONDocument.Node

    /// Several attributes, `names` left out.
    func item(_ node: Node, without names: Set<String> = []) -> String {
        let attributes = members(node).filter { !names.contains($0.name) }
        return "{" + attributes.map { "\(Self.name($0.name)): \(value($0.value))" }.joined(separator: ", ") + "}"
    }

    /// What is different: `city: "Lisbon" → "Oslo", +n: 3, -m: 4`.
    func changes(from old: Node, to new: Node) -> String {
        let (before, after) = (members(old), members(new))
        var parts: [String] = []
        for attribute in before {
            guard let changed = after.first(where: { $0.name == attribute.name }) else {
                parts.append("-\(Self.name(attribute.name)): \(value(attribute.value))")
                continue
            }
            if raw(attribute.value) != raw(changed.value) {
                parts.append("\(Self.name(attribute.name)): \(value(attribute.value)) → \(value(changed.value))")
            }
        }
        for attribute in after where !before.contains(where: { $0.name == attribute.name }) {
            parts.append("+\(Self.name(attribute.name)): \(value(attribute.value))")
        }
        return parts.joined(separator: ", ")
    }

    func names(_ node: Node) -> Set<String> { Set(members(node).map(\.name)) }

    /// A value with its type, such as `{"S":"Lisbon"}`.
    func value(_ node: Node) -> String {
        let text = wholeValue(node)
        return text.count > Self.valueCharactersMax ? text.prefix(Self.valueCharactersMax) + "…" : text
    }

    private func wholeValue(_ node: Node) -> String {
        guard let (type, content) = members(node).first else { return "?" }
        switch type {
        case "S": return Self.quoted(String(document.string(content).prefix(Self.valueCharactersMax + 1)))
        case "N": return Self.plain(document.string(content))
        case "B": return "base64 " + Self.plain(document.string(content))
        case "BOOL": return Self.plain(raw(content))
        case "NULL": return "null"
        case "M": return item(content)
        case "L": return "[" + elements(content).map(value).joined(separator: ", ") + "]"
        case "SS": return "{" + elements(content).map { Self.quoted(document.string($0)) }.joined(separator: ", ") + "}"
        default: return "{" + elements(content).map { Self.plain(document.string($0)) }.joined(separator: ", ") + "}"
        }
    }

    /// Any JSON, on one line.
    func raw(_ node: Node) -> String {
        document.withRawBytes(of: node) { String(decoding: $0, as: UTF8.self) }
    }

    /// The text of a string, anything else as JSON.
    func text(_ node: Node) -> String {
        Self.plain(document.kind(node) == .string ? document.string(node) : raw(node))
    }

    func members(_ node: Node) -> [(name: String, value: Node)] {
        guard document.kind(node) == .object else { return [] }
        var members: [(name: String, value: Node)] = []
        document.forEachMember(of: node) { members.append((document.string($0), $1)) }
        return members
    }

    private func elements(_ node: Node) -> [Node] {
        guard document.kind(node) == .array else { return [] }
        var elements: [Node] = []
        document.forEachElement(of: node) { elements.append($0) }
        return elements
    }

    private static func name(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "_-.".utf8.contains(byte)
        }
        return isPlain && !name.isEmpty ? name : quoted(name)
    }

    private static func quoted(_ text: String) -> String {
        "\"" + plain(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")) + "\""
    }

    /// The text without what would make a terminal do something: data come from anywhere.
    static func plain(_ text: String) -> String {
        if text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return text }
        var plain = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                plain += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: plain.unicodeScalars.append(scalar)
            }
        }
        return plain
    }
}
