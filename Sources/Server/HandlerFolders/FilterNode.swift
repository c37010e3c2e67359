import Bytes
import EventPattern
import JSONBytes
import Yams

/// A filter of a handler.yaml: a YAML mapping that is written out as JSON, or JSON text.
struct FilterNode {
    /// The longest pattern, in characters (reference `event-filtering.md` 1).
    static let patternCharactersMax = 4096

    let field: YAMLField

    func pattern() throws(HandlerFileError) -> FilterPattern {
        let text: [UInt8]
        switch field.node {
        case .scalar(let scalar): text = Array(scalar.string.utf8)
        case .mapping:
            var writer = JSONWriter()
            try append(field.node, at: field, to: &writer)
            text = writer.bytes
        case .sequence, .alias: throw field.error("must be a mapping or JSON text, not \(field.found)")
        }
        let characters = String(decoding: text, as: UTF8.self).unicodeScalars.count
        guard characters <= Self.patternCharactersMax else { throw tooLong() }
        do throws(PatternError) {
            return try FilterPattern(parsing: text)
        } catch {
            throw place(of: error.path).error("is no event pattern: \(error.description)")
        }
    }

    private func tooLong() -> HandlerFileError {
        field.error("must have at most \(Self.patternCharactersMax) characters as JSON")
    }

    /// Stops soon after the limit: aliases can make a short file endless.
    private func append(_ node: Node, at place: YAMLField, to writer: inout JSONWriter) throws(HandlerFileError) {
        guard writer.bytes.count <= 4 * Self.patternCharactersMax else { throw tooLong() }
        switch node {
        case .scalar(let scalar): try append(scalar, at: place, to: &writer)
        case .sequence(let sequence):
            writer.beginArray()
            for element in sequence {
                try append(element, at: YAMLField(file: place.file, name: place.name, node: element), to: &writer)
            }
            writer.endArray()
        case .mapping(let mapping):
            writer.beginObject()
            for (key, value) in mapping {
                guard let name = key.scalar else {
                    throw YAMLField(file: place.file, name: place.name, node: key).error("must have texts as keys")
                }
                writer.key(name.string)
                try append(value, at: YAMLField(file: place.file, name: place.name, node: value), to: &writer)
            }
            writer.endObject()
        case .alias: throw place.error("must not have aliases")
        }
    }

    /// Plain scalars are what JSON would take them for, so that `NO` stays a text.
    private func append(
        _ scalar: Node.Scalar, at place: YAMLField, to writer: inout JSONWriter
    ) throws(HandlerFileError) {
        let text = scalar.string
        guard scalar.style == .plain else { return writer.string(text) }
        if YAMLScalar.isNull(text) { return writer.raw(Array("null".utf8)) }
        if YAMLScalar.isBoolean(text) { return writer.boolean(text == "true") }
        if isJSONNumber(text) { return writer.raw(Array(text.utf8)) }
        if let first = text.first, "+-.0123456789".contains(first), Double(text.filter { $0 != "_" }) != nil {
            throw place.error("\(text) is no number of JSON; a text needs quotes")
        }
        writer.string(text)
    }

    private func isJSONNumber(_ text: String) -> Bool {
        guard let document = try? JSONDocument(parsing: Array(text.utf8)) else { return false }
        return document.kind(document.root) == .number
    }

    /// Where the file says what a pattern error is about, as far down as the path can be followed.
    private func place(of path: Text) -> YAMLField {
        var node = field.node
        for name in path.description.split(separator: ".").map(String.init) {
            guard let mapping = node.mapping, let member = mapping.first(where: { $0.key.scalar?.string == name })
            else { break }
            node = member.value
        }
        return YAMLField(file: field.file, name: field.name, node: node)
    }
}
